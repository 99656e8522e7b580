"""Data that lies in arrays: in memory, or in memory-mapped .npy files. Floor 7."""

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np

from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.base.trees import Tree, flatten_with_paths, map_leaves, unflatten
from glassgrad.train.data.batches import Batch, Order, check_order, count_of, padded, shuffled
from glassgrad.train.store.fingerprint import fingerprint


class Arrays:
    """(inputs, *targets), each an array or a tree of arrays with one row for each example.

    Memory-mapped arrays (`np.load(path, mmap_mode="r")`) are read batch by batch, so they may be larger than memory.
    Batches have their floats in `dtype`, if one is given. `name` is what errors call it.

    >>> data = Arrays(np.arange(10.0).reshape(5, 2), np.arange(5))
    >>> [batch.values[1] for batch in data.batches(Order(size=2))]
    [array([0, 1]), array([2, 3]), array([4])]
    """

    def __init__(self, *values: Tree, dtype: Any = None, name: str = "data") -> None:
        self._places: np.ndarray | None = None  # the rows that belong to it, in their order; None for all
        if not values:
            raise UsageError("there is no data", hint="(inputs, targets)")
        self.values = map_leaves(_as_array, values)
        self._dtype = None if dtype is None else np.dtype(dtype)
        lengths = {}
        paths, self._leaves, self._structure = flatten_with_paths(self.values)
        for path, array in zip(paths, self._leaves, strict=True):
            if not array.ndim:
                raise ShapeError(f"{name}{path} is a number; its first axis should be the rows")
            lengths[f"{name}{path}"] = array.shape[0]
        if len(set(lengths.values())) != 1:
            listing = ", ".join(f"{path}: {rows}" for path, rows in lengths.items())
            raise ShapeError(f"inputs and targets have different numbers of rows: {listing}")
        self._rows: int = next(iter(lengths.values()))
        if not self._rows:
            raise UsageError(f"the {name} has no rows")

    def part(self, places: np.ndarray) -> "Arrays":
        """The rows at these places, without a copy of them."""
        found = copy(self)
        found._places = places if self._places is None else self._places[places]  # noqa: SLF001 - one of our own
        found._rows = len(places)  # noqa: SLF001
        return found

    @property
    def is_mapped(self) -> bool:
        """Does an array lie in a file?"""
        return any(isinstance(array, np.memmap) for array in self._leaves)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._rows

    def batches(self, order: Order) -> Iterator[Batch]:
        """The batches of one epoch."""
        check_order(order, self._rows)
        places = shuffled(self._rows, order)
        if self._places is not None:
            places = self._places[places]
        for index in range(order.skip, count_of(self._rows, order)):
            chosen = places[index * order.size : (index + 1) * order.size]
            yield self._taken(chosen, order)

    def _taken(self, chosen: np.ndarray, order: Order) -> Batch:
        if order.key is None and self._places is None:  # rows that lie side by side are one piece
            run = slice(int(chosen[0]), int(chosen[-1]) + 1)
            leaves = [np.ascontiguousarray(array[run]) for array in self._leaves]
        else:
            leaves = [array.take(chosen, axis=0) for array in self._leaves]
        if self._dtype is not None:
            leaves = [leaf.astype(self._dtype, copy=False) if leaf.dtype.kind == "f" else leaf for leaf in leaves]
        if order.last == "pad":
            leaves, mask = padded(leaves, len(chosen), min(order.size, self._rows))
            return Batch(unflatten(self._structure, leaves), mask, len(chosen))
        return Batch(unflatten(self._structure, leaves), None, len(chosen))

    def fingerprint(self) -> dict[str, Any]:
        """Rows, shapes, dtypes and a hash of the arrays; of large ones, and of those in files, a hash of samples."""
        found = {"rows": self._rows} | fingerprint(self._leaves)
        return found if self._places is None else found | {"part": fingerprint(self._places)["sha256"]}


def _as_array(value: Any) -> np.ndarray:
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise UsageError(
            f"data holds {array.dtype} values, and training needs numbers",
            hint="encode them first: train.tabular prepares tables with words and dates",
        )
    return array
