"""Small measures that judgements are made of: ramps instead of thresholds, robust means, numbers as people say them."""

import itertools
from collections.abc import Sequence
from math import floor, isfinite, isnan, log10, sqrt
from statistics import fmean, median

from glassgrad.doctor.measured.setup import DataFacts


def ramp(value: float, low: float, high: float) -> float:
    """0 at `low` and before, 1 at `high` and beyond, straight between; `low` > `high` falls. NaN gives 0.

    >>> ramp(3.0, 2.0, 4.0), ramp(3.0, 4.0, 2.0)
    (0.5, 0.5)
    """
    if isnan(value):
        return 0.0
    return min(max((value - low) / (high - low), 0.0), 1.0)


def decades(value: float) -> float:
    """log10, with −300 for 0 and below, so that ramps over orders of magnitude can be drawn."""
    if isnan(value):
        return value
    return log10(value) if value > 1e-300 else -300.0


def either(*confidences: float) -> float:
    """How sure several independent pieces of evidence make together: 1 − ∏(1 − c)."""
    doubt = 1.0
    for confidence in confidences:
        doubt *= 1.0 - min(max(confidence, 0.0), 1.0)
    return 1.0 - doubt


def said(value: float) -> str:
    """A number as a person writes it, with three digits.

    >>> said(0.12345), said(31234.5), said(2.5e-9), said(float("nan"))
    ('0.123', '31,200', '2.5e-09', 'not a number')
    """
    if isnan(value):
        return "not a number"
    if not isfinite(value):
        return "infinite" if value > 0 else "minus infinity"
    size = abs(value)
    if size != 0 and (size < 1e-3 or size >= 1e6):
        return f"{value:.2g}"
    if size >= 1000:
        digits = 2 - floor(log10(size))
        return f"{round(value, digits):,.0f}"
    return f"{value:.3g}"


def percent(share: float) -> str:
    """A share in per cent: no more digits than are of use."""
    if 0.995 < share < 1.0:
        return "more than 99 %"
    return f"{100 * share:.0f} %" if share >= 0.095 or share == 0 else f"{100 * share:.1g} %"


def finite(values: Sequence[float]) -> list[float]:
    """Those that are numbers."""
    return [value for value in values if isfinite(value)]


def middle(values: Sequence[float], default: float) -> float:
    """The median of the finite ones."""
    kept = finite(values)
    return median(kept) if kept else default


def jitter(values: Sequence[float]) -> float:
    """The standard deviation from one value to the next, whatever the trend: from first differences."""
    if len(values) < 3:
        return 0.0
    steps = [(b - a) ** 2 for a, b in itertools.pairwise(values)]
    return sqrt(fmean(steps) / 2)


def majority(data: DataFacts | None) -> float:
    """The share of the most frequent label: what always saying it would score. NaN without labels."""
    if data is None or not data.labels:
        return float("nan")
    total = sum(count for _, count in data.labels)
    return max(count for _, count in data.labels) / total if total else float("nan")


def nothing_to_learn(data: DataFacts | None) -> bool:
    """Are all labels (or targets) the same?"""
    if data is None:
        return False
    if data.labels:
        return len(data.labels) == 1
    column = data.targets
    return column is not None and column.low == column.high
