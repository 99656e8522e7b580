"""Sigmoids and tanhs in their flat part. Floor 7."""

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import percent, ramp, said
from glassgrad.doctor.measured.sample import Sample, Units
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import activations, is_bounded, named, usable
from glassgrad.doctor.symptoms.symptom import Symptom


def saturation(trace: Trace, learning: Learning) -> Symptom | None:
    """An activation that is flat almost everywhere where its inputs lie."""
    samples = usable(trace)
    if not samples:
        return None
    worst = max(bounded(samples[-1]), key=lambda units: units.saturated, default=None)
    if worst is None or worst.saturated < 0.35:
        return None
    since = next(
        sample.step
        for sample in samples
        if any(units.path == worst.path and units.saturated > 0.7 * worst.saturated for units in sample.units)
    )
    evidence = [
        (
            f"{percent(worst.saturated)} of the outputs of {worst.path} lie where its derivative is below 1 % of its "
            f"largest; they reach from {said(worst.low)} to {said(worst.high)}."
        )
    ]
    others = [units for units in bounded(samples[-1]) if units.path != worst.path and units.saturated > 0.5]
    if others:
        evidence.append("So do most outputs of " + ", ".join(units.path for units in others[:3]) + ".")
    evidence.append(f"It is so from step {since} on." if since else "It is so before any update.")
    title = f"{named(worst.path, worst.operation)} saturates: {percent(worst.saturated)} of its outputs are flat"
    confidence = 0.95 * ramp(worst.saturated, 0.35, 0.9)
    return Symptom("saturation", title, worst.path, confidence, tuple(evidence), since, (("flat", worst.saturated),))


def bounded(sample: Sample) -> list[Units]:
    """The activations that flatten at both ends; a softmax over one unit is constant, which is another matter."""
    return [
        units
        for units in activations(sample)
        if is_bounded(units.operation) and not ("softmax" in units.operation.lower() and units.count == 1)
    ]
