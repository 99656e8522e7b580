"""The same prediction whatever the input. Floor 7."""

from math import isnan

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import decades, ramp, said
from glassgrad.doctor.measured.sample import Output
from glassgrad.doctor.measured.setup import DataFacts
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import usable
from glassgrad.doctor.symptoms.symptom import Symptom


def constant_output(trace: Trace, learning: Learning) -> Symptom | None:
    """Predictions that differ from example to example by far less than the targets do."""
    samples = [sample for sample in usable(trace) if sample.output is not None and sample.output.shape[:1] != (1,)]
    if not samples:
        return None
    sample = samples[-1]
    output = sample.output
    assert output is not None
    unit = _unit(output, trace.setup.data)
    share = output.across / unit
    confidence = 0.9 * ramp(decades(share), -1.0, -2.5)
    one = output.classes == 1 and trace.setup.data is not None and len(trace.setup.data.labels) > 1
    if one:
        confidence = max(confidence, 0.35)
    if confidence < 0.05:
        return None
    evidence = [
        (
            f"From example to example the prediction differs by {said(output.across)} (standard deviation), beside "
            f"{said(unit)} that it should."
        ),
    ]
    if one:
        evidence.append("It is the same class for every example.")
    title = f"The prediction is the same for every example, about {said(output.mean)}"
    if output.classes == 1 and output.shape[1:] not in ((), (1,)):
        title = "The prediction is the same class for every example"
    return Symptom("constant-output", title, None, confidence, tuple(evidence), sample.step)


def _unit(output: Output, data: DataFacts | None) -> float:
    """By how much predictions should differ: as targets do; logits and probabilities of classes by about a tenth."""
    if data is not None and data.task == "regression" and data.targets is not None and data.targets.std > 0:
        return data.targets.std
    spread = 0.0 if isnan(output.std) else output.std
    return max(0.1, 0.1 * spread)
