"""Joining arrays, padding them with zeros, rolling them round an axis. Floor 2."""

from collections.abc import Sequence
from itertools import accumulate
from weakref import WeakKeyDictionary

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import ShapeError
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Batched, Linear, Shifted, op
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.lifting import common_dtype
from glassgrad.ops.structure import cast

Widths = tuple[tuple[int, int], ...]


# ------------------------------------------------------------------ concatenate
def _concatenate_aval(*xs: Aval, axis: int) -> Aval:
    first = xs[0]
    for x in xs[1:]:
        rest = x.shape[:axis], x.shape[axis + 1 :]
        if x.ndim != first.ndim or rest != (first.shape[:axis], first.shape[axis + 1 :]):
            raise ShapeError(
                f"concatenate along axis {axis} cannot join {show_shape(first.shape)} and {show_shape(x.shape)}",
                hint="all axes but the one they are joined along must be equal; np.stack makes a new axis",
            )
    total = sum(x.shape[axis] for x in xs)
    return Aval((*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype)


def _piece(ct: Node, node: Node, axis: int, position: int) -> Node:
    starts = _starts.get(node)
    if starts is None:
        starts = _starts[node] = list(accumulate((x.shape[axis] for x in node.inputs), initial=0))
    stop = None if position == len(node.inputs) - 1 else starts[position + 1]
    return index(ct, (*[FULL] * axis, Cut(starts[position] or None, stop, None)))


_starts: WeakKeyDictionary[Node, list[int]] = WeakKeyDictionary()  # where each part begins: added up once for all


CONCATENATE = op(
    "concatenate",
    "*xs -> y",
    infer=_concatenate_aval,
    batching=Shifted(axes=("axis",)),
    numpy=lambda *_, axis: f"np.concatenate(xs, axis={axis})" if axis else "np.concatenate(xs)",
    rule="each part gets its own piece",
    why="each part fills one piece of the result and so receives that piece's derivative",
    xs=Linear(_piece),
)


def concatenate(xs: Sequence[Node], axis: int) -> Node:
    """The arrays one after another along an axis (non-negative), promoted to one dtype."""
    dtype = common_dtype(*xs)
    parts = tuple([cast(x, dtype) for x in xs])
    return parts[0] if len(parts) == 1 else make(CONCATENATE, parts, (("axis", axis),))


# ------------------------------------------------------------------ stack
def _stack_aval(*xs: Aval, axis: int) -> Aval:
    first = xs[0]
    for x in xs[1:]:
        if x.shape != first.shape:
            raise ShapeError(f"stack needs equal shapes, found {show_shape(first.shape)} and {show_shape(x.shape)}")
    return Aval((*first.shape[:axis], len(xs), *first.shape[axis:]), first.dtype)


def _stack_text(*xs: Aval, axis: int) -> str:
    if not xs[0].shape:
        return "np.array(xs)"
    return f"np.stack(xs, axis={axis})" if axis else "np.stack(xs)"


STACK = op(
    "stack",
    "*xs -> y",
    infer=_stack_aval,
    numpy=_stack_text,
    batching=Shifted(axes=("axis",)),
    rule="each part gets its own piece",
    why="each part fills one piece of the result and so receives that piece's derivative",
    xs=Linear(lambda ct, axis, position: index(ct, (*[FULL] * axis, position))),
)


def stack(xs: Sequence[Node], axis: int = 0) -> Node:
    """Arrays of one shape side by side along a new axis, promoted to one dtype."""
    dtype = common_dtype(*xs)
    return make(STACK, tuple([cast(x, dtype) for x in xs]), (("axis", axis),))


# ------------------------------------------------------------------ pad
def _pad_aval(x: Aval, widths: Widths) -> Aval:
    return Aval(tuple([size + before + after for size, (before, after) in zip(x.shape, widths, strict=True)]), x.dtype)


def _pad_batch(args: Sequence[Node], mapped: Sequence[bool], size: int, *, widths: Widths) -> Node:
    del mapped, size
    return pad(args[0], ((0, 0), *widths))


def _unpad(ct: Node, x: Node, widths: Widths) -> Node:
    cuts = [
        Cut(before or None, before + size if after else None, None)
        for size, (before, after) in zip(x.shape, widths, strict=True)
    ]
    return index(ct, tuple(cuts))


PAD = op(
    "pad",
    "x -> y",
    infer=_pad_aval,
    numpy="np.pad(x, widths)",
    batching=Batched(_pad_batch),
    rule="padding",
    why="the zeros around are constant; what stands inside passes its derivative on",
    x=Linear(_unpad),
)


def pad(x: Node, widths: Widths) -> Node:
    """Zeros around the array: for each axis, how many before and after."""
    return make(PAD, (x,), (("widths", widths),)) if any(n for pair in widths for n in pair) else x


# ------------------------------------------------------------------ roll
def _roll_aval(x: Aval, axis: int, shift: int) -> Aval:
    del axis, shift
    return x


ROLL = op(
    "roll",
    "x -> y",
    infer=_roll_aval,
    batching=Shifted(axes=("axis",)),
    rule="rolling back",
    numpy=lambda x, axis, shift: "np.roll(x, shift)" if x.ndim == 1 else "np.roll(x, shift, axis)",
    x=Linear(lambda ct, axis, shift: roll(ct, axis, -shift)),
)


def roll(x: Node, axis: int, shift: int) -> Node:
    """The values moved along an axis; what leaves at one end comes in at the other."""
    size = x.shape[axis]
    steps = shift % size if size > 0 else 0
    shortest = steps if steps <= size // 2 else steps - size
    return make(ROLL, (x,), (("axis", axis), ("shift", shortest))) if steps else x


def turned(x: Node, axes: Sequence[int]) -> Node:
    """The values in backward order along these axes."""
    last = max(axes, default=-1)
    return index(x, tuple([Cut(None, None, -1) if axis in axes else FULL for axis in range(last + 1)]))
