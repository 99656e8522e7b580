"""Derivatives by numbers alone: Richardson's central differences and the complex step. Floor 6.

Functions here take and give lists of plain arrays. A complex array counts as its two real parts: a direction may be
any complex array, and the pairing of cotangents and tangents is Re Σ ct·d without conjugation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Arrays: TypeAlias = Sequence[Any]
ArraysFunction: TypeAlias = Callable[[Arrays], Arrays]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative found by numbers, and how far it may be off (elementwise)."""

    values: tuple[np.ndarray, ...]
    errors: tuple[np.ndarray, ...]


def random_like(generator: np.random.Generator, values: Arrays) -> list[np.ndarray]:
    """A random direction: sizes between 1/2 and 1, any sign (any phase where complex), zero for whole numbers."""
    return [_random_direction(generator, np.asarray(value)) for value in values]


def _random_direction(generator: np.random.Generator, value: np.ndarray) -> np.ndarray:
    if value.dtype.kind not in "fc":
        return np.zeros_like(value)
    size = generator.uniform(0.5, 1.0, value.shape)
    if value.dtype.kind == "c":
        return np.asarray(size * np.exp(1j * generator.uniform(0, 2 * np.pi, value.shape)), value.dtype)
    return np.asarray(size * generator.choice([-1.0, 1.0], value.shape), value.dtype)


def pairing(a: Arrays, b: Arrays) -> float:
    """Re Σ a·b: what forward and reverse mode must agree on."""
    return float(sum(np.real(np.sum(np.multiply(x, y, dtype=_wide(x, y)))) for x, y in zip(a, b, strict=True)))


def _wide(x: Any, y: Any) -> Any:
    return np.result_type(x, y, np.float64)


def moved(point: Arrays, direction: Arrays, step: complex) -> list[np.ndarray]:
    """`point + step · direction`; whole numbers stay where they are."""
    return [
        value if np.asarray(value).dtype.kind not in "fc" else value + step * np.asarray(d)
        for value, d in zip(point, direction, strict=True)
    ]


def richardson(
    function: ArraysFunction, point: Arrays, direction: Arrays, *, step: float = 1e-2, levels: int = 5
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


def complex_step(function: ArraysFunction, point: Arrays, direction: Arrays, *, step: float = 1e-30) -> Estimate:
    """The derivative of a real analytic function along `direction`: Im f(x + i·h·d) / h, exact to rounding.

    Squire and Trapp, SIAM Review 40 (1998). The function must work on complex numbers and be analytic.
    """
    values = tuple(np.imag(value) / step for value in function(moved(point, direction, 1j * step)))
    scale = max((float(np.max(np.abs(value), initial=0.0)) for value in values), default=0.0)
    return Estimate(values, tuple(np.full(value.shape, 1e-13 * scale) for value in values))


def distance(found: Arrays, expected: Arrays) -> float:
    """The largest difference between two lists of arrays, relative to the largest of the expected numbers.

    Not-a-number must meet not-a-number, an infinity the same infinity; else the distance is infinite.
    """
    worst, scale = 0.0, 1e-3
    for a, b in zip(map(_as_numbers, found), map(_as_numbers, expected), strict=True):
        if a.shape != b.shape:
            return np.inf
        finite = np.isfinite(a) & np.isfinite(b)
        same = finite | (a == b) | (np.isnan(a) & np.isnan(b))
        if not np.all(same):
            return np.inf
        scale = max(scale, float(np.max(np.abs(b[finite]), initial=0.0)))
        worst = max(worst, float(np.max(np.abs(a[finite] - b[finite]), initial=0.0)))
    return worst / scale


def _as_numbers(value: Any) -> np.ndarray:
    array = np.asarray(value)
    return array if array.dtype.kind in "fc" else array.astype(np.float64)
