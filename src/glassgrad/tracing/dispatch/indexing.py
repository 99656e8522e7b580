"""Brackets on traced arrays: `x[key]`, `x[key] = v`, `x += v`. Floor 3.

Reading by numbers and slices gives a view that writes through, as in NumPy; index arrays and masks give copies.
"""

from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ConversionError, DtypeError, ShapeError, UnsupportedError
from glassgrad.base.warning import warn
from glassgrad.graph.node import Node
from glassgrad.ops.index import index, index_add, index_update
from glassgrad.ops.keys import FULL, Slot, check_index, result_shape
from glassgrad.ops.select import where
from glassgrad.ops.structure import broadcast, cast, reshape
from glassgrad.tracing.dispatch.brackets import Brackets, read_brackets
from glassgrad.tracing.dispatch.views import part_of
from glassgrad.tracing.registry import implements_ufunc
from glassgrad.tracing.tracer import Tracer, indexing, to_node, wrap


# ------------------------------------------------------------------ reading
def get_part(x: Tracer, key: Any) -> Tracer:
    """`x[key]`."""
    if type(key) is int and x.shape:
        check_index(key, 0, x.shape)
        if x.ndim == 1:
            return Tracer(index(x.node, (key,)))
        return part_of(x, (key,))
    found = read_brackets(x.shape, key)
    if found.is_view and (_has_axes(found) or _asks_for_array(key)):
        return part_of(x, found.key, found.indices)
    return Tracer(index(reshape(x.node, found.shape), found.key, found.indices))


def _has_axes(found: Brackets) -> bool:
    return len(found.entries) < len(found.shape) or not all(isinstance(entry, int | Slot) for entry in found.entries)


def _asks_for_array(key: Any) -> bool:
    """`x[0, ...]` is an array of no axes, not a number."""
    return key is Ellipsis or (isinstance(key, tuple) and any(part is Ellipsis for part in key))


# ------------------------------------------------------------------ writing
def set_part(x: Tracer, key: Any, value: Any) -> None:
    """`x[key] = value`."""
    v = as_dtype(value, x.dtype)
    if _is_mask(key, x) and v.ndim <= x.ndim - key.ndim:
        mask = reshape(to_node(key), (*key.shape, *[1] * (x.ndim - key.ndim)))
        x.assign(where(broadcast(mask, x.shape), fitted(v, x.shape[key.ndim :]), x.node))
        return
    found = read_brackets(x.shape, key)
    part = result_shape(found.shape, found.key, [node.shape for node in found.indices])
    if not part and v.ndim and not _asks_for_array(key):
        raise ShapeError(f"an array of shape {show_shape(v.shape)} cannot be written into one element")
    if all(entry == FULL for entry in found.entries):
        x.assign(fitted(v, x.shape))
        return
    before = reshape(x.node, found.shape)
    written = index_update(before, fitted(v, part), found.key, found.indices)
    x.assign(reshape(written, x.shape))


def _is_mask(key: Any, x: Tracer) -> bool:
    return (
        isinstance(key, Tracer | np.ndarray)
        and key.dtype.kind == "b"
        and key.ndim > 0
        and (key.shape == x.shape[: key.ndim])
    )


def as_dtype(value: Any, dtype: np.dtype) -> Node:
    """The node for a value that is written into an array of this dtype, cast as NumPy casts it there."""
    if isinstance(value, complex) and dtype.kind not in "cb":
        raise DtypeError(
            f"the complex number {value} cannot be written into an array of {dtype}",
            hint="np.zeros(…, dtype=complex), or write its real part",
        )
    node = to_node(value, dtype)
    if node.dtype.kind not in "biufc":
        raise DtypeError(f"a value of type {type(value).__name__} cannot be written into an array of {dtype}")
    return with_warning(node, dtype)


def with_warning(node: Node, dtype: np.dtype) -> Node:
    """The cast, with NumPy's warning where it takes the real part."""
    if node.dtype.kind == "c" and dtype.kind not in "cb":
        warn("Casting complex values to real discards the imaginary part", np.exceptions.ComplexWarning)
    return cast(node, dtype)


def fitted(v: Node, shape: tuple[int, ...]) -> Node:
    """The value broadcast to the part that it is written into; leading axes of size 1 may be too many."""
    extra = v.ndim - len(shape)
    if extra > 0 and v.shape[:extra] == (1,) * extra:
        v = reshape(v, v.shape[extra:])
    try:
        return broadcast(v, shape)
    except ShapeError:
        raise ShapeError(
            f"an array of shape {show_shape(v.shape)} cannot be written into a part of shape {show_shape(shape)}"
        ) from None


def assign_whole(x: Tracer, result: Tracer) -> None:
    """`x += v`, where `result` is `x + v`: written into x, as NumPy does."""
    if not np.can_cast(result.dtype, x.dtype, "same_kind"):
        raise DtypeError(
            f"a result of {result.dtype} cannot be written back into an array of {x.dtype}",
            hint="x = x + v makes a new array; or give x the wider dtype: x.astype(float)",
        )
    if result.shape != x.shape:
        raise ShapeError(
            f"a result of shape {show_shape(result.shape)} cannot be written back into an array of shape "
            f"{show_shape(x.shape)}",
            hint="x = x + v makes a new array",
        )
    x.assign(cast(result.node, x.dtype))


@implements_ufunc("at")
def add_at(ufunc: np.ufunc, x: Any, key: Any, value: Any = None) -> None:
    """`np.add.at(x, key, value)` and `np.subtract.at`: a place that the key names twice receives twice."""
    if ufunc not in (np.add, np.subtract):
        raise UnsupportedError(
            f"np.{ufunc.__name__}.at is not known to Glassgrad",
            hint=f"np.add.at is; or x[key] = np.{ufunc.__name__}(x[key], …), where the key names no place twice",
        )
    if not isinstance(x, Tracer):
        raise ConversionError(
            f"np.{ufunc.__name__}.at writes a traced value into a plain NumPy array: its derivative would be lost",
            hint="start from np.zeros_like(x) or glassgrad.numpy.zeros(...), which can be written into",
        )
    v = to_node(value, x.dtype)
    if not np.can_cast(v.dtype, x.dtype, "same_kind"):
        raise DtypeError(f"values of {v.dtype} cannot be added into an array of {x.dtype}")
    if ufunc is np.subtract:
        v = to_node(np.negative(wrap(v)))
    found = read_brackets(x.shape, key)
    part = result_shape(found.shape, found.key, [node.shape for node in found.indices])
    before = reshape(x.node, found.shape)
    written = index_add(before, fitted(cast(v, x.dtype), part), found.key, found.indices)
    x.assign(reshape(written, x.shape))


indexing.update(get=get_part, set=set_part, assign=assign_whole)
