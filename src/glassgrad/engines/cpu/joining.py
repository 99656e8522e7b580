"""Parts written into zeros one after another, as one array put together from its parts. Floor 4."""

from collections.abc import Sequence

from glassgrad.graph.node import Node, make
from glassgrad.ops.keys import Cut, Key, chosen
from glassgrad.ops.leaves import is_literal, literal
from glassgrad.ops.shape import concatenate
from glassgrad.ops.structure import reshape

_MOST_PARTS = 16


def joined(node: Node, inputs: Sequence[Node]) -> Node:
    """`zeros[a:b] += v`, once or several times along one axis, as a concatenation of the parts and of what is left."""
    plain = make(node.op, tuple(inputs), node.params)
    if len(inputs) != 2 or inputs[1].op.multiple:
        return plain
    x, v = inputs
    place = _place(node.param("key"), x.shape)
    if place is None or v.dtype != x.dtype:
        return plain
    axis, start, stop = place
    parts = _parts(x, axis)
    at = 0
    for position, part in enumerate(parts):
        size = part.shape[axis]
        if at <= start and stop <= at + size and is_literal(part, 0):
            pieces = [_zeros(x, axis, start - at), _shaped(v, x, axis, stop - start), _zeros(x, axis, at + size - stop)]
            whole = [*parts[:position], *[piece for piece in pieces if piece.shape[axis]], *parts[position + 1 :]]
            return concatenate(whole, axis) if 1 < len(whole) <= _MOST_PARTS else plain
        at += size
    return plain


def _place(key: Key, shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """The one axis of which the key takes a part, and which; None for any other key."""
    found: tuple[int, int, int] | None = None
    if any(type(entry) not in (Cut, int) and entry is not Ellipsis for entry in key):
        return None
    if Ellipsis in key and key[-1] is not Ellipsis:
        return None
    for axis, entry in enumerate(key):
        if entry is Ellipsis:
            break
        if type(entry) is int:
            span = range(entry % shape[axis], entry % shape[axis] + 1)
        else:
            assert isinstance(entry, Cut), "as was asked above"
            span = chosen(entry, shape[axis])
        if len(span) == shape[axis] and span.step == 1:
            continue
        if found is not None or span.step != 1 or not len(span):
            return None
        found = (axis, span.start, span.stop)
    return found


def _parts(x: Node, axis: int) -> list[Node]:
    if x.op.name == "concatenate" and x.param("axis") == axis:
        return list(x.inputs)
    return [x]


def _zeros(x: Node, axis: int, size: int) -> Node:
    return literal(0, x.dtype, (*x.shape[:axis], size, *x.shape[axis + 1 :]))


def _shaped(v: Node, x: Node, axis: int, size: int) -> Node:
    return reshape(v, (*x.shape[:axis], size, *x.shape[axis + 1 :]))
