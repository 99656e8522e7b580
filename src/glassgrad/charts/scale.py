"""Axes of charts: from numbers to places, and which numbers are written at an axis. Floor 7."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_MOST_TICKS = 6
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` … `high` to 0 … 1, by equal steps or by equal factors."""

    low: float
    high: float
    is_log: bool = False

    def place(self, values: np.ndarray | float) -> np.ndarray:
        """Where numbers lie between the ends; NaN for those that have no place."""
        values = np.asarray(values, np.float64)
        low, high = self.low, self.high
        if self.is_log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.where(values > 0, np.log10(values), np.nan)
            low, high = math.log10(low), math.log10(high)
        return (values - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """The numbers to write at the axis, with their texts."""
        return _log_ticks(self.low, self.high) if self.is_log else _linear_ticks(self.low, self.high)


def scale_of(values: Iterable[np.ndarray], *, is_log: bool = False, whole: bool = False) -> Scale:
    """A scale with room for all finite numbers (on a log axis: the positive ones), with ends that read well."""
    found = np.concatenate([np.ravel(np.asarray(part, np.float64)) for part in values] or [np.zeros(0)])
    found = found[np.isfinite(found) & ((found > 0) | (not is_log))]
    if not len(found):
        return Scale(0.1, 10.0, is_log=True) if is_log else Scale(0.0, 1.0)
    low, high = float(found.min()), float(found.max())
    if is_log:
        return _log_scale(low, high)
    if low == high:
        room = abs(low) * 0.5 or 1.0
        return Scale(low - room, high + room)
    if whole:  # epochs and steps: the data end where the axis ends
        return Scale(low, high)
    step = _step(low, high)
    return Scale(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step)


def wants_log(values: Iterable[np.ndarray], factor: float = 20.0) -> bool:
    """Do positive numbers span so much that equal steps would hide the small ones?"""
    found = np.concatenate([np.ravel(np.asarray(part, np.float64)) for part in values] or [np.zeros(0)])
    found = found[np.isfinite(found)]
    return bool(len(found) > 1 and found.min() > 0 and found.max() > factor * found.min())


def _log_scale(low: float, high: float) -> Scale:
    """Ends at decades, or at 1, 2 or 5 times one where there are few decades."""
    if high / low > 100:
        return Scale(10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high) - 1e-12), is_log=True)
    decade = 10.0 ** math.floor(math.log10(low))
    start = max(decade * factor for factor in (1, 2, 5) if decade * factor <= low * (1 + 1e-12))
    decade = 10.0 ** math.floor(math.log10(high))
    end = min(decade * factor for factor in (1, 2, 5, 10) if decade * factor >= high * (1 - 1e-12))
    return Scale(start, end if end > start else start * 10, is_log=True)


def _step(low: float, high: float) -> float:
    """1, 2 or 5 times a power of ten, so that the range has a handful of them."""
    raw = (high - low) / (_MOST_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if power * factor >= raw * (1 - 1e-9))


def _linear_ticks(low: float, high: float) -> list[tuple[float, str]]:
    step = _step(low, high)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9) + (1 if f"{step:e}".startswith("2.5") else 0))
    return [(number * step, _plain(number * step, digits)) for number in range(first, last + 1)]


def _plain(value: float, digits: int) -> str:
    value = value or 0.0
    if value and (abs(value) >= 1e6 or digits > 4):
        return f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e").replace("-", "−")
    return f"{value:,.{digits}f}".replace("-", "−")


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    span = last - first
    factors = (1, 2, 5) if span <= 2 else (1,)
    stride = max(1, -(-span // _MOST_TICKS))
    return [
        (factor * 10.0**power, _decimal(factor, power))
        for power in range(first, last + 1, stride)
        for factor in factors
        if low * (1 - 1e-9) <= factor * 10.0**power <= high * (1 + 1e-9)
    ]


def _decimal(factor: int, power: int) -> str:
    if -3 <= power <= 3:
        return f"{factor * 10.0**power:,.{max(0, -power)}f}"
    raised = str(power).translate(_RAISED)
    return f"10{raised}" if factor == 1 else f"{factor}·10{raised}"
