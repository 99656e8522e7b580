"""Too few steps. Floor 7."""

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.suspicion import Suspect, Suspicion
from glassgrad.doctor.learning.numbers import percent
from glassgrad.doctor.subjects.edits import Longer


def too_few_steps(case: Case) -> Suspicion | None:
    """The loss falls steadily, and the training just ends early."""
    learning = case.learning
    if learning.course != "slow":
        return None
    evidence = [learning.reason, f"In {learning.steps} steps it went {percent(learning.gained)} of the way."]
    return Suspicion(
        "too-few-steps",
        f"{learning.steps} steps are too few",
        None,
        0.3,
        tuple(evidence),
        ((Longer(4.0),),),
        kind="last",
    )


PATIENCE: tuple[Suspect, ...] = (too_few_steps,)
