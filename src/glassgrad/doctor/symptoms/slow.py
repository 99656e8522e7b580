"""A loss that gets nowhere, or falls too slowly. Floor 7."""

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.symptom import Symptom


def slow(trace: Trace, learning: Learning) -> Symptom | None:
    """What can always be said of a training that does not learn."""
    if learning.course not in ("slow", "stuck"):
        return None
    title = "The loss falls too slowly" if learning.course == "slow" else "The loss stays where it was"
    return Symptom("slow", title, "loss", 0.75, (learning.reason,))
