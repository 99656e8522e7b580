"""Arrays that a caller gives up, so that results may lie in their memory: which may be, by where they lie. Floor 4."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np


def is_read_only(values: Sequence[Any], donated: Collection[int]) -> bool:
    """May one of the arrays at the positions `donated` not be written into?"""
    given = [values[position] for position in donated]
    return any(isinstance(x, np.ndarray) and x.nbytes and not x.flags.writeable for x in given)


def shares_memory(values: Sequence[Any], donated: Collection[int]) -> bool:
    """Does an array at one of the positions `donated` share memory with another?"""
    spans = [
        (*np.lib.array_utils.byte_bounds(value), position in donated)
        for position, value in enumerate(values)
        if isinstance(value, np.ndarray) and value.nbytes
    ]
    end, is_donated = 0, False  # of what reaches furthest so far
    for start, stop, given_up in sorted(spans):
        if start < end and (given_up or is_donated):
            return True
        if stop > end:
            end, is_donated = stop, given_up
    return False
