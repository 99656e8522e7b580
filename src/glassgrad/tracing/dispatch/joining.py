"""concatenate, stack, split, pad, append, insert, delete on traced values. Floor 3."""

from typing import Any

import numpy as np

from glassgrad.base.errors import OutOfRangeError, ShapeError, UnsupportedError, UsageError
from glassgrad.graph.node import Node
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.shape import concatenate, stack
from glassgrad.ops.structure import broadcast, cast, reshape
from glassgrad.tracing.dispatch.axes import one_axis
from glassgrad.tracing.dispatch.ufuncs import traced
from glassgrad.tracing.dispatch.views import part_of
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap


# ------------------------------------------------------------------ joining
def _parts(arrays: Any) -> list[Node]:
    """The arrays to join: of a tuple or list, or the first axis of one array."""
    parts = [to_node(part) for part in arrays]
    if not parts:
        raise ShapeError("need at least one array to join")
    return parts


def _finish(node: Node, out: Any, dtype: Any, casting: str) -> Tracer:
    if out is not None:
        raise UnsupportedError("out= writes into an array that is being traced", hint="use the result")
    if dtype is not None and not np.can_cast(node.dtype, dtype, casting):  # type: ignore[arg-type]  # a name of a rule
        raise UsageError(f"cannot cast {node.dtype} to {np.dtype(dtype)} by the rule {casting!r}")
    return wrap(node if dtype is None else cast(node, np.dtype(dtype)))


