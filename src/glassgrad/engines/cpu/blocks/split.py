"""Parts of a large array that is reduced: blocks that the near caches hold, and a sample. Floor 4.

Both are read as `data` of the shape `cut`, reduced `within` to the shape `kept`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from glassgrad.engines.cpu.emit.scalars import is_scalar
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import OPS
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.structure import broadcast, kept_shape, reduced_shape, reshape

_LEAST = 1 << 20  # bytes of an array from which it does not stay in the second cache
_HELD = 1 << 18  # bytes of what lies side by side and is reduced to one number, up to which it stays there
_BLOCK = 1 << 14  # bytes of a block: while its exponentials are computed, the next one comes (`Lanes.ahead`)
_LEAST_BLOCKS = 4
_SAMPLE = 16  # places of a sample
_LEAST_SAMPLED = 256  # places of which they are a small part

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Blocks of `length` places along an axis of `shape`, `count` of them from `start` on.

    What lies along the axes reduced before that one are blocks of their own.
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
        return tuple([axis + 1 for axis in self.axes if axis >= self.axis])

    @property
    def across(self) -> Shape:
        """The axes of `cut` along which the blocks lie."""
        return (*[axis for axis in self.axes if axis < self.axis], self.axis)

    @property
    def kept(self) -> Shape:
        """The shape of what is known of each block."""
        return kept_shape(self.cut, self.within)

    def data(self, node: Node) -> Node:
        """A value of the whole shape, in blocks."""
        if self.count * self.length < self.shape[self.axis]:
            end = self.start + self.count * self.length
            node = index(node, (*(FULL,) * self.axis, Cut(self.start, end, None)))
        return reshape(node, self.cut)

    def beside(self, node: Node) -> Node | None:
        """What does not vary along the axes, beside each block; None where its shape is another."""
        kept = kept_shape(self.shape, self.axes)
        found = _with_shape(node, kept, self.axes)
        if found is None:
            return None
        return broadcast(reshape(found, (*kept[: self.axis], 1, 1, *kept[self.axis + 1 :])), self.kept)

    def together(self, name: str, node: Node) -> Node:
        """What is known of each block, reduced to one."""
        return reshape(apply(OPS[name], node, axes=self.across), kept_shape(self.shape, self.axes))


@dataclass(frozen=True, slots=True)
class Sample:
    """Some places along an axis of `shape`, as far apart from one another as they can be."""

    shape: Shape
    axes: Shape
    axis: int

    @property
    def places(self) -> Cut:
        """Which places."""
        step = self.shape[self.axis] // _SAMPLE
        return Cut(step // 2, step // 2 + step * _SAMPLE, step)

    @property
    def within(self) -> Shape:
        """The axes over which it is reduced."""
        return self.axes

    @property
    def kept(self) -> Shape:
        """The shape of what is known of it."""
        return kept_shape(self.shape, self.axes)

    @property
    def share(self) -> float:
        """How many times as many places there are."""
        return self.shape[self.axis] / _SAMPLE

    def data(self, node: Node) -> Node:
        """A value of the whole shape, at these places."""
        return index(node, (*(FULL,) * self.axis, self.places))

    def beside(self, node: Node) -> Node | None:
        """What does not vary along the axes; None where its shape is another."""
        return _with_shape(node, self.kept, self.axes)


def _with_shape(node: Node, kept: Shape, axes: Shape) -> Node | None:
    """A value with the axes that are reduced of size 1."""
    if node.aval.size == 1:
        return broadcast(reshape(node, (1,) * len(kept)), kept)
    whole = [size for place, size in enumerate(kept) if place not in axes]
    return reshape(node, kept) if node.shape in (kept, tuple(whole)) else None


# ------------------------------------------------------------------ the choice
def is_large(shape: Shape, axes: Shape, itemsize: int) -> bool:
    """Is memory read anew for each reduction of an array over these axes?"""
    if not axes or min(shape) < 0 or prod(shape) * itemsize < _LEAST:
        return False
    run = prod(shape[axis] for axis in axes) * itemsize
    return run >= _HELD or not _are_last(shape, axes)


def _are_last(shape: Shape, axes: Shape) -> bool:
    """Does all that is reduced to one number lie side by side?"""
    return all(place in axes for place, size in enumerate(shape) if size > 1 and place > min(axes))


def sample(shape: Shape, axes: Shape) -> Sample | None:
    """The sample of what is reduced over these axes; None where it were no small part."""
    longest = max(axes, key=lambda axis: shape[axis])
    return Sample(shape, axes, longest) if shape[longest] >= _LEAST_SAMPLED else None


def splits(shape: Shape, axes: Shape, itemsize: int) -> list[Split]:
    """The blocks, all of one length but for what is left; none where those of one number do not lie side by side."""
    if not _are_last(shape, axes):
        return []
    for axis in axes:
        row = prod(shape[axis + 1 :]) * itemsize
        length = max(_BLOCK // row, 1)
        if row <= _BLOCK and shape[axis] >= _LEAST_BLOCKS * length:
            return _cut(shape, axes, axis, length)
    return []


def _cut(shape: Shape, axes: Shape, axis: int, length: int) -> list[Split]:
    fitting = [size for size in range(length, length // 2, -1) if shape[axis] % size == 0]
    length = fitting[0] if fitting else length
    count, rest = divmod(shape[axis], length)
    found = [Split(shape, axes, axis, 0, count, length)]
    return [*found, Split(shape, axes, axis, count * length, 1, rest)] if rest else found


# ------------------------------------------------------------------ what follows from what is known of a part
def lifted(node: Node, part: Split | Sample, known: dict[Node, Node], moves: Callable[[Node], bool]) -> Node | None:
    """A value that follows from reductions, from what is `known` of them in a part; None where nothing is."""
    if node in known:
        return known[node]
    if not moves(node):
        return part.beside(node)
    if node.op.name in ("reshape", "broadcast"):
        found = lifted(node.inputs[0], part, known, moves) if _is_kept(node, part) else None
    elif is_scalar(node):
        inputs = [lifted(x, part, known, moves) for x in node.inputs]
        given = tuple([x for x in inputs if x is not None])
        found = make(node.op, given, node.params) if len(given) == len(inputs) else None
    else:
        found = None
    if found is not None:
        known[node] = found
    return found


def _is_kept(node: Node, part: Split | Sample) -> bool:
    """Does the value only change its axes of size 1?"""
    whole = [size for size in reduced_shape(part.shape, part.axes) if size != 1]
    return all([size for size in x.shape if size != 1] in ([], whole) for x in (node, node.inputs[0]))
