"""Causes in the steps: the rate, the optimiser, the regularisation, the batch. Floor 7."""

from math import isnan
from re import search

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.evidence import is_adaptive
from glassgrad.doctor.causes.suspicion import Suspect, Suspicion
from glassgrad.doctor.learning.numbers import decades, either, percent, ramp, said
from glassgrad.doctor.measured.setup import OptimizerFacts
from glassgrad.doctor.subjects.edits import BatchSize, Clip, Longer, NewOptimizer, NoDecay, Rate
from glassgrad.doctor.symptoms.reading import matrices, moves_little, typical_ratio, update_ratio
from glassgrad.doctor.symptoms.symptom import Symptom, SymptomName

BROKEN_LATER: tuple[SymptomName, ...] = ("dead-units", "saturation", "vanishing", "zero-gradient")
GUESS = 0.2  # of the trainings that do not get on, so many do with another rate or optimiser
USUAL = 2e-3  # the update-to-weight ratio that steps are aimed at
NOTHING = 2e-4  # a ratio with which no loss can jump


def rate_too_high(case: Case) -> Suspicion | None:
    """Steps that are large beside the weights, a loss that rises or jumps, units that die by the first steps."""
    optimizer = case.optimizer
    if optimizer is None:
        return None
    ratio = _first_ratio(case)
    jumps = case.learning.course in ("diverges", "oscillates")
    wild = not _is_noise(case) and (jumps or case.seen("exploding", "diverging", "oscillating") > 0.5)
    broken = _broken_by_steps(case)
    prior = either(
        0.6 * ramp(decades(ratio), -1.7, 0.0),
        0.35 * wild,
        0.4 * ramp(decades(optimizer.rate / usual_rate(optimizer)), 0.7, 2.0),
        0.4 * (broken is not None),
    )
    if prior < 0.1:
        return None
    evidence = []
    if not isnan(ratio):
        evidence.append(f"A step changes the weights by up to {said(ratio)} of their norm; about 0.001 is usual.")
    if broken is not None:
        evidence.append(f"The steps did it, for before step {broken.step} it was not so: {broken.title}.")
    if wild:
        evidence.append(case.learning.reason)
    factor = _factor(USUAL / ratio, 1e-6, 0.1) if ratio > 0 else 0.1
    cures = (
        ((Rate(factor),), (Rate(0.1),), (Clip(1.0),)) if factor < 0.1 else ((Rate(0.1),), (Rate(0.01),), (Clip(1.0),))
    )
    title = f"The learning rate is too high: {optimizer.rate:g} for {optimizer.name}"
    return Suspicion(
        "rate-too-high", title, "optimizer", prior, tuple(evidence), cures, kind="general", tests=cures[:2]
    )


def rate_too_low(case: Case) -> Suspicion | None:
    """Steps that are tiny beside the weights, although a gradient is there."""
    optimizer, ratio = case.optimizer, typical_ratio(case.trace)
    goes_nowhere = case.learning.course in ("slow", "stuck") or _is_noise(case)
    if optimizer is None or not goes_nowhere:
        return None
    low = ramp(decades(optimizer.rate / usual_rate(optimizer)), -1.0, -3.0)
    tiny = moves_little(case.trace)
    blocked = case.seen("vanishing", "zero-gradient", "dead-units", "saturation", "not-updated")
    prior = either(0.65 * tiny * (0.4 + 0.6 * low), 0.6 * low, _guess(case)) * (1 - 0.6 * blocked * (1 - low))
    evidence = []
    if not isnan(ratio):
        evidence.append(f"A step changes the weights by {said(ratio)} of their norm; about 0.001 is usual.")
    evidence.append(f"The rate is {optimizer.rate:g}; {usual_rate(optimizer):g} is a usual one for {optimizer.name}.")
    factor = _factor(USUAL / ratio, 10.0, 1e5) if ratio > 0 else 10.0
    usual = _factor(usual_rate(optimizer) / max(optimizer.rate, 1e-300), 10.0, 1e7)
    if low > 0.3:  # the steps shrink with the gradient; what is usual for the optimiser is the safer guess
        factor = min(max(factor, 10.0), max(usual, 10.0))
    factors = sorted(dict.fromkeys((factor, usual, 10.0)))
    higher = (factors[-1] * 10, factors[-1] * 100) if not blocked else ()
    cures = tuple((Rate(value),) for value in dict.fromkeys((factor, *factors)))
    tests = (cures[0], *((Rate(value),) for value in (*(f for f in factors if f > factor), *higher)))
    title = f"The learning rate is too low: {optimizer.rate:g} for {optimizer.name}"
    return Suspicion(
        "rate-too-low", title, "optimizer", prior, tuple(evidence), cures, kind="general", tests=tests,
        is_known=low == tiny == 1,
    )  # fmt: skip


