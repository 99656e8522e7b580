"""A gradient that is mostly noise. Floor 7."""

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import middle, ramp, said
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import usable
from glassgrad.doctor.symptoms.symptom import Symptom


def noisy(trace: Trace, learning: Learning) -> Symptom | None:
    """The two halves of a batch disagree about the direction, from the first samples on."""
    samples = [sample for sample in usable(trace) if sample.likeness is not None]
    if not samples:
        return None
    early = samples[: max(1, len(samples) // 2)]
    likeness = middle([sample.likeness for sample in early if sample.likeness is not None], 1.0)
    signal = middle([sample.noise for sample in early if sample.noise is not None], 1.0)
    # Near a minimum, or without anything to learn, noise is all there is: it says little by itself.
    confidence = 0.6 * ramp(likeness, 0.2, 0.0) * ramp(signal, 1.0, 0.2)
    if confidence < 0.05:
        return None
    evidence = (
        (
            f"The gradients of the two halves of a batch have a cosine of {said(likeness)}; the signal is "
            f"{said(signal)} times the noise."
        ),
    )
    return Symptom("noisy", "The gradient is mostly noise", None, confidence, evidence, samples[0].step)
