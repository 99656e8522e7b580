"""Too few steps. Floor 7."""

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.suspicion import Suspect, Suspicion
from glassgrad.doctor.learning.numbers import percent, ramp
from glassgrad.doctor.subjects.edits import Longer


def too_few_steps(case: Case) -> Suspicion | None:
    """The loss falls steadily, and the training just ends early."""
    learning = case.learning
    few = ramp(learning.steps, 1000, 100)
    if learning.course not in ("slow", "stuck") or not few:
        return None
    evidence = [learning.reason, f"In {learning.steps} steps it went {percent(learning.gained)} of the way."]
    prior = 0.3 * few if learning.course == "slow" else 0.15 * few
    return Suspicion(
        "too-few-steps",
        f"{learning.steps} steps are too few",
        None,
        prior,
        tuple(evidence),
        ((Longer(4.0),),),
        kind="last",
    )


PATIENCE: tuple[Suspect, ...] = (too_few_steps,)
