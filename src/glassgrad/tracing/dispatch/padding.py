"""`np.pad` in all its modes: zeros are an op, the other modes are made of pieces of the array. Floor 3."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from glassgrad.base.errors import ShapeError, UnsupportedError, UsageError
from glassgrad.graph.node import Node
from glassgrad.ops.index import index, index_update
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.leaves import is_literal
from glassgrad.ops.lifting import lift
from glassgrad.ops.shape import Widths, concatenate, pad
from glassgrad.ops.structure import broadcast, cast
from glassgrad.tracing.dispatch.ufuncs import traced
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, any_traced, to_node, wrap

Pair = tuple[Any, Any]
# Modes that pick elements of the array: where each of the `n + before + after` places takes its element from.
Places = Callable[[np.ndarray, int], Any]


@implements(np.pad)
def pad_traced(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Tracer:
    """`np.pad`."""
    node = to_node(array)
    widths = _widths(pad_width, node.ndim)
    if callable(mode):
        raise UnsupportedError(
            "np.pad with a function as its mode writes into an array that is being traced",
            hint="np.pad(x, widths) and then out[...] = … where something else is wanted",
        )
    if mode == "constant":
        return wrap(_constant(node, widths, _pairs(options.pop("constant_values", 0), node.ndim)))
    if mode == "empty":
        return wrap(pad(node, widths))
    if mode not in _PLACES and mode != "linear_ramp" and mode not in _STATISTICS:
        raise UsageError(f"np.pad has no mode {mode!r}")
    for axis, (before, after) in enumerate(widths):
        if before or after:
            node = _pad_axis(node, axis, before, after, mode, options)
    return wrap(node)


def _widths(given: Any, ndim: int) -> Widths:
    if isinstance(given, Mapping):
        places = {axis % ndim: pair for axis, pair in given.items()}
        listed: list[Any] = [places.get(axis, (0, 0)) for axis in range(ndim)]
        given = [pair if np.ndim(pair) else (pair, pair) for pair in listed]
    wide = np.broadcast_to(np.asarray(given), (ndim, 2))
    if wide.dtype.kind not in "iu":
        raise UsageError("`pad_width` must be of integral type")
    if (wide < 0).any():
        raise ShapeError("a pad width may not be negative", hint="a slice cuts elements off")
    return tuple([(int(before), int(after)) for before, after in wide])


def _pairs(given: Any, ndim: int) -> list[Pair]:
    """A value before and after for each axis; they may be traced."""
    if isinstance(given, Tracer) or any_traced(given):
        node = broadcast(to_node(given), (ndim, 2))
        return [(index(node, (axis, 0)), index(node, (axis, 1))) for axis in range(ndim)]
    wide = np.broadcast_to(np.asarray(given), (ndim, 2))
    return [(before, after) for before, after in wide]


def _constant(node: Node, widths: Widths, values: list[Pair]) -> Node:
    result = pad(node, widths)
    for axis, ((before, after), ends) in enumerate(zip(widths, values, strict=True)):
        size = result.shape[axis]
        for count, value, cut in (
            (before, ends[0], Cut(None, before, None)),
            (after, ends[1], Cut(size - after, None, None)),
        ):
            number = cast(lift(value), node.dtype)
            if count and not is_literal(number, 0):
                part = (*result.shape[:axis], count, *result.shape[axis + 1 :])
                result = index_update(result, broadcast(number, part), (*[FULL] * axis, cut))
    return result


def _pad_axis(node: Node, axis: int, before: int, after: int, mode: str, options: Mapping[str, Any]) -> Node:
    size = node.shape[axis]
    if not size:
        raise ShapeError(f"an axis of size 0 cannot be padded in mode {mode!r}", hint='mode="constant" can')
    if mode in _PLACES:
        return _picked(node, axis, before, after, mode, options.get("reflect_type", "even"))
    if mode == "linear_ramp":
        ends = _pairs(options.get("end_values", 0), node.ndim)[axis]
        front = _ramp(index(node, (*[FULL] * axis, Cut(0, 1, None))), axis, before, ends[0])
        back = _ramp(index(node, (*[FULL] * axis, Cut(size - 1, size, None))), axis, after, ends[1])
        return concatenate([front, node, index(back, (*[FULL] * axis, Cut(None, None, -1)))], axis)
    lengths = options.get("stat_length")
    wide = [(size, size)] * node.ndim if lengths is None else _widths(lengths, node.ndim)
    first, last = (min(count, size) for count in wide[axis])
    front = _statistic(index(node, (*[FULL] * axis, Cut(0, first, None))), axis, before, mode)
    back = _statistic(index(node, (*[FULL] * axis, Cut(size - last, size, None))), axis, after, mode)
    return concatenate([front, node, back], axis)


def _ramp(edge: Node, axis: int, count: int, end: Any) -> Node:
    """From `end` towards the edge, which is not reached any more."""
    steps = np.arange(count).reshape([count if i == axis else 1 for i in range(edge.ndim)]) / max(count, 1)
    ramp = traced(end) + (traced(edge) - traced(end)) * steps
    return cast(to_node(np.floor(ramp) if edge.dtype.kind in "iu" else ramp), edge.dtype)


_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": np.max,
    "minimum": np.min,
    "mean": np.mean,
    "median": np.median,
}


def _statistic(part: Node, axis: int, count: int, mode: str) -> Node:
    value = _STATISTICS[mode](wrap(part), axis=axis, keepdims=True)
    value = np.round(value) if part.dtype.kind in "iu" else value
    return broadcast(cast(to_node(value), part.dtype), (*part.shape[:axis], count, *part.shape[axis + 1 :]))


# ------------------------------------------------------------------ modes that pick elements
def _reflected(places: np.ndarray, size: int) -> np.ndarray:
    """… 2 1 | 0 1 2 | 1 0 …: the edge stands once."""
    period = max(2 * size - 2, 1)
    inside = places % period
    return np.minimum(inside, (period - inside) % period) if size > 1 else np.zeros_like(places)


def _mirrored(places: np.ndarray, size: int) -> np.ndarray:
    """… 1 0 | 0 1 2 | 2 1 …: the edge stands twice."""
    inside = places % (2 * size)
    return np.minimum(inside, 2 * size - 1 - inside)  # type: ignore[no-any-return]  # typed by NumPy as Any


_PLACES: dict[str, Places] = {
    "edge": lambda places, size: np.clip(places, 0, size - 1),
    "wrap": lambda places, size: places % size,
    "reflect": _reflected,
    "symmetric": _mirrored,
}


def _picked(node: Node, axis: int, before: int, after: int, mode: str, reflect_type: str) -> Node:
    size = node.shape[axis]
    places = np.arange(-before, size + after)
    chosen = (slice(None),) * axis + (_PLACES[mode](places, size),)
    found = wrap(node)[chosen]
    if reflect_type == "even" or mode not in ("reflect", "symmetric"):
        return to_node(found)
    # Odd: turned by half a circle about the edge, once for each time an edge is crossed.
    period = max(size - 1, 1) if mode == "reflect" else size
    laps = np.floor_divide(places, period)
    edges = (index(node, (*[FULL] * axis, Cut(0, 1, None))), index(node, (*[FULL] * axis, Cut(size - 1, size, None))))
    first, last = (traced(edge) for edge in edges)
    sign = np.where(laps % 2 == 0, 1, -1).reshape([-1 if i == axis else 1 for i in range(node.ndim)])
    rise = laps.reshape(sign.shape)
    # In lap k the values are ± x plus a whole number of rises from the first edge to the last.
    even = rise * (last - first) + found * sign
    odd = rise * (last - first) + (first + last) + found * sign
    return cast(to_node(np.where(sign > 0, even, odd)), node.dtype)
