"""A loss that goes up and down. Floor 7."""

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import finite, jitter, ramp, said
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.symptom import Symptom


def oscillating(trace: Trace, learning: Learning) -> Symptom | None:
    """Jumps from step to step that are large beside the loss, in a training that gains little by them."""
    losses = finite(trace.losses)
    if len(losses) < 8:
        return None
    late = losses[len(losses) // 2 :]
    swing = jitter(late)
    level = sorted(late)[len(late) // 2]
    beside = swing / max(abs(level), 1e-300)
    turns = [(b - a) * (c - b) < 0 for a, b, c in zip(late, late[1:], late[2:], strict=False)]
    share = sum(turns) / max(len(turns), 1)
    base = 0.9 if learning.course == "oscillates" else 0.75 * ramp(beside, 0.2, 1.0)
    confidence = base * ramp(share, 0.2, 0.5)
    if confidence < 0.05:
        return None
    evidence = (
        f"In the second half the loss changes by {said(swing)} from step to step, around {said(level)}.",
        f"It turns in {100 * share:.0f} % of the steps, between {said(min(late))} and {said(max(late))}.",
    )
    return Symptom("oscillating", f"The loss jumps up and down around {said(level)}", "loss", confidence, evidence)
