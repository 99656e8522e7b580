"""A loss that rises. Floor 7."""

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import decades, finite, ramp, said
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.symptom import Symptom


def diverging(trace: Trace, learning: Learning) -> Symptom | None:
    """The loss ends above its start, or rises until it is no number."""
    losses = finite(trace.losses)
    if learning.course not in ("diverges", "fails") or len(losses) < 2:
        return None
    peak = max(losses)
    first = losses[0]
    grown = decades(peak / abs(first)) if first else 0.0
    confidence = 0.9 if learning.course == "diverges" else 0.85 * ramp(grown, 0.3, 2)
    if confidence < 0.05:
        return None
    start = next((i for i, loss in enumerate(losses) if loss > 2 * abs(first)), losses.index(peak))
    evidence = (learning.reason, f"It starts at {said(first)}, has doubled by step {start} and gets to {said(peak)}.")
    return Symptom("diverging", f"The loss rises to {said(peak)}", "loss", confidence, evidence, start)