def optimizer(case: Case) -> Suspicion | None:
    """An optimiser without a step size of its own for each weight, where gradients differ widely."""
    used = case.optimizer
    if used is None or is_adaptive(used):
        return None
    prior = either(_guess(case), 0.25 * case.seen("imbalance"), 0.1 * case.seen("slow"))
    evidence = [f"{used.title} gives every weight the same rate."]
    symptom = case.symptom("imbalance")
    if symptom is not None:
        evidence.extend(symptom.evidence)
    cures = ((NewOptimizer("adam", 1e-3),), (NewOptimizer("adam", 1e-2),))
    title = f"{used.name.upper() if used.name == 'sgd' else used.name} does not get on here"
    return Suspicion("optimizer", title, "optimizer", prior, tuple(evidence), cures, kind="general")


def regularisation(case: Case) -> Suspicion | None:
    """Weight decay that outweighs the gradient, or dropout that leaves nothing."""
    decay = max((each.decay for each in case.setup.optimizers), default=0.0)
    found = ((search(r"ropout\w*\((?:\w+=)?([\d.]+)", part.operation), part.path) for part in case.setup.parts)
    drop, path = max(((float(match[1]), path) for match, path in found if match), default=(0.0, ""))
    samples = case.samples
    norms = [sum(weights.norm for weights in matrices(sample)) for sample in samples]
    shrunk = norms[-1] / norms[0] if len(norms) > 1 and norms[0] > 0 else 1.0
    by_decay = 0.8 * ramp(decades(decay), -1.7, -0.3)
    by_shrinking = 0.4 * ramp(shrunk, 0.9, 0.5) if by_decay else 0.0
    by_dropout = 0.85 * ramp(drop, 0.55, 0.9)
    prior = either(by_decay, by_shrinking, by_dropout)
    if prior < 0.1:
        return None
    evidence = []
    if by_decay:
        evidence.append(f"The weight decay is {decay:g}; 0.0001 to 0.01 is usual.")
        if shrunk < 0.9:
            evidence.append(f"The weights' norm shrinks to {percent(shrunk)} of what it was.")
    if by_dropout:
        evidence.append(f"Dropout takes {percent(drop)} of the units away.")
    title = f"Dropout of {drop:g} is too much" if by_dropout > by_decay else f"A weight decay of {decay:g} is too much"
    link = path if by_dropout > by_decay else "optimizer"
    return Suspicion("regularisation", title, link, prior, tuple(evidence), ((NoDecay(),), (NoDecay(0.1),)))


def batch_size(case: Case) -> Suspicion | None:
    """One example a batch, or all of them: noise, or few steps."""
    data = case.data
    if data is None or data.batch < 1:
        return None
    noise = case.seen("noisy", "oscillating")
    small = 0.35 * ramp(data.batch, 5, 1) * (0.4 + 0.6 * noise)
    large = 0.3 * ramp(decades(data.batch), 2.7, 3.7) * (data.batches in (1, 2)) * ramp(len(case.trace.losses), 400, 50)
    if max(small, large) < 0.1:
        return None
    if small >= large:
        evidence = (f"A batch has {data.batch} example{'s' * (data.batch != 1)}: its gradient is mostly noise.",)
        factor = max(2, 16 // data.batch)
        title = f"Batches of {data.batch} are too small"
        return Suspicion("batch-size", title, "inputs", small, evidence, ((BatchSize(factor),),), kind="general")
    evidence = (f"A batch has {data.batch} examples, so an epoch has {data.batches} step{'s' * (data.batches != 1)}.",)
    cures = ((Rate(10.0),), (Longer(4.0),))
    title = f"Batches of {data.batch} leave few steps"
    return Suspicion("batch-size", title, "inputs", large, evidence, cures, kind="general", is_tested=False)


def _is_noise(case: Case) -> bool:
    """Does the loss jump although no step moves the weights? Then it is only the noise from batch to batch."""
    return case.learning.course == "oscillates" and max(_first_ratio(case), typical_ratio(case.trace)) < NOTHING


def _broken_by_steps(case: Case) -> Symptom | None:
    """Units that died, or a gradient that was lost, by the steps: it was there before the first one."""
    for name in BROKEN_LATER:
        symptom = case.symptom(name)
        if symptom is not None and symptom.confidence > 0.4:
            return symptom if symptom.step else None
    return None


def usual_rate(optimizer: OptimizerFacts) -> float:
    """The rate that people begin with."""
    if is_adaptive(optimizer):
        return 1e-3
    return 2e-2 if optimizer.momentum >= 0.5 else 1e-1


def _guess(case: Case) -> float:
    """What speaks for another rate or optimiser before anything was seen: enough to try it, too little to say it of a
    training that is only watched.
    """
    return GUESS if case.subject is not None else 0.0


def _first_ratio(case: Case) -> float:
    """The largest update-to-weight ratio of the first steps: later ones are those of a network already destroyed."""
    ratios = [update_ratio(weights) for sample in case.samples[:2] for weights in matrices(sample) if weights.size > 1]
    known = [ratio for ratio in ratios if not isnan(ratio)]
    return max(known) if known else typical_ratio(case.trace)


def _factor(wanted: float, low: float, high: float) -> float:
    """The power of ten next to it, within bounds."""
    return min(max(10.0 ** round(decades(wanted)), low), high)


RATE: tuple[Suspect, ...] = (regularisation, rate_too_high, rate_too_low, optimizer, batch_size)
