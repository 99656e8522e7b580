"""Numbers far beyond all others – slips of the pen, marks for nothing, overflows – and infinite ones. Floor 7."""

import numpy as np

from glassgrad.train.tabular.frames import counted

_FAR = 1e5  # times the middle half's width from the median: no tail that is learnt from reaches so far
_LARGEST = 1e100  # squares of sums have to be numbers
_BEYOND = 10.0  # times the width of the training, outside of it
WHOLE = 2.0**53  # from which on not every whole number is a float64


def reach_of(numbers: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest number that is not far beyond all others; 0 and 0 where there is none.

    >>> reach_of(np.array([3.0, 1.0, 2.0, 2.5, 1e20, np.nan]))
    (1.0, 3.0)
    """
    kept = numbers[np.isfinite(numbers)]
    kept = kept[np.abs(kept) <= _LARGEST]
    if not len(kept):
        return 0.0, 0.0
    first, low, middle, high, last = np.percentile(kept, [1, 25, 50, 75, 99])
    spread = (high - low) or (last - first)
    if spread:
        kept = kept[np.abs(kept - middle) <= _FAR * spread]
    return float(kept.min()), float(kept.max())


def outside(numbers: np.ndarray, reach: tuple[float, float]) -> np.ndarray:
    """(row,) of bool: is it outside of the reach? Nothing that is missing is."""
    with np.errstate(invalid="ignore"):
        return np.asarray((numbers < reach[0]) | (numbers > reach[1]))


def far_outside(numbers: np.ndarray, reach: tuple[float, float]) -> np.ndarray:
    """(row,) of bool: is it so far from what the training had that nothing can be told there?"""
    width = _BEYOND * (reach[1] - reach[0])
    return outside(numbers, (reach[0] - width, reach[1] + width)) if width else np.zeros(len(numbers), bool)


def said_of_extremes(numbers: np.ndarray) -> str | None:
    """What a person should know of numbers that are far beyond all others."""
    is_far = outside(numbers, reach_of(numbers))
    count = int(is_far.sum())
    if not count:
        return None
    row = int(is_far.argmax())
    first = "such as" if count > 1 else "it is"
    be = "are" if count > 1 else "is"
    return f"{counted(count, 'value')} {be} far beyond all others, {first} {numbers[row]:.6g} in row {row + 1}"


def said_of_infinite(is_infinite: np.ndarray) -> str | None:
    """What a person should know of infinite numbers."""
    count = int(is_infinite.sum())
    if not count:
        return None
    be, row = ("are" if count > 1 else "is"), int(is_infinite.argmax()) + 1
    return f"{counted(count, 'value')} {be} infinite, the first in row {row}, and count as missing"
