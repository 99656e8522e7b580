"""Blocks of a large array that is reduced: each so small that the near caches hold it. Floor 4."""

from dataclasses import dataclass
from math import prod

from glassgrad.engines.cpu.native.caches import largest_cache
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import OPS
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.structure import broadcast, kept_shape, reshape

_LEAST = 1 << 20  # bytes of an array from which it does not stay in the second cache
_HELD = 1 << 18  # bytes of what lies side by side and is reduced to one number, up to which it stays there
_BLOCK = 1 << 14  # bytes of a block: while its exponentials are computed, the next one comes (`Lanes.ahead`)
_LEAST_BLOCKS = 4
_ROWS, _MOST_ROWS = 1 << 17, 128  # bytes of a block of rows that are reduced to one, and how many they are at most
_TOGETHER = 4  # rows of a block are added up so many at a time
_SHORT, _LONG = 1 << 8, _ROWS >> 3  # bytes of such a row

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Blocks of `length` places along an axis of `shape`, `count` of them from `start` on.

    What lies along the axes reduced before that one are blocks of their own. Values of the whole shape are read as
    `data` of the shape `cut`; reduced `within` the blocks they have the shape `kept`.
    """

    shape: Shape
    axes: Shape
    axis: int
    start: int
    count: int
    length: int

    @property
    def cut(self) -> Shape:
        """The shape with the axis as two: of the blocks, and within them."""
        return (*self.shape[: self.axis], self.count, self.length, *self.shape[self.axis + 1 :])

    @property
    def within(self) -> Shape:
        """The axes of `cut` over which a block is reduced."""
        cut = self.cut
        if _are_last(self.shape, self.axes):  # those of size 1 behind them as well
            return tuple(range(self.axis + 1, len(cut)))
        return tuple([axis + 1 for axis in self.axes if axis >= self.axis])

    @property
    def across(self) -> Shape:
        """The axes of `cut` along which the blocks lie."""
        return (*[axis for axis in self.axes if axis < self.axis], self.axis)

    @property
    def kept(self) -> Shape:
        """The shape of what is known of each block."""
        return kept_shape(self.cut, self.within)

    @property
    def size(self) -> int:
        """How many numbers of a block are reduced to one."""
        return prod([self.cut[axis] for axis in self.within])

    def data(self, node: Node) -> Node:
        """A value of the whole shape, in blocks."""
        if self.count * self.length < self.shape[self.axis]:
            end = self.start + self.count * self.length
            node = index(node, (*(FULL,) * self.axis, Cut(self.start, end, None)))
        return reshape(node, self.cut)

    def reduced(self, name: str, data: Node) -> Node:
        """Data of the shape `cut`, each block reduced to one."""
        return reshape(apply(OPS[name], data, axes=self.within), self.kept)

    def spread(self, node: Node) -> Node:
        """What is known of each block, beside its data."""
        return broadcast(node, self.cut)

    def beside(self, node: Node) -> Node:
        """What does not vary along the axes (the shape of a reduction with its axes kept), beside each block."""
        kept = node.shape
        return broadcast(reshape(node, (*kept[: self.axis], 1, 1, *kept[self.axis + 1 :])), self.kept)

    def together(self, name: str, node: Node) -> Node:
        """What is known of each block, reduced to one: of the shape of the whole reduction with its axes kept."""
        return reshape(apply(OPS[name], node, axes=self.across), kept_shape(self.shape, self.axes))


def splits(shape: Shape, axes: Shape, itemsize: int) -> tuple[Split, ...]:
    """The blocks, all of one length but for what is left; none where a reduction over the axes needs no blocks.

    It needs none where the array, or what is reduced to one number, stays in the cache.
    """
    if not axes or min(shape) < 0 or prod(shape) * itemsize < _LEAST:
        return ()
    if not _are_last(shape, axes):
        return _of_rows(shape, axes, itemsize)
    if prod(shape[axis] for axis in axes) * itemsize < _HELD:
        return ()
    for axis in axes:
        row = prod(shape[axis + 1 :]) * itemsize
        length = max(_BLOCK // row, 1)
        if row <= _BLOCK and shape[axis] >= _LEAST_BLOCKS * length:
            return _cut(shape, axes, axis, _without_rest(shape[axis], length))
    return ()


def _are_last(shape: Shape, axes: Shape) -> bool:
    """Does all that is reduced to one number lie side by side?"""
    return all(place in axes for place, size in enumerate(shape) if size > 1 and place > min(axes))


def _of_rows(shape: Shape, axes: Shape, itemsize: int) -> tuple[Split, ...]:
    """Blocks of rows that are reduced to one, where no cache holds all that are."""
    axis, behind = axes[0], prod(shape[axes[-1] + 1 :]) * itemsize
    row = prod(shape[axis + 1 :]) * itemsize
    together = axes == tuple(range(axis, axes[-1] + 1))
    if not together or not _SHORT <= behind <= _LONG or row > _LONG or shape[axis] * row <= largest_cache():
        return ()
    length = min(_ROWS // row, _MOST_ROWS)
    length = _without_rest(shape[axis], 1 << (length.bit_length() - 1), _TOGETHER)
    return _cut(shape, axes, axis, length) if shape[axis] >= _LEAST_BLOCKS * length else ()


def _cut(shape: Shape, axes: Shape, axis: int, length: int) -> tuple[Split, ...]:
    count, rest = divmod(shape[axis], length)
    first = Split(shape, axes, axis, 0, count, length)
    return (first, Split(shape, axes, axis, count * length, 1, rest)) if rest else (first,)


def _without_rest(extent: int, length: int, step: int = 1) -> int:
    """A length that leaves no rest, if one of more than half of this length does; it is shortened by whole steps."""
    return next((size for size in range(length, length // 2, -step) if extent % size == 0), length)
