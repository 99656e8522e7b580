"""The batches of a set-up: arrays cut into batches, or batches as something gives them. Floor 7."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.base.trees import Tree, flatten, map_leaves

SIZE = 32  # examples in a batch, where the data is arrays
_MOST = 512  # batches that are held, of something that gives them
_LARGEST = 2**30  # bytes that are held


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """The batches of an epoch in the person's order, each (inputs, *targets)."""

    values: tuple[tuple[Tree, ...], ...]
    is_whole: bool = True  # are these all that the data gives?
    are_arrays: bool = False  # was the data given as arrays?

    def __len__(self) -> int:
        return len(self.values)

    def endless(self, seed: int | None) -> Iterator[tuple[Tree, ...]]:
        """Epoch after epoch; with a seed in another order each time."""
        drawn = None if seed is None else np.random.default_rng(seed)
        while True:
            order = range(len(self.values)) if drawn is None else drawn.permutation(len(self.values))
            yield from [self.values[place] for place in order]


def batches_of(data: Any, model: Any) -> Batches:
    """The batches of what a person gives as data: a tuple of arrays, or an iterable of tuples of arrays.

    Floats come in the dtype of the model's parameters. Raises UsageError where there are none.
    """
    kinds = [np.dtype(value.dtype) for value in model.parameters().values()]
    dtype = np.result_type(*kinds) if kinds else np.dtype(np.float32)
    if isinstance(data, tuple) and any(isinstance(part, np.ndarray) or _is_numbers(part) for part in data):
        return Batches(tuple(_cut(tuple([_plain_tree(part, dtype) for part in data]))), are_arrays=True)
    if not isinstance(data, Iterable) or isinstance(data, str | bytes | np.ndarray | dict):
        raise UsageError(
            f"data is (inputs, *targets) of arrays, or gives batches of them; found {type(data).__name__}",
            hint="(x, y), or a list of such pairs",
        )
    found: list[tuple[Tree, ...]] = []
    size, is_whole = 0, True
    for batch in islice(data, _MOST + 1):
        if len(found) == _MOST or size > _LARGEST:
            is_whole = False
            break
        if not isinstance(batch, tuple | list):
            raise UsageError(f"a batch is (inputs, *targets), found {type(batch).__name__}", hint="(x, y)")
        plain = tuple([_plain_tree(part, dtype) for part in batch])
        size += sum(leaf.nbytes for leaf in flatten(plain)[0])
        found.append(plain)
    if not found:
        raise UsageError("the data gave no batch", hint="a generator can be gone through only once: give a list")
    return Batches(tuple(found), is_whole)


def _is_numbers(part: Any) -> bool:
    """Is this an array as a list of numbers, or of lists of them?"""
    return isinstance(part, list) and bool(part) and all(isinstance(leaf, int | float) for leaf in flatten(part)[0])


def _plain_tree(part: Any, dtype: np.dtype) -> Tree:
    return _plain(part, dtype) if _is_numbers(part) else map_leaves(lambda leaf: _plain(leaf, dtype), part)


def _plain(leaf: Any, dtype: np.dtype) -> np.ndarray:
    array = np.asarray(leaf)
    if array.dtype.kind not in "biufc":
        raise UsageError(f"data holds {array.dtype} values, and training needs numbers")
    return array.astype(dtype, copy=False) if array.dtype.kind == "f" else array


def _cut(data: tuple[Tree, ...]) -> Iterator[tuple[Tree, ...]]:
    """Batches of `SIZE` rows; a last, shorter one is left out where there are others."""
    leaves = flatten(data)[0]
    if any(leaf.ndim == 0 for leaf in leaves):
        raise ShapeError("the data holds a number; its first axis should be the rows")
    counts = sorted({len(leaf) for leaf in leaves})
    if len(counts) > 1:
        raise ShapeError(f"inputs and targets have different numbers of rows: {', '.join(map(str, counts))}")
    if not counts or not counts[0]:
        raise UsageError("the data has no rows")
    rows = counts[0]
    for start in range(0, rows, SIZE):
        if rows - start >= SIZE or start == 0:
            yield map_leaves(lambda leaf, at=start: leaf[at : at + SIZE], data)
