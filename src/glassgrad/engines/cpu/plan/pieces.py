"""Arrays put together from parts: concatenate, pad, shift, shares of windows, writes into a copy. Floor 4."""

from collections.abc import Collection, Mapping
from itertools import product
from math import prod

from glassgrad.engines.cpu.plan.homes import Home, is_at_home
from glassgrad.engines.cpu.plan.index import Affine, Axis, Index, Looked, number, variable
from glassgrad.engines.cpu.plan.kernels import Change, Kernel, Phase, Role, Root
from glassgrad.engines.cpu.plan.views import part_place, view_key_index
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import literal

_PLANE = 1 << 18  # bytes of an array, from its lead on, that the shares of all taps are added to one after another


def put_together(node: Node, homes: Mapping[Node, Home], over: Collection[Node]) -> Kernel:
    """The loops of such an array: one after another, but for shares of windows in small planes, plane by plane."""
    if node.op.name == "overlap":
        return _overlapped(node)
    return Kernel((), _phases(node, homes)[node in over :])


def _phases(node: Node, homes: Mapping[Node, Home]) -> list[Phase]:
    match node.op.name:
        case "concatenate" | "stack":
            return [
                _part(node, x, lambda index, p=position: part_place(node, p, index))
                for position, x in enumerate(node.inputs)
                if not is_at_home(homes, node, position)
            ]
        case "pad":
            (x,), widths = node.inputs, node.param("widths")
            starts = [before for before, _ in widths]
            return [
                _filled(node, 0),
                _part(node, x, lambda index: tuple([p.shifted(s) for p, s in zip(index, starts, strict=True)])),
            ]
        case "shift":
            return _shifted(node)
        case "taps_beside":
            return _taps_beside(node)
        case "add_places":
            v, places = node.inputs
            return [
                _filled(node, 0),
                _part(node, v, lambda index: (*index[:-1], _at(places, index, node.shape[-1])), Change.ADD),
            ]
    return _written(node)


def _part(node: Node, x: Node, place: object, change: Change = Change.SET) -> Phase:
    axes = tuple([Axis(size) for size in x.shape])
    index = tuple([variable(axis) for axis in axes])
    target = place(index)  # type: ignore[operator]  # from index to index
    root = Root(node, Role.VIEW, axes, (), [(x, index)], target, change, stored=True)
    return Phase(tuple([axis for axis in axes if axis.extent != 1]), [root])


def _filled(node: Node, fill: float) -> Phase:
    return _part(node, literal(fill, node.dtype, node.shape), lambda index: index)


def _moved(index: Index, axis: int, by: int) -> Index:
    return (*index[:axis], index[axis].shifted(by), *index[axis + 1 :])


def _shifted(node: Node) -> list[Phase]:
    """Each value one place on along the axis: the edge first, then the rest."""
    (x,), axis, step = node.inputs, node.param("axis"), node.param("step")
    phase = _filled(node, node.param("fill"))
    size = x.shape[axis]
    if size <= 1:
        return [phase]
    axes = tuple([Axis(n - 1 if place == axis else n) for place, n in enumerate(x.shape)])
    index = tuple([variable(a) for a in axes])
    source, target = (index, _moved(index, axis, 1)) if step > 0 else (_moved(index, axis, 1), index)
    root = Root(node, Role.VIEW, axes, (), [(x, source)], target, stored=True)
    return [phase, Phase(tuple([a for a in axes if a.extent != 1]), [root])]


def _at(places: Node, index: Index, size: int) -> Affine:
    return Affine(((Looked(places, index, size, len(index) - 1), 1),), 0)


def _overlapped(node: Node) -> Kernel:
    """For each tap of the windows, its parts added where it read."""
    (parts,), taps = node.inputs, node.param("taps")
    lead = node.ndim - len(taps)
    small = prod(node.shape[lead:]) * node.dtype.itemsize <= _PLANE
    frame = tuple([Axis(size) for size in node.shape[:lead]]) if small else ()
    space = (*frame, *[Axis(size) for size in node.shape[len(frame) :]])
    index = tuple([variable(axis) for axis in space])
    fill = Root(node, Role.VIEW, space, (), [(literal(0, node.dtype, node.shape), index)], index, stored=True)
    phases = [_inside(frame, fill)]
    for tap in product(*[range(count) for count in taps]):
        positions = parts.shape[lead + len(taps) :]
        axes = (*frame, *[Axis(size) for size in (*node.shape[len(frame) : lead], *positions)])
        own = tuple([variable(axis) for axis in axes])
        source = (*own[:lead], *[number(k) for k in tap], *own[lead:])
        target = (*own[:lead], *_read_by(node, tap, own[lead:], node.param("dilation")))
        phases.append(
            _inside(frame, Root(node, Role.VIEW, axes, (), [(parts, source)], target, Change.ADD, stored=True))
        )
    return Kernel(tuple([axis for axis in frame if axis.extent != 1]), phases)


def _inside(frame: tuple[Axis, ...], *roots: Root) -> Phase:
    """The loops of roots inside of the frame."""
    return Phase(tuple([axis for axis in roots[0].axes if axis.extent != 1 and axis not in frame]), [*roots])


def _read_by(node: Node, tap: tuple[int, ...], position: Index, dilation: tuple[int, ...]) -> Index:
    """What a tap of the window at this position reads."""
    steps = zip(position, tap, node.param("stride"), dilation, strict=True)
    return tuple([p.times(stride).shifted(k * gap) for p, k, stride, gap in steps])


def _taps_beside(node: Node) -> list[Phase]:
    """The elements of windows that lie apart, from one array for each tap; zeros between."""
    taps, stride = node.param("taps"), node.param("stride")
    shape = node.inputs[0].shape
    lead = node.ndim - len(taps)
    axes = tuple([Axis(size) for size in shape])
    own = tuple([variable(axis) for axis in axes])
    beside = taps[-1]
    roots = []
    for place, tap in enumerate(product(*[range(count) for count in taps[:-1]])):
        parts = node.inputs[place * beside : (place + 1) * beside]
        target = (*own[:lead], *_read_by(node, (*tap, 0), own[lead:], (1,) * len(taps)))
        roots.append(Root(node, Role.BESIDE, axes, (), [(x, own) for x in parts], target, stored=True))
    whole = all(
        n * s == size and s == k for n, s, k, size in zip(shape[lead:], stride, taps, node.shape[lead:], strict=True)
    )
    return [_inside((), *roots)] if whole else [_filled(node, 0), _inside((), *roots)]


def _written(node: Node) -> list[Phase]:
    x, v, *_ = node.inputs
    change = Change.ADD if node.op.name == "index_add" else Change.SET
    return [
        _part(node, x, lambda index: index),
        _part(node, v, lambda index: view_key_index(node, index), change),
    ]
