"""ReLUs that are 0 for every example. Floor 7."""

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import percent, ramp
from glassgrad.doctor.measured.sample import Units
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import activations, is_rectifier, named, usable
from glassgrad.doctor.symptoms.symptom import Symptom


def dead_units(trace: Trace, learning: Learning) -> Symptom | None:
    """A layer of ReLUs most of which are 0 whatever the input. Many zeros alone are normal, and no finding."""
    samples = usable(trace)
    if not samples:
        return None
    worst = max(rectifiers(trace, -1), key=lambda units: units.dead, default=None)
    if worst is None or worst.dead < 0.4:
        return None
    history = [units.dead for sample in samples for units in sample.units if units.path == worst.path]
    since = next(sample.step for sample in samples if died(sample.units, worst.path) > 0.7 * worst.dead)
    evidence = [
        (
            f"{percent(worst.dead)} of the {worst.count} units of {worst.path} are 0 for every example, so no gradient "
            "passes through them."
        )
    ]
    others = [units for units in rectifiers(trace, -1) if units.path != worst.path and units.dead > 0.5]
    if others:
        evidence.append("So are most units of " + ", ".join(units.path for units in others[:3]) + ".")
    evidence.append(
        "They are so before any update."
        if since == samples[0].step == 0
        else f"At the first look, at step {samples[0].step}, it was {percent(history[0])}."
    )
    # A wide layer lives with many dead units; what matters is how few are left to carry the gradient.
    alive = (1 - worst.dead) * worst.count
    confidence = max(ramp(worst.dead, 0.5, 0.95), ramp(worst.dead, 0.4, 0.6) * ramp(alive, 4, 0)) * 0.95
    title = f"The units of {named(worst.path, worst.operation)} are dead: {percent(worst.dead)} of them"
    return Symptom("dead-units", title, worst.path, confidence, tuple(evidence), since, (("dead", worst.dead),))


def rectifiers(trace: Trace, index: int) -> list[Units]:
    """The ReLUs of a sample."""
    samples = usable(trace)
    return [units for units in activations(samples[index]) if is_rectifier(units.operation)] if samples else []


def died(units: tuple[Units, ...], path: str) -> float:
    """The dead share of the link of this path."""
    return next((each.dead for each in units if each.path == path), 0.0)
