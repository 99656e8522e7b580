"""NaN or infinity, and where it arose. Floor 7."""

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import finite, said
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import named
from glassgrad.doctor.symptoms.symptom import Symptom

PHASES = {
    "input": "in the inputs",
    "target": "in the targets",
    "forward": "in the forward pass",
    "loss": "in the loss",
    "backward": "in the backward pass",
    "update": "in the update",
    "parameter": "in a parameter",
}


def nan(trace: Trace, learning: Learning) -> Symptom | None:
    """Numbers that are none, from the first one on."""
    bad = trace.bad
    if learning.course != "fails":
        return None
    if bad is None:
        return Symptom("nan", "The loss is no finite number any more", "loss", 0.9, (learning.reason,))
    what = "NaN" if bad.what == "nan" else "Infinity"
    where = named(bad.path, bad.operation) if bad.path else "the data"
    evidence = [f"The first one arises at step {bad.step} {PHASES[bad.phase]}, at {where}."]
    if bad.says:
        evidence.append(f"Seen there: {bad.says.rstrip('.')}.")
    before = finite(trace.losses)
    if before:
        evidence.append(f"The last finite loss is {said(before[-1])}, the first was {said(before[0])}.")
    return Symptom(
        "nan", f"{what} at {where}, from step {bad.step} on", bad.path or None, 0.98, tuple(evidence), bad.step
    )
