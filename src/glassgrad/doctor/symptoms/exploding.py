"""A gradient that grows on its way to the first layers, back in time, or from step to step. Floor 7."""

from math import isfinite

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import decades, either, ramp, said
from glassgrad.doctor.measured.sample import Sample
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import matrices, named, usable
from glassgrad.doctor.symptoms.symptom import Symptom
from glassgrad.doctor.symptoms.vanishing import back_in_time, is_timed


def exploding(trace: Trace, learning: Learning) -> Symptom | None:
    """Large beside the weights, growing link by link or step by step; a sum over a batch alone is not exploding."""
    samples = usable(trace)
    if not samples:
        return None
    sample = max(samples, key=largest)
    beside = decades(largest(sample))
    grown = decades(total(sample)) - decades(total(samples[0])) if total(samples[0]) > 0 else 0.0
    chain = [link for link in sample.links if link.family != "loss" and link.entering > 0 and isfinite(link.gain)]
    worst = max(chain, key=lambda link: link.gain, default=None)
    along = sum(decades(link.gain) for link in chain if link.gain > 0)
    times = max((-back_in_time(link) for link in sample.links if is_timed(link)), default=0.0)
    confidence = 0.95 * either(
        0.9 * ramp(beside, 1, 3) * (1 if learning.course in ("diverges", "oscillates", "fails") else 0.3),
        0.7 * ramp(grown, 1.5, 4),
        0.6 * ramp(along, 3, 6),
        0.8 * ramp(times, 2, 5),
    )
    if confidence < 0.05:
        return None
    evidence = [
        f"At step {sample.step} the gradient's norm is {said(total(sample))}; it was {said(total(samples[0]))}."
    ]
    if beside > 0:
        evidence.append(f"It is up to {said(10**beside)} times as large as the weights it is for.")
    if along > 1 and worst is not None:
        evidence.append(f"The chain multiplies it by {said(10**along)}, most at {named(worst.path, worst.operation)}.")
    if times > 1:
        evidence.append(f"Back in time it grows by {times:.1f} orders of magnitude.")
    where = worst.path if worst is not None and (along > 1 or times > 1) else None
    title = f"The gradient explodes{f' at {named(worst.path, worst.operation)}' if where and worst else ''}"
    return Symptom("exploding", title, where, confidence, tuple(evidence), sample.step)


def largest(sample: Sample) -> float:
    """The largest gradient norm beside the norm of its weights."""
    ratios = [weights.gradient / weights.norm for weights in matrices(sample) if weights.gradient and weights.norm > 0]
    return max((ratio for ratio in ratios if isfinite(ratio)), default=0.0)


def total(sample: Sample) -> float:
    """The norm of the whole gradient."""
    squares = sum(weights.gradient**2 for weights in sample.weights if weights.gradient and weights.gradient < 1e150)
    return float(squares**0.5)
