"""Lists of plain arrays as points of a space: random directions, pairings, distances. Floor 6.

A complex array counts as its two real parts: a direction may be
any complex array, and the pairing of cotangents and tangents is Re Σ ct·d without conjugation.
"""

from typing import Any

import numpy as np

from glassgrad.engines.differences import Arrays


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
