"""Where an element of a view comes from: each view op maps an index of its result to an index of its input. Floor 4."""

from collections.abc import Callable, Sequence

from glassgrad.engines.cpu.plan.index import ZERO, Affine, Index, Looked, flattened, number, unflattened
from glassgrad.graph.node import Node
from glassgrad.ops.keys import Cut, Key, Slot, arrays_first, chosen
from glassgrad.ops.leaves import LITERAL, literal_value


def _reshape(node: Node, index: Index) -> Index:
    return reshaped(index, node.shape, node.inputs[0].shape)


def reshaped(index: Index, shape: Sequence[int], source: Sequence[int]) -> Index:
    """The index into an array of one shape of what lies at this index of the same elements in another shape."""
    if 0 in shape:
        return (ZERO,) * len(source)
    squeezed = [(part, size) for part, size in zip(index, shape, strict=True) if size != 1]
    wanted = [size for size in source if size != 1]
    if [size for _, size in squeezed] == wanted:  # only axes of size 1 come or go
        parts = iter([part for part, _ in squeezed])
        return tuple([ZERO if size == 1 else next(parts) for size in source])
    return unflattened(flattened(index, shape), source)


def _broadcast(node: Node, index: Index) -> Index:
    source = node.inputs[0].shape
    tail = index[len(index) - len(source) :]
    return tuple([ZERO if size == 1 else part for part, size in zip(tail, source, strict=True)])


def _transpose(node: Node, index: Index) -> Index:
    axes = node.param("axes")
    placed: list[Affine] = [ZERO] * len(axes)
    for part, axis in zip(index, axes, strict=True):
        placed[axis] = part
    return tuple(placed)


def _index(node: Node, index: Index) -> Index:
    return _reached(node.inputs[0], node.inputs[1:], node.param("key"), index)


def view_key_index(node: Node, index: Index) -> Index:
    """Where `x[key] = v` puts an element of `v`."""
    return _reached(node.inputs[0], node.inputs[2:], node.param("key"), index)


def _reached(x: Node, indices: Sequence[Node], key: Key, index: Index) -> Index:
    """The index into `x` of an element of `x[key]`."""
    place = arrays_first(key) if indices else None
    shapes = [i.shape for i in indices]
    width = max([len(shape) for shape in shapes], default=0)
    rest = list(index)
    looked: Index = ()
    if place is not None:
        looked = tuple(rest[place : place + width])
        del rest[place : place + width]
    parts: list[Affine] = []
    position = 0
    for entry in key:
        if entry is None:
            position += 1
            continue
        if entry is Ellipsis:
            continue
        size = x.shape[len(parts)]
        if type(entry) is Cut:
            span = chosen(entry, size)
            parts.append(rest[position].times(span.step).shifted(span.start))
            position += 1
        elif type(entry) is Slot:
            parts.append(_looked_up(indices[entry.number], looked, size, len(parts)))
        else:
            parts.append(number(entry % size))  # type: ignore[operator]  # a number: nothing else is left
    if Ellipsis not in key:
        parts.extend(rest[position:])
    return tuple(parts)


def _looked_up(indices: Node, at: Index, size: int, axis: int) -> Affine:
    own = at[len(at) - indices.ndim :] if indices.ndim else ()
    own = tuple([ZERO if n == 1 else part for part, n in zip(own, indices.shape, strict=True)])
    if indices.op is LITERAL and -size <= int(literal_value(indices)) < size:
        return number(int(literal_value(indices)) % size)
    return Affine(((Looked(indices, own, size, axis), 1),), 0)


def _diagonal(node: Node, index: Index) -> Index:
    first, second, offset = node.param("first"), node.param("second"), node.param("offset")
    rest, along = iter(index[:-1]), index[-1]
    placed = {first: along.shifted(max(-offset, 0)), second: along.shifted(max(offset, 0))}
    return tuple([placed[axis] if axis in placed else next(rest) for axis in range(node.inputs[0].ndim)])


def _windows(node: Node, index: Index) -> Index:
    taps = len(node.param("taps"))
    lead = node.ndim - 2 * taps
    steps = zip(
        index[lead : lead + taps], index[lead + taps :], node.param("stride"), node.param("dilation"), strict=True
    )
    return (*index[:lead], *[p.times(stride).plus(k.times(gap)) for k, p, stride, gap in steps])


def _places(node: Node, index: Index) -> Index:
    x, places = node.inputs
    return (*index[:-1], _looked_up(places, index, x.shape[-1], x.ndim - 1))


def _roll(node: Node, index: Index) -> Index:
    axis, shift = node.param("axis"), node.param("shift")
    size = node.shape[axis]
    moved = index[axis].shifted((-shift) % size).remainder(size)
    return (*index[:axis], moved, *index[axis + 1 :])


VIEWS: dict[str, Callable[[Node, Index], Index]] = {
    "reshape": _reshape,
    "broadcast": _broadcast,
    "transpose": _transpose,
    "index": _index,
    "diagonal": _diagonal,
    "roll": _roll,
    "windows": _windows,
    "read_places": _places,
}


def source_index(node: Node, index: Sequence[Affine]) -> Index:
    """The index into a view's first input."""
    return VIEWS[node.op.name](node, tuple(index))


# ------------------------------------------------------------------ arrays put together from parts
JOINED = frozenset({"concatenate", "stack"})
_TURNED = frozenset({"reshape", "transpose", "broadcast"})


def behind(x: Node) -> tuple[Node, tuple[Node, ...]]:
    """The value whose elements are all of these, and the views between, the innermost first."""
    between: list[Node] = []
    while x.op.name in _TURNED and x.aval.size == x.inputs[0].aval.size:
        between.append(x)
        x = x.inputs[0]
    return x, tuple(reversed(between))


def onward(view: Node, index: Index) -> Index:
    """The index into such a view of the element that lies at this index of what it shows."""
    source = view.inputs[0].shape
    match view.op.name:
        case "reshape":
            return reshaped(index, source, view.shape)
        case "transpose":
            return tuple([index[axis] for axis in view.param("axes")])
    return (*[ZERO] * (view.ndim - len(source)), *index)


def part_place(whole: Node, position: int, index: Index) -> Index:
    """Where in a concatenation or stack an element of one of its parts lies."""
    axis = whole.param("axis")
    if whole.op.name == "stack":
        return (*index[:axis], number(position), *index[axis:])
    start = sum([x.shape[axis] for x in whole.inputs[:position]])
    return (*index[:axis], index[axis].shifted(start), *index[axis + 1 :])
