"""Layers whose gradient is exactly 0. Floor 7."""

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import percent, ramp
from glassgrad.doctor.measured.sample import Sample, Weights
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import matrices, named, usable
from glassgrad.doctor.symptoms.symptom import Symptom


def zero_gradient(trace: Trace, learning: Learning) -> Symptom | None:
    """No gradient at all, though the graph is whole: somewhere on the way a derivative is 0."""
    samples = usable(trace)
    if not samples:
        return None
    sample = samples[-1]
    empty = [weights for weights in matrices(sample) if is_empty(weights)]
    known = [weights for weights in matrices(sample) if weights.gradient is not None]
    if not empty:
        return None
    share = len(empty) / len(known)
    stop = _stop(sample)
    names = ", ".join(weights.path for weights in empty[:3]) + (" …" if len(empty) > 3 else "")
    evidence = [f"The gradient of {names} is 0 at step {sample.step}: {percent(share)} of the layers get nothing."]
    since = next(s.step for s in samples if any(is_empty(w) and w.path == empty[0].path for w in s.weights))
    evidence.append(f"It is so from step {since} on." if since else "It is so before any update.")
    if stop:
        evidence.append(f"It ends at {stop[1]}.")
    title = f"The gradient is 0{f' behind {stop[1]}' if stop else ''}"
    confidence = 0.55 + 0.4 * ramp(share, 0, 0.7)
    return Symptom("zero-gradient", title, stop[0] if stop else empty[0].link, confidence, tuple(evidence), since)


def is_empty(weights: Weights) -> bool:
    """Is its gradient 0, or so small that no number of these weights would change?"""
    if weights.gradient is None:
        return False
    return weights.gradient <= 1e-30 or weights.zeros >= 1.0


def _stop(sample: Sample) -> tuple[str, str] | None:
    """The link where something enters and nothing leaves."""
    for link in sample.links:
        if link.entering > 1e-30 >= link.leaving:
            return link.path, named(link.path, link.operation)
    return None
