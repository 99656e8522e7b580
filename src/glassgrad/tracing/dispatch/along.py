"""Functions applied along axes, moving windows, the indices of diagonals and triangles. Floor 3."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.graph.node import Node
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Slot
from glassgrad.ops.leaves import capture
from glassgrad.ops.structure import transpose
from glassgrad.tracing.dispatch.axes import one_axis, shape_of
from glassgrad.tracing.dispatch.ufuncs import traced
from glassgrad.tracing.dispatch.views import read_only, view_of
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node


@implements(np.apply_along_axis)
def apply_along_axis_traced(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.apply_along_axis`: the function called for each vector along an axis."""
    x = np.moveaxis(traced(arr), axis, -1)
    places = list(np.ndindex(x.shape[:-1]))
    if not places:
        raise ShapeError(f"there is no vector in an array of shape {show_shape(x.shape)} to apply the function to")
    results = [traced(func1d(x[place], *args, **kwargs)) for place in places]
    joined = np.reshape(np.stack(results), (*x.shape[:-1], *results[0].shape))
    start, stop = one_axis(axis, x.ndim), joined.ndim
    order = (*range(start), *range(x.ndim - 1, stop), *range(start, x.ndim - 1))
    return np.transpose(joined, order)


@implements(np.apply_over_axes)
def apply_over_axes_traced(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """`np.apply_over_axes`: the reduction over one axis after the other, which stay with size 1."""
    result = traced(a)
    for axis in axes if isinstance(axes, tuple | list) else (axes,):
        place = one_axis(axis, np.ndim(a))
        reduced = func(result, place)
        result = reduced if np.ndim(reduced) == result.ndim else np.expand_dims(reduced, place)
    return result


@implements(sliding_window_view)
def sliding_window_view_traced(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Tracer:
    """`np.lib.stride_tricks.sliding_window_view`: the windows lie along new axes at the end."""
    if writeable:
        raise UsageError("windows overlap, so a traced one cannot be written into")
    ndim, windows = to_node(x).ndim, shape_of(window_shape)
    listed = range(ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    places = [one_axis(place, ndim) for place in listed]
    if len(places) != len(windows):
        raise ShapeError(f"{len(windows)} window sizes for {len(places)} axes")

    def read(base: Node) -> Node:
        for place, window in zip(places, windows, strict=True):
            base = _windows(base, place, window)
        return base

    return view_of(
        x,
        read,
        read_only("a sliding window"),
        lambda array: sliding_window_view(array, windows, tuple(places)),
    )


def _windows(x: Node, place: int, window: int) -> Node:
    starts = x.shape[place] - window + 1
    if window < 0 or starts < 0:
        raise ShapeError(f"a window of {window} does not fit an axis of size {x.shape[place]}")
    places = np.arange(starts)[:, None] + np.arange(window)
    read = index(x, (*[FULL] * place, Slot(0)), [capture(places)])
    return transpose(read, (*range(place + 1), *range(place + 2, read.ndim), place + 1))


# ------------------------------------------------------------------ running sums of the array API
def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: None = None, include_initial: bool = False
) -> Any:
    """The running sum along an axis, where asked for with the 0 before the first; of plain arrays too.

    >>> cumulative_sum(np.array([1, 2, 3]), include_initial=True)
    array([0, 1, 3, 6])
    """
    return _cumulative(np.cumsum, 0, x, axis, dtype, include_initial=include_initial)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, out: None = None, include_initial: bool = False
) -> Any:
    """The running product along an axis, where asked for with the 1 before the first; of plain arrays too.

    >>> cumulative_prod(np.array([1, 2, 3]), include_initial=True)
    array([1, 1, 2, 6])
    """
    return _cumulative(np.cumprod, 1, x, axis, dtype, include_initial=include_initial)


def _cumulative(running: Any, first: int, x: Any, axis: int | None, dtype: Any, *, include_initial: bool) -> Any:
    if axis is None:
        if np.ndim(x) != 1:
            raise UsageError("a running sum of several axes needs axis=")
        axis = 0
    result = running(x, axis=axis, dtype=dtype)
    if not include_initial:
        return result
    shape = list(np.shape(result))
    shape[axis] = 1
    return np.concatenate([np.full(shape, first, result.dtype), result], axis=axis)


if hasattr(np, "cumulative_sum"):  # from NumPy 2.1
    implements(np.cumulative_sum)(cumulative_sum)
    implements(np.cumulative_prod)(cumulative_prod)


# ------------------------------------------------------------------ indices, which depend on the shape alone
@implements(np.diag_indices_from)
def diag_indices_from_traced(arr: Any) -> tuple[np.ndarray, ...]:
    """`np.diag_indices_from`."""
    return np.diag_indices_from(np.broadcast_to(np.int8(0), to_node(arr).shape))


@implements(np.tril_indices_from)
def tril_indices_from_traced(arr: Any, k: int = 0) -> tuple[np.ndarray, ...]:
    """`np.tril_indices_from`."""
    return np.tril_indices_from(np.broadcast_to(np.int8(0), to_node(arr).shape), k)


@implements(np.triu_indices_from)
def triu_indices_from_traced(arr: Any, k: int = 0) -> tuple[np.ndarray, ...]:
    """`np.triu_indices_from`."""
    return np.triu_indices_from(np.broadcast_to(np.int8(0), to_node(arr).shape), k)
