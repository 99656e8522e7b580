"""Values that share their numbers with another array: what is written into one shows in the other. Floor 3.

Where NumPy gives a view, so does this; where NumPy copies, the result stands alone. Where that depends on a memory
order that the trace does not know, the result can be read until either of the two is written.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import MutationError, ShapeError
from glassgrad.graph.node import Node
from glassgrad.ops.index import index, index_update
from glassgrad.ops.keys import FULL, Key, numpy_key
from glassgrad.ops.structure import broadcast, inverse_permutation, reshape, transpose
from glassgrad.tracing.dispatch.axes import several_axes
from glassgrad.tracing.dispatch.memory import is_c_contiguous, reshapes_as_view, steps_of
from glassgrad.tracing.tracer import Tracer, View, to_node

Read = Callable[[Node], Node]
Write = Callable[[Node, Node], Node]
Look = Callable[[np.ndarray], np.ndarray]


def view_of(x: Any, read: Read, write: Write, look: Look) -> Tracer:
    """A view of a tracer; of a plain array or a list, simply what is read."""
    if type(x) is not Tracer:
        return Tracer(read(to_node(x)))
    return Tracer(read(x.node), None, View(x, read, write, look, x if x.alias is None else x.alias.root))


def read_only(what: str) -> Write:
    """The `write` of a view that NumPy makes read-only."""

    def refuse(base: Node, part: Node) -> Node:
        raise MutationError(f"{what} is read-only, as in NumPy", hint="write into a copy: y = y.copy()")

    return refuse


# ------------------------------------------------------------------ parts
def part_of(x: Any, key: Key, indices: Sequence[Node] = ()) -> Tracer:
    """`x[key]` as a view."""

    def look(array: np.ndarray) -> np.ndarray:
        return array[numpy_key(key, [0] * len(indices))]  # type: ignore[no-any-return]  # a view, not a scalar

    def write(base: Node, part: Node) -> Node:
        return index_update(base, part, key, indices) if key else part

    return view_of(x, lambda base: index(base, key, indices), write, look)


def flipped(x: Any, axes: Sequence[int]) -> Tracer:
    """The values in backward order along these axes."""
    last = max(axes, default=-1)
    from_end = FULL._replace(step=-1)
    return part_of(x, tuple([from_end if axis in axes else FULL for axis in range(last + 1)]))


# ------------------------------------------------------------------ axes in another order
def transposed(x: Any, axes: Sequence[int] | None = None) -> Tracer:
    """The axes in another order; reversed unless given."""
    ndim = to_node(x).ndim
    order = tuple(range(ndim))[::-1] if axes is None else several_axes(tuple(axes), ndim)
    if len(order) != ndim:
        raise ShapeError(f"transpose names {len(order)} axes, the array has {ndim}")
    back = inverse_permutation(order)
    return view_of(
        x,
        lambda base: transpose(base, order),
        lambda base, part: transpose(part, back),
        lambda array: array.transpose(order),
    )


# ------------------------------------------------------------------ another shape
def reshaped(x: Any, shape: tuple[int, ...]) -> Tracer:
    """The same elements with another shape (one size may be -1)."""
    node = to_node(x)
    full = whole_shape(node.shape, shape)
    if type(x) is not Tracer:
        return Tracer(reshape(node, full))
    return _sharing(x, node, full, reshapes_as_view(x, full))


def raveled(x: Any) -> Tracer:
    """All elements along one axis; a view only where they lie side by side in C order."""
    node = to_node(x)
    full = (node.aval.size,)
    if type(x) is not Tracer:
        return Tracer(reshape(node, full))
    return _sharing(x, node, full, is_c_contiguous(x) or (None if steps_of(x) is None else False))


def _sharing(x: Tracer, node: Node, full: tuple[int, ...], shares: bool | None) -> Tracer:
    if shares is False:
        return Tracer(reshape(node, full))
    if shares:
        return view_of(
            x,
            lambda base: reshape(base, full),
            lambda base, part: reshape(part, base.shape),
            lambda array: array.reshape(full),
        )
    return _uncertain(x, node, full)


def _uncertain(x: Tracer, node: Node, shape: tuple[int, ...]) -> Tracer:
    def refuse(*_: Node) -> Node:
        raise MutationError(
            f"a write into an array of shape {show_shape(node.shape)} or into its reshape to {show_shape(shape)}: "
            "whether NumPy shares their numbers depends on the memory order, which is not known here",
            hint="take a copy where they are apart, y = x.reshape(…).copy(); write into x itself where they are one",
        )

    return Tracer(
        reshape(node, shape), None, View(x, refuse, refuse, lambda array: array, x if x.alias is None else x.alias.root)
    )


def whole_shape(before: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with its -1 filled in."""
    size = prod(before)
    open_axes = [axis for axis, n in enumerate(shape) if n == -1]
    rest = prod(n for n in shape if n != -1)
    fits = size == rest if not open_axes else len(open_axes) == 1 and rest and size % rest == 0
    if not fits or (any(n < -1 for n in shape) and size >= 0):
        raise ShapeError(
            f"an array of shape {show_shape(before)} ({size} elements) cannot be reshaped to {shape}",
            hint="one size may be -1: it is what the others leave" if len(open_axes) < 2 else "only one size can be -1",
        )
    return tuple([size // rest if n == -1 else n for n in shape])


def broadcasted(x: Any, shape: tuple[int, ...]) -> Tracer:
    """The values repeated to a shape, as a read-only view."""
    return view_of(
        x,
        lambda base: broadcast(base, shape),
        read_only("the result of np.broadcast_to"),
        lambda array: np.broadcast_to(array, shape),
    )
