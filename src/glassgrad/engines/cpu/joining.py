"""Parts added to an array one after another, as one array put together from boxes, each with its own sum. Floor 4.

The gradient of `x[1:] - x[:-1]` is `zeros[1:] += v; zeros[:-1] -= v`. Its first element is -v[0], its last v[-1], and
between them lies v[:-1] - v[1:]: three loops that write each element once.
"""

from collections.abc import Sequence
from itertools import accumulate

from glassgrad.engines.cpu.emit.scalars import is_scalar
from glassgrad.graph.node import Node, make
from glassgrad.ops.elementwise import add
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Cut, Key, chosen
from glassgrad.ops.leaves import is_literal, literal
from glassgrad.ops.shape import concatenate
from glassgrad.ops.structure import reshape

_MOST_BOXES = 80
_SMALLER = 4  # how many times smaller than a computed array a part of it is that is better added where the array lies

Span = tuple[int, int]


def joined(node: Node, inputs: Sequence[Node]) -> Node:
    """`zeros[a:b, c:d] += v`, once or several times, as concatenations of what is in each box."""
    plain = make(node.op, tuple(inputs), node.params)
    if len(inputs) != 2 or inputs[1].op.multiple:
        return plain
    x, v = inputs
    box = box_of(node.param("key"), x.shape)
    if box is None or v.dtype != x.dtype or not _is_put_together(x, v):
        return plain
    whole = _added(x, reshape(v, tuple([stop - start for start, stop in box])), box, 0)
    return whole if _is_small(whole) else plain


def _is_put_together(x: Node, v: Node) -> bool:
    """Is the array one that costs nothing to take apart?"""
    if is_literal(x, 0) or x.op.name == "concatenate":
        return True
    return is_scalar(x) and v.aval.size * _SMALLER >= x.aval.size


def box_of(key: Key, shape: tuple[int, ...]) -> list[Span] | None:
    """The range that the key takes of each axis; None for a key that takes no ranges, or nothing."""
    if any(type(entry) not in (Cut, int) and entry is not Ellipsis and entry is not None for entry in key):
        return None
    if Ellipsis in key and key[-1] is not Ellipsis:
        return None
    spans: list[Span] = []
    for entry in key:
        if entry is None or entry is Ellipsis:
            continue
        size = shape[len(spans)]
        span = range(entry % size, entry % size + 1) if type(entry) is int else _taken(entry, size)
        if span.step != 1:
            return None
        spans.append((span.start, span.stop))
    spans.extend([(0, size) for size in shape[len(spans) :]])
    return spans if all(start < stop for start, stop in spans) else None


def _taken(entry: object, size: int) -> range:
    assert isinstance(entry, Cut), "as was asked before"
    return chosen(entry, size)


# ------------------------------------------------------------------ boxes
def _added(x: Node, v: Node, box: Sequence[Span], axis: int) -> Node:
    """The array with v added in a box, cut from this axis on."""
    if axis == x.ndim:
        return v if is_literal(x, 0) else add(x, v)
    start, stop = box[axis]
    parts = list(x.inputs) if x.op.name == "concatenate" and x.param("axis") == axis else [x]
    begins = accumulate([part.shape[axis] for part in parts], initial=0)
    whole: list[Node] = []
    for part, begin in zip(parts, begins, strict=False):
        size = part.shape[axis]
        first, last = (min(max(edge - begin, 0), size) for edge in (start, stop))
        if first == last:
            whole.append(part)
            continue
        inside = _cut(v, axis, begin + first - start, begin + last - start)
        changed = _added(_cut(part, axis, first, last), inside, box, axis + 1)
        whole.extend([_cut(part, axis, 0, first), changed, _cut(part, axis, last, size)])
    return concatenate([part for part in whole if part.shape[axis]], axis)


def _cut(x: Node, axis: int, start: int, stop: int) -> Node:
    """A range of an array along an axis; of an array put together from parts, the ranges of the parts."""
    size = x.shape[axis]
    if (start, stop) == (0, size):
        return x
    if start == stop or is_literal(x, 0):
        return literal(0, x.dtype, (*x.shape[:axis], stop - start, *x.shape[axis + 1 :]))
    if x.op.name != "concatenate":
        return index(x, (FULL,) * axis + (Cut(start, stop, None),))
    own = x.param("axis")
    if own != axis:
        return concatenate([_cut(part, axis, start, stop) for part in x.inputs], own)
    begins = accumulate([part.shape[axis] for part in x.inputs], initial=0)
    found = [
        _cut(part, axis, max(start - begin, 0), min(stop - begin, part.shape[axis]))
        for part, begin in zip(x.inputs, begins, strict=False)
        if begin < stop and start < begin + part.shape[axis]
    ]
    return concatenate(found, axis)


def _is_small(x: Node) -> bool:
    """Are the boxes few enough to have loops of their own?"""
    stack, count = [x], 0
    while stack and count <= _MOST_BOXES:
        node = stack.pop()
        if node.op.name == "concatenate":
            stack.extend(node.inputs)
        else:
            count += 1
    return count <= _MOST_BOXES
