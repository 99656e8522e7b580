"""A gradient that shrinks on its way to the first layers, or back in time. Floor 7."""

from math import isfinite
from statistics import median

from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.learning.numbers import decades, ramp, said
from glassgrad.doctor.measured.sample import Link, Sample
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.reading import in_forward_order, lost, named, size_of_gradient, usable
from glassgrad.doctor.symptoms.symptom import Symptom

NOTHING_LEFT = 40.0  # decades: more is 0 in any number


def vanishing(trace: Trace, learning: Learning) -> Symptom | None:
    """The first layers see far less of the gradient than the last ones, link by link (or step by step of time)."""
    samples = usable(trace)
    if not samples:
        return None
    found = [each for each in (_through_depth(samples), _through_time(samples)) if each is not None]
    return max(found, key=lambda each: each.confidence, default=None)


def _through_depth(samples: tuple[Sample, ...]) -> Symptom | None:
    samples = tuple(sample for sample in samples if isfinite(shrunk(sample)))
    if not samples:
        return None
    shrinking = [shrunk(sample) for sample in samples]
    decades_lost = median(shrinking)  # at the end of a training that got somewhere it means little
    if not 1.5 <= decades_lost <= 250:  # nor where it is NaN
        return None
    sample = min(samples, key=lambda each: abs(shrunk(each) - decades_lost))
    chain = [link for link in sample.links if link.family != "loss" and link.entering > 0 and link.leaving > 0]
    worst = min(chain, key=lambda link: link.gain, default=None)
    order = in_forward_order(sample)
    first, last = order[0], order[-1]
    evidence = [
        (
            f"At step {sample.step} the gradient of an entry of {first.path} is {said(size_of_gradient(first))}, that "
            f"of {last.path} {said(size_of_gradient(last))}: {decades_lost:.1f} orders of magnitude lost in between."
        )
    ]
    if worst is not None:
        evidence.append(
            f"The chain of {len(chain)} links takes {lost(chain):.1f} of them; {named(worst.path, worst.operation)} "
            f"lets through {said(worst.gain)}."
        )
    deep = ramp(len(order), 2, 5)  # two layers that differ are no chain
    confidence = (0.3 + 0.65 * deep) * ramp(decades_lost, 1.5, 4)
    where = culprit(chain) or worst
    title = f"The gradient vanishes on its way to {first.link}"
    return Symptom(
        "vanishing", title, where.path if where else first.link, confidence, tuple(evidence),
        next(each.step for each, taken in zip(samples, shrinking, strict=True) if taken >= 0.6 * decades_lost),
        (("decades", decades_lost),),
    )  # fmt: skip


def shrunk(sample: Sample) -> float:
    """Decades between the gradient's entries of the last layer and those of the first."""
    order = [weights for weights in in_forward_order(sample) if weights.gradient is not None]
    if len(order) < 2:
        return 0.0
    first = min(decades(size_of_gradient(weights)) for weights in order[: max(1, len(order) // 3)])
    return decades(size_of_gradient(order[-1])) - first


def culprit(chain: list[Link]) -> Link | None:
    """The activation that takes most, where activations take most of it: that is what one would change."""
    flat = [link for link in chain if link.family == "activation"]
    if flat and lost(flat) > 0.4 * max(lost(chain), 1e-9):
        return min(flat, key=lambda link: link.gain)
    return None


def _through_time(samples: tuple[Sample, ...]) -> Symptom | None:
    links = [(sample, link) for sample in samples for link in sample.links if is_timed(link)]
    if not links:
        return None
    _, worst = max(links, key=lambda pair: decades(pair[1].time[0]) - decades(pair[1].time[-1]))
    late = [link for other, link in links if other is samples[-1] and link.path == worst.path]
    shrinks = min(back_in_time(worst), back_in_time(late[0]) if late else 300.0)
    if not shrinks >= 1:  # nor where it is NaN
        return None
    reach = next((i for i, norm in enumerate(worst.time) if norm < 0.01 * worst.time[0]), len(worst.time))
    taken = f"{shrinks:.1f} orders of magnitude" if shrinks < NOTHING_LEFT else "nothing is left of it"
    way = f"Back through {len(worst.time)} steps of time the gradient by the state goes from {said(worst.time[0])}"
    evidence = (
        f"{way} to {said(worst.time[-1])}: {taken}.",
        f"After {reach} steps less than 1 % of it is left: what is further back cannot be learned.",
    )
    title = f"The gradient vanishes back in time in {named(worst.path, worst.operation)}"
    since = next(each.step for each, link in links if link.path == worst.path and back_in_time(link) >= 0.6 * shrinks)
    return Symptom("vanishing", title, worst.path, 0.95 * ramp(shrinks, 1, 4), evidence, since)


def is_timed(link: Link) -> bool:
    """Was the gradient by its state read over some steps of time, and is it there to begin with?"""
    return len(link.time) > 3 and link.time[0] > 0 and isfinite(link.time[0]) and isfinite(link.time[-1])


def back_in_time(link: Link) -> float:
    """Decades lost from the last step of time to the first."""
    return decades(link.time[0]) - decades(link.time[-1])
