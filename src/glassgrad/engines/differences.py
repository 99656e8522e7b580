"""Derivatives by numbers alone: central differences, extrapolated, and the complex step; and how near is near. Floor 4.

What explains a derivative and what tests one hold it against these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

FIRST_STEP = 1e-2  # of differences, where numbers are of the size of 1
COMPLEX_STEP = 1e-30  # no difference is formed, so it may be as small as numbers go
ROUNDING = 1e-10  # of a function's size or steepness nearby: a slope below it is zero but for rounding
DOUBTS = 10  # an estimate may be off by so many times what it moved from one step to the next
_SHRINK = 5  # from one step to the next
_STEPS = 7


Arrays: TypeAlias = Sequence[Any]
ArraysFunction: TypeAlias = Callable[[Arrays], Arrays]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative found by numbers, and how far it may be off (elementwise)."""

    values: tuple[np.ndarray, ...]
    errors: tuple[np.ndarray, ...]


def nearness(spacing: float = float(np.finfo(np.float64).eps)) -> float:
    """How far a derivative may be from differences, relative to its size, where numbers next to 1 are `spacing` apart.

    The cube root, as of the best step of a central difference (Numerical Recipes 5.7): 6e-6 at double precision.
    """
    return float(np.cbrt(spacing))


def steadiest(call: Callable[[float], float | None], step: float = FIRST_STEP) -> tuple[float, float]:
    """The slope of a function of one number at 0, and by how much it moved: over a wide range of steps the steadiest.

    `call` gives None where the function has no value.

    >>> slope, doubt = steadiest(lambda x: float(np.exp(2 * x)))
    >>> round(slope, 8), doubt < 1e-8
    (2.0, True)
    """
    best, doubt, before = float("nan"), float("inf"), float("nan")
    for _ in range(_STEPS):
        wide, narrow = _slope(call, step), _slope(call, step / 2)
        now = (4 * narrow - wide) / 3
        change = abs(now - before)
        if np.isfinite(now) and (change < doubt or not np.isfinite(best)):
            best, doubt = now, change if np.isfinite(change) else doubt
        before, step = now, step / _SHRINK
    return best, doubt if np.isfinite(doubt) else 0.0


def _slope(call: Callable[[float], float | None], step: float) -> float:
    above, below = call(step), call(-step)
    return float("nan") if above is None or below is None else (above - below) / (2 * step)


def moved(point: Arrays, direction: Arrays, step: complex) -> list[np.ndarray]:
    """`point + step · direction`; whole numbers stay where they are."""
    return [
        value if np.asarray(value).dtype.kind not in "fc" else value + step * np.asarray(d)
        for value, d in zip(point, direction, strict=True)
    ]


def richardson(
    function: ArraysFunction, point: Arrays, direction: Arrays, *, step: float = FIRST_STEP, levels: int = 5
) -> Estimate:
    """The derivative along `direction` by central differences at halved steps, extrapolated to step 0.

    Ridders' method (Ridders 1982; Numerical Recipes 5.7): of all extrapolations the one whose neighbours differ least.
    """
    rows: list[list[list[np.ndarray]]] = []
    for level in range(levels):
        rows.append([_central(function, point, direction, step / 2**level)])
        for order in range(1, level + 1):
            fine, coarse = rows[level][order - 1], rows[level - 1][order - 1]
            factor = 4.0**order
            rows[level].append([(factor * a - b) / (factor - 1) for a, b in zip(fine, coarse, strict=True)])
    best = [np.array(value) for value in rows[-1][-1]]
    errors = [np.full(value.shape, np.inf) for value in best]
    for level in range(1, levels):
        for order in range(1, level + 1):
            candidates = zip(rows[level][order], rows[level][order - 1], rows[level - 1][order - 1], strict=True)
            for index, (value, fine, coarse) in enumerate(candidates):  # type: ignore[assignment]  # arrays here
                error = np.maximum(np.abs(value - fine), np.abs(value - coarse))
                better = error < errors[index]
                best[index] = np.where(better, value, best[index])
                errors[index] = np.where(better, error, errors[index])
    return Estimate(tuple(best), tuple(errors))


def _central(function: ArraysFunction, point: Arrays, direction: Arrays, step: float) -> list[np.ndarray]:
    above, below = function(moved(point, direction, step)), function(moved(point, direction, -step))
    return [_difference(a, b) / (2 * step) for a, b in zip(above, below, strict=True)]


def _difference(above: Any, below: Any) -> np.ndarray:
    if np.asarray(above).dtype.kind not in "fc":
        return np.zeros(np.shape(above))
    return np.asarray(np.subtract(above, below))


def complex_step(function: ArraysFunction, point: Arrays, direction: Arrays, *, step: float = COMPLEX_STEP) -> Estimate:
    """The derivative of a real analytic function along `direction`: Im f(x + i·h·d) / h, exact to rounding.

    Squire and Trapp, SIAM Review 40 (1998). The function must work on complex numbers and be analytic.
    """
    values = tuple(np.imag(value) / step for value in function(moved(point, direction, 1j * step)))
    scale = max((float(np.max(np.abs(value), initial=0.0)) for value in values), default=0.0)
    return Estimate(values, tuple(np.full(value.shape, 1e-13 * scale) for value in values))
