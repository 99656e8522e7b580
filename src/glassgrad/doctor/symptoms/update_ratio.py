"""Steps that are far too large or too small for the weights. Floor 7."""

from math import isnan

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import decades, ramp, said
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import typical_ratio
from glassgrad.doctor.symptoms.symptom import Symptom


def update_ratio(trace: Trace, learning: Learning) -> Symptom | None:
    """The real step over the weights, so right for every optimiser; about a thousandth is usual."""
    ratio = typical_ratio(trace)
    if isnan(ratio) or ratio == 0:
        return None
    large = ramp(decades(ratio), -1.3, 0.0)
    small = ramp(decades(ratio), -4.5, -6.5)
    confidence = 0.85 * max(large, small)
    if confidence < 0.05:
        return None
    word = "large" if large > small else "small"
    evidence = (f"A step changes the weights by {said(ratio)} of their norm; about 0.001 is usual.",)
    title = f"The steps are too {word} for the weights: {said(ratio)} of their norm"
    return Symptom("update-ratio", title, "optimizer", confidence, evidence, None, (("ratio", ratio),))
