"""Batches of rows: what a source of data gives, in which order, and what becomes of the last, short one. Floor 7."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.naming import counted
from glassgrad.base.trees import Tree
from glassgrad.nn.linear import check_sizes

Array: TypeAlias = Any
Last: TypeAlias = Literal["keep", "drop", "pad"]
LAST = ("keep", "drop", "pad")


class Batch(NamedTuple):
    """Some rows: (inputs, *targets), trees of arrays whose first axis is the row; the mask says which are real."""

    values: tuple[Tree, ...]
    mask: Array | None  # (row,) of bool, where the batch is padded; None where all rows are real
    rows: int  # how many are real


@dataclass(frozen=True, slots=True)
class Order:
    """How an epoch goes through the data.

    `key` and `epoch` are what the rows are shuffled by; without a key they come in the order in which they lie. `last`
    says what becomes of a last batch with fewer rows: "keep" gives it as it is (another shape, so another
    compilation), "drop" leaves it out, "pad" fills it up with copies of its first row, which the mask leaves out.
    `skip` batches were seen before.
    """

    size: int
    key: Array | None = None
    last: Last = "keep"
    skip: int = 0
    epoch: int = 0

    def of_epoch(self, epoch: int, skip: int) -> "Order":
        """The order of this epoch, from the batch after `skip` of them."""
        return replace(self, epoch=epoch, skip=skip)


@runtime_checkable
class Source(Protocol):
    """Data that can be gone through again and again, in batches."""

    @property
    def rows(self) -> int | None:
        """How many rows there are, or None where nobody knows before the end."""

    def batches(self, order: Order) -> Iterator[Batch]:
        """The batches of one epoch."""

    def fingerprint(self) -> dict[str, Any]:
        """What tells this data from other data: shapes, dtypes and a hash."""


def check_order(order: Order, rows: int | None) -> None:
    """Raises UsageError for a size or a treatment of the last batch that cannot be meant."""
    check_sizes("an order of batches", size=order.size)
    if order.last not in LAST:
        raise UsageError(f"last is {order.last!r}", hint=f"one of {', '.join(map(repr, LAST))}")
    if rows is not None and order.last == "drop" and rows < order.size:
        raise UsageError(
            f"{counted(rows, 'row')} make no batch of {order.size}, and last='drop' leaves out shorter ones",
            hint=f"batch_size={rows}, or last='pad'",
        )


def count_of(rows: int, order: Order) -> int:
    """How many batches an epoch has."""
    return rows // order.size if order.last == "drop" else -(-rows // order.size)


def shuffled(rows: int, order: Order) -> np.ndarray:
    """The numbers of the rows in the order of the epoch, drawn by Philox with the epoch as its counter."""
    return np.arange(rows) if order.key is None else generator_of(order, 0).permutation(rows)


def generator_of(order: Order, purpose: int) -> np.random.Generator:
    """The generator that shuffles an epoch: Philox, with the epoch and the purpose in its counter."""
    assert order.key is not None
    high, low = (int(word) for word in order.key)
    return np.random.Generator(np.random.Philox(key=high << 32 | low, counter=[0, 0, purpose, order.epoch]))


def padded(leaves: list[np.ndarray], rows: int, size: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Arrays of `rows` rows filled up to `size` with copies of the first, and the mask of those that are real."""
    if rows == size:
        return leaves, _all_of(size)
    filled = [np.concatenate([leaf, np.broadcast_to(leaf[:1], (size - rows, *leaf.shape[1:]))]) for leaf in leaves]
    return filled, np.arange(size) < rows


@lru_cache(maxsize=16)
def _all_of(size: int) -> np.ndarray:
    mask = np.ones(size, bool)
    mask.flags.writeable = False
    return mask
