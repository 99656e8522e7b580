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
    doubled = next((step for step, loss in enumerate(losses) if first > 0 and loss > 2 * first), None)
    way = " and" if doubled is None else f", has doubled by step {doubled} and"
    start = losses.index(peak) if doubled is None else doubled
    evidence = (learning.reason, f"It starts at {said(first)}{way} gets to {said(peak)} at step {losses.index(peak)}.")
    return Symptom("diverging", f"The loss rises to {said(peak)}", "loss", confidence, evidence, start)