@implements(np.concatenate)
def concatenate_traced(
    arrays: Any, /, axis: int | None = 0, out: None = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Tracer:
    """`np.concatenate`."""
    parts = _parts(arrays)
    if axis is None:
        parts, axis = [reshape(part, (part.aval.size,)) for part in parts], 0
    if any(part.ndim == 0 for part in parts):
        raise ShapeError("arrays of no axes cannot be concatenated", hint="np.stack makes a vector of them")
    return _finish(concatenate(parts, one_axis(axis, parts[0].ndim)), out, dtype, casting)


@implements(np.stack)
def stack_traced(
    arrays: Any, axis: int = 0, out: None = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Tracer:
    """`np.stack`."""
    parts = _parts(arrays)
    return _finish(stack(parts, one_axis(axis, parts[0].ndim + 1)), out, dtype, casting)


@implements(np.vstack)
def vstack_traced(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Tracer:
    """`np.vstack`: rows (or blocks of rows) below one another."""
    return concatenate_traced([np.atleast_2d(wrap(part)) for part in _parts(tup)], 0, dtype=dtype, casting=casting)


@implements(np.hstack)
def hstack_traced(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Tracer:
    """`np.hstack`: vectors one after another, matrices side by side."""
    parts = [np.atleast_1d(wrap(part)) for part in _parts(tup)]
    return concatenate_traced(parts, 0 if parts[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@implements(np.dstack)
def dstack_traced(tup: Any) -> Tracer:
    """`np.dstack`: along the third axis."""
    return concatenate_traced([np.atleast_3d(wrap(part)) for part in _parts(tup)], 2)


@implements(np.column_stack)
def column_stack_traced(tup: Any) -> Tracer:
    """`np.column_stack`: vectors as the columns of a matrix."""
    columns = [reshape(part, (part.aval.size, 1)) if part.ndim < 2 else part for part in _parts(tup)]
    return concatenate_traced([wrap(column) for column in columns], 1)


@implements(np.block)
def block_traced(arrays: Any) -> Tracer:
    """`np.block`: nested lists, the innermost joined along the last axis."""
    depth, ndim = _depth(arrays), _widest(arrays)
    return wrap(_block(arrays, depth, max(depth, ndim), 0))


def _depth(arrays: Any) -> int:
    depth = 0
    while isinstance(arrays, list):
        if not arrays:
            raise ShapeError("np.block cannot join an empty list")
        arrays, depth = arrays[0], depth + 1
    return depth


def _widest(arrays: Any) -> int:
    return max([_widest(part) for part in arrays]) if isinstance(arrays, list) else to_node(arrays).ndim


def _block(arrays: Any, depth: int, ndim: int, level: int) -> Node:
    if isinstance(arrays, list) != (level < depth):
        raise ShapeError("np.block needs lists that are equally deep")
    if level == depth:
        node = to_node(arrays)
        return reshape(node, (*[1] * (ndim - node.ndim), *node.shape))
    return concatenate([_block(part, depth, ndim, level + 1) for part in arrays], ndim - depth + level)


@implements(np.append)
def append_traced(arr: Any, values: Any, axis: int | None = None) -> Tracer:
    """`np.append`."""
    return concatenate_traced([wrap(to_node(arr)), wrap(to_node(values))], axis)


# ------------------------------------------------------------------ splitting
@implements(np.array_split)
def array_split_traced(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tracer]:
    """`np.array_split`: pieces as views."""
    place = one_axis(axis, to_node(ary).ndim)
    size = to_node(ary).shape[place]
    if np.ndim(indices_or_sections):
        ends = [int(end) for end in indices_or_sections]
    else:
        sections = int(indices_or_sections)
        if sections <= 0:
            raise UsageError("number sections must be larger than 0.")
        each, extra = divmod(size, sections)
        ends = [each * i + min(i, extra) for i in range(1, sections)]
    starts: list[int | None] = [None, *ends]
    stops: list[int | None] = [*ends, None]
    return [part_of(ary, (*[FULL] * place, Cut(start, stop, None))) for start, stop in zip(starts, stops, strict=True)]


@implements(np.split)
def split_traced(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tracer]:
    """`np.split`: as array_split, into equal pieces where a number is given."""
    size = to_node(ary).shape[one_axis(axis, to_node(ary).ndim)]
    if not np.ndim(indices_or_sections) and size % int(indices_or_sections):
        raise ShapeError(
            f"an axis of size {size} cannot be split into {indices_or_sections} equal parts",
            hint="np.array_split allows parts that differ by one",
        )
    return array_split_traced(ary, indices_or_sections, axis)


@implements(np.hsplit)
def hsplit_traced(ary: Any, indices_or_sections: Any) -> list[Tracer]:
    """`np.hsplit`."""
    return split_traced(ary, indices_or_sections, 1 if to_node(ary).ndim > 1 else 0)


@implements(np.vsplit)
def vsplit_traced(ary: Any, indices_or_sections: Any) -> list[Tracer]:
    """`np.vsplit`."""
    if to_node(ary).ndim < 2:
        raise ShapeError("vsplit needs at least two axes", hint="np.split")
    return split_traced(ary, indices_or_sections, 0)


@implements(np.dsplit)
def dsplit_traced(ary: Any, indices_or_sections: Any) -> list[Tracer]:
    """`np.dsplit`."""
    if to_node(ary).ndim < 3:
        raise ShapeError("dsplit needs at least three axes", hint="np.split")
    return split_traced(ary, indices_or_sections, 2)


def unstack_traced(x: Any, /, *, axis: int = 0) -> tuple[Tracer, ...]:
    """`np.unstack`: the array's parts along an axis."""
    node = to_node(x)
    place = one_axis(axis, node.ndim)
    return tuple([part_of(x, (*[FULL] * place, i)) for i in range(node.shape[place])])


if hasattr(np, "unstack"):  # from NumPy 2.1
    implements(np.unstack)(unstack_traced)


# ------------------------------------------------------------------ putting in and taking out
@implements(np.delete)
def delete_traced(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """`np.delete`."""
    x, place = _flat_or_along(arr, axis)
    kept = np.delete(np.arange(x.shape[place]), obj)
    return x[(slice(None),) * place + (kept,)]


@implements(np.insert)
def insert_traced(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """`np.insert`."""
    x, place = _flat_or_along(arr, axis)
    size = x.shape[place]
    places = np.arange(size)[obj] if isinstance(obj, slice) else np.asarray(obj)
    places = (
        np.flatnonzero(places) if places.dtype.kind == "b" else places.astype(np.intp) if not places.size else places
    )
    if places.size and not -size <= places.min() <= places.max() <= size:
        raise OutOfRangeError(f"insert at {obj} lies outside of an axis of size {size}")
    places = np.where(places < 0, places + size, places)
    new = cast(to_node(values), x.dtype)
    if places.size == 1:
        return _insert_at(x, place, int(places.item()), new, is_number=places.ndim == 0)
    part = broadcast(new, (*x.shape[:place], len(places), *x.shape[place + 1 :]))
    order = np.argsort(places, kind="stable")
    targets = places[order] + np.arange(len(places))
    take = np.empty(size + len(places), np.intp)
    take[targets] = size + order
    take[np.delete(np.arange(len(take)), targets)] = np.arange(size)
    return wrap(concatenate([x.node, part], place))[(slice(None),) * place + (take,)]


def _insert_at(x: Tracer, place: int, where: int, new: Node, *, is_number: bool) -> Tracer:
    """One place: beside a number the values are laid along the axis, beside a list of one they are broadcast."""
    new = reshape(new, (*[1] * (x.ndim - new.ndim), *new.shape)) if new.ndim < x.ndim else new
    values: Any = np.moveaxis(traced(new), 0, place) if is_number else traced(new)
    values = np.broadcast_to(values, (*x.shape[:place], values.shape[place], *x.shape[place + 1 :]))
    before, after = array_split_traced(x, [where], place)
    return wrap(concatenate([before.node, to_node(values), after.node], place))


def _flat_or_along(arr: Any, axis: int | None) -> tuple[Tracer, int]:
    node = to_node(arr)
    if axis is None:
        return wrap(reshape(node, (node.aval.size,))), 0
    return wrap(node), one_axis(axis, node.ndim)
