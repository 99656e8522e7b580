"""What symptoms and causes read off a trace: the chain's links, weights by link, activations by kind. Floor 7."""

from collections.abc import Iterable
from math import isfinite, isnan, nan, sqrt

from glassgrad.doctor.learning.numbers import decades, middle, ramp
from glassgrad.doctor.measured.activations import BOUNDED
from glassgrad.doctor.measured.sample import Link, Sample, Units, Weights
from glassgrad.doctor.measured.trace import Trace


def is_rectifier(operation: str) -> bool:
    """Is this a ReLU (or ReLU6), whose units can die? Leaky ones cannot."""
    name = operation.lower().replace("_", "")
    return "relu" in name and not any(word in name for word in ("leaky", "prelu", "rrelu"))


def is_bounded(operation: str) -> bool:
    """Is this an activation that flattens at both ends?"""
    name = operation.lower().replace("_", "")
    return any(word.replace("_", "") in name for word in BOUNDED) and "log" not in name


def usable(trace: Trace) -> tuple[Sample, ...]:
    """The samples whose loss is a number: what comes after a NaN tells nothing."""
    return tuple(sample for sample in trace.samples if isfinite(sample.loss)) or trace.samples[:1]


def named(path: str, operation: str) -> str:
    """A link as the person finds it: "fc2 (sigmoid)"."""
    return f"{path} ({operation})" if operation and operation != path else path


def matrices(sample: Sample) -> list[Weights]:
    """The weights that a gradient reached, without biases and scales (which are few beside the rest of their link)."""
    largest: dict[str, Weights] = {}
    for weights in sample.weights:
        kept = largest.get(weights.link)
        if kept is None or weights.size > kept.size:
            largest[weights.link] = weights
    return list(largest.values())


def in_forward_order(sample: Sample) -> list[Weights]:
    """`matrices`, sorted from the first layer to the last by the chain (which is listed from the loss backwards)."""
    places = {link.path: -index for index, link in enumerate(sample.links)}
    order = {weights.path: index for index, weights in enumerate(sample.weights)}
    known = matrices(sample)
    if all(weights.link in places for weights in known):
        return sorted(known, key=lambda weights: places[weights.link])
    return sorted(known, key=lambda weights: order[weights.path])


def size_of_gradient(weights: Weights) -> float:
    """The root mean square of a gradient's entries; 0 where there is none."""
    return (weights.gradient or 0.0) / sqrt(max(weights.size, 1))


def update_ratio(weights: Weights) -> float:
    """The norm of the real step over that of the weights; NaN where no step was seen."""
    if weights.update is None or weights.norm == 0:
        return nan
    return weights.update / weights.norm


def typical_ratio(trace: Trace) -> float:
    """The median update-to-weight ratio over weights and samples; NaN where no step was seen."""
    ratios = [update_ratio(weights) for sample in usable(trace) for weights in matrices(sample) if weights.norm > 0]
    return middle([ratio for ratio in ratios if not isnan(ratio)], nan)


def moves_little(trace: Trace) -> float:
    """From 0 to 1: are the steps so small beside the weights that nothing can be learned by them?"""
    return ramp(decades(typical_ratio(trace)), -3.7, -6.0)


def lost(links: Iterable[Link]) -> float:
    """The decades that these links take from the gradient: positive where it shrinks."""
    total = 0.0
    for link in links:
        if link.gain > 0:
            total -= decades(link.gain)
    return total


def activations(sample: Sample) -> list[Units]:
    """The outputs of activations, in forward order."""
    return [units for units in sample.units if units.family == "activation"]


def links_of(sample: Sample) -> dict[str, Link]:
    """By path."""
    return {link.path: link for link in sample.links}
