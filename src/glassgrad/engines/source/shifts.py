"""Extrema that only shift: the `m` of `exp(z - m) / sum(exp(z - m))`, on which the result does not depend. Floor 4.

A shift c of the extremum is followed through the graph: a value is base + a·c, or base · exp(k·c). Where the result
comes out with a = 0, no derivative flows through the extremum, and an explanation need not show that it adds to zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from glassgrad.graph.node import Node, reachable
from glassgrad.ops.structure import kept_shape


@dataclass(frozen=True, slots=True)
class _Shift:
    """How a value moves with the shift: base + degree · c, or base · exp(degree · c); `full` says that it has the axes
    along which the extremum was taken (maybe at size 1).
    """

    degree: int
    exponential: bool
    full: bool


class _Unknown(Exception):  # noqa: N818 - it is caught in this file
    """The value depends on the shift in another way."""


def idle_extrema(output: Node) -> list[Node]:
    """The maxima and minima on which the output does not depend, though it uses them."""
    nodes = reachable([output])
    extrema = [node for node in nodes if node.op.name in ("max", "min") and node.dtype.kind == "f" and node.aval.size]
    return [node for node in extrema if _is_idle(node, nodes, output)]


def _is_idle(extremum: Node, nodes: Sequence[Node], output: Node) -> bool:
    axes: tuple[int, ...] = extremum.param("axes")
    full = extremum.inputs[0].shape
    shifts: dict[Node, _Shift] = {extremum: _Shift(1, exponential=False, full=False)}
    try:
        for node in nodes:
            if node.serial > extremum.serial and any(x in shifts for x in node.inputs):
                found = _follow(node, shifts, full, axes)
                if found.degree:
                    shifts[node] = found
    except _Unknown:
        return False
    return output not in shifts


def _follow(node: Node, shifts: Mapping[Node, _Shift], full: tuple[int, ...], axes: tuple[int, ...]) -> _Shift:
    parts = [shifts.get(x) for x in node.inputs]
    known = [part for part in parts if part is not None]
    exponential = known[0].exponential
    match node.op.name:
        case "reshape" | "broadcast":
            return _spread(node, known[0], full, axes)
        case "cast" | "mark":
            return known[0]
        case "sum" | "mean" if (
            exponential and known[0].full and node.param("axes") == axes and node.inputs[0].shape == full
        ):
            return _Shift(known[0].degree, exponential=True, full=False)
    if node.op.ufunc is None or any(part.full != known[0].full or part.exponential != exponential for part in known):
        raise _Unknown
    degrees = [0 if part is None else part.degree for part in parts]
    match node.op.name, exponential:
        case ("add", False):
            return _Shift(sum(degrees), exponential=False, full=known[0].full)
        case ("subtract", False):
            return _Shift(degrees[0] - degrees[1], exponential=False, full=known[0].full)
        case ("negative", False):
            return _Shift(-degrees[0], exponential=False, full=known[0].full)
        case ("exp", False):
            return _Shift(degrees[0], exponential=True, full=known[0].full)
        case ("log", True):
            return _Shift(degrees[0], exponential=False, full=known[0].full)
        case ("multiply", True):
            return _Shift(sum(degrees), exponential=True, full=known[0].full)
        case ("divide", True):
            return _Shift(degrees[0] - degrees[1], exponential=True, full=known[0].full)
    raise _Unknown


def _spread(node: Node, shift: _Shift, full: tuple[int, ...], axes: tuple[int, ...]) -> _Shift:
    """The reduced value with its axes put back at size 1, and those spread out; or taken away again."""
    before, kept = node.inputs[0].shape, kept_shape(full, axes)
    reduced = tuple(size for axis, size in enumerate(full) if axis not in axes)
    if (
        not shift.full
        and before == reduced
        and node.shape in (kept, full)
        and (node.op.name == "reshape" or not reduced)
    ):
        return _Shift(shift.degree, shift.exponential, full=True)
    if shift.full and before == kept and node.shape in (kept, full):
        return shift
    if shift.full and before == kept and node.shape == reduced:
        return _Shift(shift.degree, shift.exponential, full=False)
    raise _Unknown
