"""Embedding: a row of numbers for each whole number. Floor 6."""

from functools import partial
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DtypeError, OutOfRangeError, UsageError
from glassgrad.nn.initialisers import Initialiser, initialiser_of, normal
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer, static
from glassgrad.nn.linear import check_sizes
from glassgrad.nn.rows import as_array, known, taken


class Embedding(Layer):
    """Row `i` of a table for each index i: indices of any shape (…) to (…, size).

    `table` is (count, size), drawn from the standard normal distribution. The index `padding` gives zeros, and its row
    learns nothing. Indices out of range, negative ones too, are an OutOfRangeError.

    >>> layer = Embedding(10, 4, key=0, padding=0)
    >>> layer(np.array([[3, 1, 0]])).shape
    (1, 3, 4)
    """

    table: Array  # (count, size)
    padding: int | None = static(None)

    def __init__(
        self,
        count: int,
        size: int,
        *,
        key: Any,
        padding: int | None = None,
        initialiser: str | Initialiser | None = None,
        dtype: Any = np.float32,
    ) -> None:
        check_sizes("Embedding", count=count, size=size)
        if padding is not None and not 0 <= padding < count:
            raise UsageError(f"Embedding: padding is {padding!r}, not an index of the table's {count} rows")
        draw = partial(normal, deviation=1.0) if initialiser is None else initialiser_of(initialiser)
        self.table = draw(as_key(key), (count, size), fans=(count, size), dtype=dtype)
        self.padding = padding

    def __call__(self, indices: Array) -> Array:
        places = self._places(as_array(indices))
        found = taken(self.table, places)
        if self.padding is None:
            return found
        return np.where(np.expand_dims(places == self.padding, -1), np.zeros((), self.table.dtype), found)

    def _places(self, indices: Array) -> Array:
        """The indices as int64, checked where their numbers are known; what is negative is out of range elsewhere."""
        if indices.dtype.kind not in "iu":
            raise DtypeError(
                f"Embedding takes whole numbers, found {indices.dtype} {show_shape(indices.shape)}",
                hint="indices.astype(np.int64)",
            )
        count, numbers = self.table.shape[-2], known(indices)
        indices = indices.astype(np.int64)
        if numbers is None:
            return np.where(indices < 0, count, indices)
        if len(wrong := np.argwhere((numbers < 0) | (numbers >= count))):
            place = tuple(wrong[0].tolist())
            raise OutOfRangeError(
                f"Embedding takes indices from 0 to {count - 1}, found {numbers[place]}"
                + (f" at {show_shape(place)}" if place else "")
            )
        return indices

    def scores(self, x: Array) -> Array:
        """How well vectors (…, size) fit each row, x Tᵀ: (…, count). The table serves as output layer as well.

        Press and Wolf, "Using the output embedding to improve language models", 2017.
        """
        return x @ self.table.T
