"""Stacked arrays of different lengths: what the steps of a loop leave that itself contains a loop. Floor 4."""

from typing import Any

import numpy as np


class Ragged(list[Any]):
    """One array for each step; arithmetic works step by step."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> "Ragged":
        options.pop("out", None)
        rows = [[x[step] if isinstance(x, Ragged) else x for x in inputs] for step in range(len(self))]
        return Ragged(getattr(ufunc, method)(*row, **options) for row in rows)


def stack(records: list[Any], shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """The records of a loop's steps as one array, or ragged where their shape differs from step to step."""
    if any(size < 0 for size in shape):
        return Ragged(records)
    return np.array(records, dtype).reshape(len(records), *shape)


def room(length: int, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """Room for as many records."""
    if any(size < 0 for size in shape):
        return Ragged([None] * length)
    return np.empty((length, *shape), dtype)
