"""reshape, transpose, flip, roll and their kin on traced values. Floor 3. Views where NumPy gives views."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UnsupportedError, UsageError
from glassgrad.ops.diagonal import diagonal_of, put_diagonal
from glassgrad.ops.shape import roll
from glassgrad.ops.structure import cast, reshape
from glassgrad.ops.triangle import tril, triu
from glassgrad.tracing.dispatch.axes import one_axis, several_axes, shape_of
from glassgrad.tracing.dispatch.memory import in_c_order, is_c_contiguous
from glassgrad.tracing.dispatch.selection import known
from glassgrad.tracing.dispatch.views import (
    broadcasted,
    flipped,
    part_of,
    raveled,
    read_only,
    reshaped,
    transposed,
    view_of,
)
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap


# ------------------------------------------------------------------ another shape
@implements(np.reshape)
def reshape_traced(
    a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: bool | None = None
) -> Tracer:
    """`np.reshape`."""
    wanted = shape_of(newshape if shape is None else shape)
    result = reshaped(a, wanted) if rows_first(a, order) else transposed(reshaped(transposed(a), wanted[::-1]))
    return in_c_order(wrap(result.node)) if copy else result


def rows_first(a: Any, order: str) -> bool:
    """Are elements to be read with the last axis running fastest (`order` "C") or the first ("F")?"""
    if order in ("C", "F"):
        return order == "C"
    if order not in ("A", "K"):
        raise UsageError(f"order is 'C', 'F', 'A' or 'K', found {order!r}")
    if to_node(a).ndim > 1 and not is_c_contiguous(a):
        raise UnsupportedError(
            f"order={order!r} asks for the order in memory, which is not known of a traced value",
            hint="order='C' or order='F'",
        )
    return True


@implements(np.ravel)
def ravel_traced(a: Any, order: str = "C") -> Tracer:
    """`np.ravel`."""
    return raveled(a) if rows_first(a, order) else raveled(transposed(a))


@implements(np.expand_dims)
def expand_dims_traced(a: Any, axis: Any) -> Tracer:
    """`np.expand_dims`."""
    shape = to_node(a).shape
    listed = axis if isinstance(axis, tuple | list) else (axis,)
    new = several_axes(listed, len(shape) + len(listed))
    sizes = iter(shape)
    return reshaped(a, tuple([1 if place in new else next(sizes) for place in range(len(shape) + len(new))]))


@implements(np.squeeze)
def squeeze_traced(a: Any, axis: Any = None) -> Tracer:
    """`np.squeeze`."""
    shape = to_node(a).shape
    axes = [i for i, n in enumerate(shape) if n == 1] if axis is None else several_axes(axis, len(shape))
    for i in axes:
        if shape[i] != 1:
            raise ShapeError(
                f"axis {i} of shape {show_shape(shape)} has size {shape[i]} and cannot be squeezed",
                hint="only axes of size 1 can; x[0] or x.reshape for others",
            )
    return reshaped(a, tuple([n for i, n in enumerate(shape) if i not in axes]))


def _at_least(name: str, ndim: int) -> Any:
    def at_least(*arys: Any) -> Any:
        results = tuple([_with_axes(array, ndim) for array in arys])
        return results[0] if len(results) == 1 else results

    at_least.__doc__ = f"`np.{name}`."
    return at_least


def _with_axes(array: Any, ndim: int) -> Any:
    shape = to_node(array).shape
    if len(shape) >= ndim:
        return array if type(array) is Tracer else wrap(to_node(array))
    if ndim < 3:
        return reshaped(array, (*[1] * (ndim - len(shape)), *shape))
    return reshaped(array, {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}[len(shape)])


implements(np.atleast_1d)(_at_least("atleast_1d", 1))
implements(np.atleast_2d)(_at_least("atleast_2d", 2))
implements(np.atleast_3d)(_at_least("atleast_3d", 3))


# ------------------------------------------------------------------ axes in another order
@implements(np.transpose)
def transpose_traced(a: Any, axes: Any = None) -> Tracer:
    """`np.transpose`."""
    return transposed(a, axes)


@implements(np.swapaxes)
def swapaxes_traced(a: Any, axis1: int, axis2: int) -> Tracer:
    """`np.swapaxes`."""
    order = list(range(to_node(a).ndim))
    first, second = one_axis(axis1, len(order)), one_axis(axis2, len(order))
    order[first], order[second] = order[second], order[first]
    return transposed(a, order)


@implements(np.moveaxis)
def moveaxis_traced(a: Any, source: Any, destination: Any) -> Tracer:
    """`np.moveaxis`."""
    ndim = to_node(a).ndim
    origin, goal = several_axes(source, ndim), several_axes(destination, ndim)
    if len(origin) != len(goal):
        raise ShapeError(f"moveaxis moves {len(origin)} axes to {len(goal)} places")
    order = [axis for axis in range(ndim) if axis not in origin]
    for place, axis in sorted(zip(goal, origin, strict=True)):
        order.insert(place, axis)
    return transposed(a, order)


@implements(np.rollaxis)
def rollaxis_traced(a: Any, axis: int, start: int = 0) -> Tracer:
    """`np.rollaxis`."""
    ndim = to_node(a).ndim
    axis = one_axis(axis, ndim)
    start = one_axis(start, ndim + 1) if start != ndim else ndim
    order = [i for i in range(ndim) if i != axis]
    order.insert(start - (axis < start), axis)
    return transposed(a, order)


# ------------------------------------------------------------------ broadcasting
@implements(np.broadcast_to)
def broadcast_to_traced(array: Any, shape: Any, subok: bool = False) -> Tracer:
    """`np.broadcast_to`."""
    return broadcasted(array, shape_of(shape))


@implements(np.broadcast_arrays)
def broadcast_arrays_traced(*args: Any, subok: bool = False) -> tuple[Tracer, ...]:
    """`np.broadcast_arrays`."""
    shape = np.broadcast_shapes(*[to_node(array).shape for array in args])
    return tuple([broadcasted(array, shape) for array in args])


@implements(np.meshgrid)
def meshgrid_traced(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Tracer, ...]:
    """`np.meshgrid`."""
    if indexing not in ("xy", "ij"):
        raise UsageError(f"indexing is 'xy' or 'ij', found {indexing!r}")
    nodes = [to_node(x) for x in xi]
    places = list(range(len(nodes)))
    if indexing == "xy" and len(nodes) > 1:
        places[:2] = [1, 0]
    shapes = [
        tuple([node.aval.size if i == place else 1 for i in range(len(nodes))])
        for node, place in zip(nodes, places, strict=True)
    ]
    grids = [wrap(reshape(node, shape)) for node, shape in zip(nodes, shapes, strict=True)]
    if sparse:
        return tuple(grids)
    full = np.broadcast_shapes(*shapes)
    spread = [broadcasted(grid, full) for grid in grids]
    return tuple([wrap(grid.node) for grid in spread] if copy else spread)


# ------------------------------------------------------------------ turning
@implements(np.flip)
def flip_traced(m: Any, axis: Any = None) -> Tracer:
    """`np.flip`."""
    ndim = to_node(m).ndim
    return flipped(m, tuple(range(ndim)) if axis is None else several_axes(axis, ndim))


@implements(np.flipud)
def flipud_traced(m: Any) -> Tracer:
    """`np.flipud`."""
    return flipped(m, (one_axis(0, to_node(m).ndim),))


@implements(np.fliplr)
def fliplr_traced(m: Any) -> Tracer:
    """`np.fliplr`."""
    if to_node(m).ndim < 2:
        raise ShapeError("fliplr needs at least two axes", hint="np.flip turns a vector round")
    return flipped(m, (1,))


@implements(np.rot90)
def rot90_traced(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tracer:
    """`np.rot90`."""
    first, second = several_axes(tuple(axes), to_node(m).ndim)
    match k % 4:
        case 0:
            return part_of(m, ())
        case 1:
            return swapaxes_traced(flipped(m, (second,)), first, second)
        case 2:
            return flipped(m, (first, second))
    return flipped(swapaxes_traced(m, first, second), (second,))


@implements(np.roll)
def roll_traced(a: Any, shift: Any, axis: Any = None) -> Tracer:
    """`np.roll`."""
    node = to_node(a)
    if axis is None:
        flat = reshape(node, (node.aval.size,))
        return wrap(reshape(roll(flat, 0, int(np.sum(shift))), node.shape))
    for steps, place in np.broadcast(shift, axis):
        node = roll(node, one_axis(place, node.ndim), int(steps))
    return wrap(node)


# ------------------------------------------------------------------ diagonals and triangles
@implements(np.diagonal)
def diagonal_traced(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tracer:
    """`np.diagonal`."""
    ndim = to_node(a).ndim
    if ndim < 2:
        raise ShapeError(f"diagonal needs at least two axes, found {ndim}", hint="np.diag puts a vector on a diagonal")
    first, second = one_axis(axis1, ndim), one_axis(axis2, ndim)
    if first == second:
        raise ShapeError("the two axes of a diagonal cannot be the same")
    return view_of(
        a,
        lambda base: diagonal_of(base, first, second, offset),
        read_only("a diagonal"),
        lambda array: np.diagonal(array, offset, first, second),
    )


@implements(np.diag)
def diag_traced(v: Any, k: int = 0) -> Tracer:
    """`np.diag`: a vector becomes a diagonal, of a matrix the diagonal is taken."""
    node = to_node(v)
    if node.ndim == 1:
        return wrap(put_diagonal(node, offset=k))
    if node.ndim == 2:
        return diagonal_traced(v, k)
    raise ShapeError(f"diag takes a vector or a matrix, found shape {show_shape(node.shape)}")


@implements(np.diagflat)
def diagflat_traced(v: Any, k: int = 0) -> Tracer:
    """`np.diagflat`."""
    node = to_node(v)
    return wrap(put_diagonal(reshape(node, (node.aval.size,)), offset=k))


def _triangle(name: str, of: Any) -> Any:
    def triangle(m: Any, k: int = 0) -> Tracer:
        node = to_node(m)
        if node.ndim < 2:
            node = to_node(np.broadcast_to(wrap(node), (node.aval.size,) * 2))
        return wrap(of(node, int(k)))

    triangle.__doc__ = f"`np.{name}`."
    return triangle


implements(np.tril)(_triangle("tril", tril))
implements(np.triu)(_triangle("triu", triu))


# ------------------------------------------------------------------ repeating
@implements(np.repeat)
def repeat_traced(a: Any, repeats: Any, axis: int | None = None) -> Tracer:
    """`np.repeat`."""
    x = wrap(to_node(a)) if axis is not None else wrap(reshape(to_node(a), (to_node(a).aval.size,)))
    place = one_axis(0 if axis is None else axis, x.ndim)
    counts = known(repeats)
    if counts.ndim == 0 or counts.size == 1:
        times, shape = int(counts.ravel()[0]), x.shape
        if times < 0:
            raise ShapeError("repeats may not be negative")
        spread = np.broadcast_to(np.expand_dims(x, place + 1), (*shape[: place + 1], times, *shape[place + 1 :]))
        return wrap(reshape(to_node(spread), (*shape[:place], shape[place] * times, *shape[place + 1 :])))
    if counts.shape != (x.shape[place],):
        raise ShapeError(f"repeats of shape {show_shape(counts.shape)} do not fit an axis of size {x.shape[place]}")
    return x[(slice(None),) * place + (np.repeat(np.arange(x.shape[place]), counts),)]


@implements(np.tile)
def tile_traced(A: Any, reps: Any) -> Tracer:
    """`np.tile`."""
    times = shape_of(reps)
    node = to_node(A)
    ndim = max(len(times), node.ndim)
    times = (*[1] * (ndim - len(times)), *times)
    shape = (*[1] * (ndim - node.ndim), *node.shape)
    pairs = tuple([n for size in shape for n in (1, size)])
    spread = np.broadcast_to(
        wrap(reshape(node, pairs)), tuple([n for pair in zip(times, shape, strict=True) for n in pair])
    )
    return wrap(reshape(to_node(spread), tuple([a * b for a, b in zip(times, shape, strict=True)])))


@implements(np.resize)
def resize_traced(a: Any, new_shape: Any) -> Tracer:
    """`np.resize`: the elements over and over until the shape is full."""
    node, shape = to_node(a), shape_of(new_shape)
    size, wanted = node.aval.size, prod(shape)
    if size == 0 or wanted == 0:
        return np.zeros_like(wrap(node), shape=shape)  # type: ignore[return-value]  # dispatched
    flat = np.tile(wrap(reshape(node, (size,))), -(-wanted // size))
    return wrap(reshape(to_node(flat[:wanted]), shape))


@implements(np.kron)
def kron_traced(a: Any, b: Any) -> Tracer:
    """`np.kron`: every element of `a` times the whole of `b`, for any number of axes."""
    x, y = to_node(a), to_node(b)
    ndim = max(x.ndim, y.ndim)
    left, right = ((*[1] * (ndim - node.ndim), *node.shape) for node in (x, y))
    spaced_left = tuple([n for size in left for n in (size, 1)])
    spaced_right = tuple([n for size in right for n in (1, size)])
    product = np.multiply(wrap(reshape(x, spaced_left)), wrap(reshape(y, spaced_right)))
    return wrap(reshape(to_node(product), tuple([a * b for a, b in zip(left, right, strict=True)])))


@implements(np.vander)
def vander_traced(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """`np.vander`: the powers of a vector as columns."""
    node = to_node(x)
    node = cast(node, np.promote_types(node.dtype, np.int64))
    if node.ndim != 1:
        raise ShapeError(f"vander takes a vector, found shape {show_shape(node.shape)}")
    count = node.shape[0] if N is None else N
    ones = np.ones_like(wrap(node), shape=(node.shape[0], 1))
    factors = np.broadcast_to(wrap(node)[:, None], (node.shape[0], max(count - 1, 0)))
    powers = np.concatenate([ones, np.cumprod(factors, axis=1)], axis=1)[:, :count]
    return powers if increasing else powers[:, ::-1]
