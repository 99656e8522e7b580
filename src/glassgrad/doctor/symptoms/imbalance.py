"""Layers that learn at very different speeds. Floor 7."""

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import decades, middle, ramp, said
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import matrices, update_ratio, usable
from glassgrad.doctor.symptoms.symptom import Symptom


def imbalance(trace: Trace, learning: Learning) -> Symptom | None:
    """Update-to-weight ratios that differ by orders of magnitude between layers, in every sample."""
    samples = usable(trace)
    by_path: dict[str, list[float]] = {}
    for sample in samples:
        for weights in matrices(sample):
            ratio = update_ratio(weights)
            if ratio > 0 and weights.size > 1:
                by_path.setdefault(weights.path, []).append(ratio)
    if len(by_path) < 2:
        return None
    typical = {path: middle(ratios, 1.0) for path, ratios in by_path.items()}
    slowest = min(typical, key=lambda path: typical[path])
    fastest = max(typical, key=lambda path: typical[path])
    apart = decades(typical[fastest]) - decades(typical[slowest])
    confidence = 0.6 * ramp(apart, 2, 4)
    if confidence < 0.05:
        return None
    evidence = (
        (
            f"A step changes {fastest} by {said(typical[fastest])} of its norm and {slowest} by "
            f"{said(typical[slowest])}: {apart:.1f} orders of magnitude apart."
        ),
    )
    return Symptom("imbalance", f"{slowest} hardly moves beside {fastest}", slowest, confidence, evidence)
