"""Functions that pick elements or write them by index: take, put, choose, nonzero and their kin. Floor 3."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import OutOfRangeError, ShapeError, UnsupportedError, UsageError
from glassgrad.ops.structure import cast, reshape
from glassgrad.tracing.dispatch.axes import one_axis, shape_of
from glassgrad.tracing.dispatch.brackets import mask_value
from glassgrad.tracing.dispatch.indexing import as_dtype
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, any_traced, to_node, wrap


def known(value: Any) -> Any:
    """The numbers of a value that must be known while tracing (a mask, a count)."""
    if isinstance(value, Tracer):
        return mask_value(value) if value.dtype.kind == "b" else np.asarray(value.value)
    return to_node(value).param("held").values if any_traced(value) else np.asarray(value)


def _in_range(indices: Any, size: int, mode: str) -> Any:
    """Index arrays brought into range as `mode` says; "raise" leaves them. Narrow ones may not hold the size."""
    if mode == "clip":
        return np.clip(indices.astype(np.intp), 0, max(size - 1, 0))
    if mode == "wrap":
        return np.remainder(indices.astype(np.intp), max(size, 1))
    if mode != "raise":
        raise UsageError(f"mode is 'raise', 'wrap' or 'clip', found {mode!r}")
    return indices


def _as_indices(indices: Any) -> Any:
    """Index arrays as a tracer or a NumPy array (an empty list is one of whole numbers)."""
    if isinstance(indices, Tracer) or any_traced(indices):
        return indices if isinstance(indices, Tracer) else wrap(to_node(indices))
    found = np.asarray(indices)
    return found.astype(np.intp) if not found.size else found


# ------------------------------------------------------------------ picking
@implements(np.take)
def take_traced(a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise") -> Tracer:
    """`np.take`."""
    if out is not None:
        raise UnsupportedError("np.take(…, out=…) writes into an array that is being traced", hint="use the result")
    node = to_node(a)
    if axis is None:
        node, axis = reshape(node, (node.aval.size,)), 0
    place = one_axis(axis, node.ndim)
    chosen = _in_range(_as_indices(indices), node.shape[place], mode)
    if chosen.dtype.kind == "b":
        chosen = chosen.astype(np.intp)
    return wrap(wrap(node)[(slice(None),) * place + (chosen,)].node)


@implements(np.take_along_axis)
def take_along_axis_traced(arr: Any, indices: Any, axis: int | None = -1) -> Tracer:
    """`np.take_along_axis`."""
    node, chosen = to_node(arr), _as_indices(indices)
    if axis is None:
        node, axis = reshape(node, (node.aval.size,)), 0
    return wrap(node)[_along_key(node.shape, chosen, one_axis(axis, node.ndim))]


def _along_key(shape: tuple[int, ...], chosen: Any, axis: int) -> tuple[Any, ...]:
    """The key that reads `chosen` along an axis and every other axis at its own place."""
    if chosen.ndim != len(shape):
        raise ShapeError(f"the indices have {chosen.ndim} axes, the array has {len(shape)}")
    return tuple(
        [
            chosen if i == axis else np.arange(n).reshape([n if j == i else 1 for j in range(len(shape))])
            for i, n in enumerate(shape)
        ]
    )


@implements(np.compress)
def compress_traced(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Tracer:
    """`np.compress`."""
    if out is not None:
        raise UnsupportedError("np.compress(…, out=…) writes into an array that is being traced", hint="use the result")
    mask = known(condition)
    if mask.ndim != 1:
        raise ShapeError("condition must be a 1-d array")
    return take_traced(a, np.flatnonzero(mask), axis)


@implements(np.extract)
def extract_traced(condition: Any, arr: Any) -> Tracer:
    """`np.extract`."""
    return take_traced(arr, np.flatnonzero(known(condition)))


@implements(np.choose)
def choose_traced(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Tracer:
    """`np.choose`: from several arrays, the one that `a` names at each place."""
    if out is not None:
        raise UnsupportedError("np.choose(…, out=…) writes into an array that is being traced", hint="use the result")
    parts = [wrap(to_node(choice)) for choice in choices]
    which = _in_range(_as_indices(a), len(parts), mode)
    if (
        mode == "raise"
        and not isinstance(which, Tracer)
        and which.size
        and not 0 <= which.min() <= which.max() < len(parts)
    ):
        raise OutOfRangeError(f"choose names {int(which.max())} of {len(parts)} choices", hint='mode="clip" or "wrap"')
    shape = np.broadcast_shapes(which.shape, *[part.shape for part in parts])
    table = np.stack([np.broadcast_to(part, shape) for part in parts])
    return take_along_axis_traced(table, np.broadcast_to(which, shape)[None], 0)[0]


# ------------------------------------------------------------------ writing
def _target(a: Any, name: str) -> Tracer:
    if isinstance(a, Tracer):
        return a
    raise UnsupportedError(
        f"np.{name} writes traced values into a plain array, which cannot hold them",
        hint="start from np.zeros_like(x) or glassgrad.numpy.zeros(…), which can be written into",
    )


@implements(np.put)
def put_traced(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """`np.put`: writes at flat places, in place; values are repeated as often as needed."""
    x = _target(a, "put")
    places = np.ravel(_in_range(_as_indices(ind), x.size, mode))
    values = np.ravel(wrap(as_dtype(v, x.dtype)))
    if places.size and values.size:
        _write_flat(x, places, np.resize(values, places.size))


def _write_flat(x: Tracer, places: Any, values: Any) -> None:
    flat = wrap(reshape(x.node, (x.size,)))
    flat[places] = values
    x.assign(reshape(flat.node, x.shape))


@implements(np.put_along_axis)
def put_along_axis_traced(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """`np.put_along_axis`: writes in place."""
    x, chosen = _target(arr, "put_along_axis"), _as_indices(indices)
    if axis is None:
        flat = wrap(reshape(x.node, (x.size,)))
        flat[_along_key(flat.shape, chosen, 0)] = values
        x.assign(reshape(flat.node, x.shape))
    else:
        x[_along_key(x.shape, chosen, one_axis(axis, x.ndim))] = values


@implements(np.putmask)
def putmask_traced(a: Any, /, mask: Any, values: Any) -> None:
    """`np.putmask`: where the mask is true, the value at the same place, in place."""
    x = _target(a, "putmask")
    full = np.resize(wrap(as_dtype(values, x.dtype)), x.shape)
    x[...] = np.where(np.reshape(mask, x.shape), full, x)


@implements(np.place)
def place_traced(arr: Any, mask: Any, vals: Any) -> None:
    """`np.place`: the first values at the first places where the mask is true, in place."""
    x = _target(arr, "place")
    places = np.flatnonzero(known(mask))
    values = np.ravel(wrap(as_dtype(vals, x.dtype)))
    if places.size:
        _write_flat(x, places, np.resize(values, places.size))


@implements(np.copyto)
def copyto_traced(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """`np.copyto`: writes in place."""
    x = _target(dst, "copyto")
    source = wrap(to_node(src))
    if not np.can_cast(source.dtype, x.dtype, casting):  # type: ignore[arg-type]  # a name of a rule
        raise UsageError(f"copyto cannot cast {source.dtype} to {x.dtype} by the rule {casting!r}")
    x[...] = source if where is True else np.where(where, source, x)


@implements(np.fill_diagonal)
def fill_diagonal_traced(a: Any, val: Any, wrap: bool = False) -> None:
    """`np.fill_diagonal`: writes in place."""
    x = _target(a, "fill_diagonal")
    if x.ndim < 2 or (x.ndim > 2 and len(set(x.shape)) > 1):
        raise ShapeError(f"fill_diagonal needs a matrix, or axes of one size, found {show_shape(x.shape)}")
    stand_in = np.zeros(x.shape, bool)
    np.fill_diagonal(stand_in, val=True, wrap=wrap)
    put_traced(x, np.flatnonzero(stand_in), val)


# ------------------------------------------------------------------ places, not differentiable
@implements(np.nonzero)
def nonzero_traced(a: Any) -> tuple[np.ndarray, ...]:
    """`np.nonzero`: its shape depends on the numbers, which must be known."""
    return np.nonzero(known(_as_truth(a)))


def _as_truth(a: Any) -> Any:
    return wrap(cast(to_node(a), np.dtype(bool)))


@implements(np.flatnonzero)
def flatnonzero_traced(a: Any) -> np.ndarray:
    """`np.flatnonzero`."""
    return np.flatnonzero(known(_as_truth(a)))


@implements(np.argwhere)
def argwhere_traced(a: Any) -> np.ndarray:
    """`np.argwhere`."""
    return np.argwhere(known(_as_truth(a)))


@implements(np.unravel_index)
def unravel_index_traced(indices: Any, shape: Any, order: str = "C") -> tuple[Any, ...]:
    """`np.unravel_index`, with traced indices."""
    sizes = shape_of(shape)
    rest: Any = wrap(to_node(indices))
    places = []
    for size in sizes[::-1] if order == "C" else sizes:
        places.append(np.remainder(rest, size))
        rest = np.floor_divide(rest, size)
    return tuple(places[::-1] if order == "C" else places)


@implements(np.ravel_multi_index)
def ravel_multi_index_traced(multi_index: Sequence[Any], dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """`np.ravel_multi_index`, with traced indices."""
    sizes = shape_of(dims)
    modes = mode if isinstance(mode, tuple) else (mode,) * len(sizes)
    places = [_in_range(part, size, one) for part, size, one in zip(multi_index, sizes, modes, strict=True)]
    steps = [prod(sizes[i + 1 :]) if order == "C" else prod(sizes[:i]) for i in range(len(sizes))]
    return sum(place * step for place, step in zip(places, steps, strict=True))


@implements(np.ix_)
def ix_traced(*args: Any) -> tuple[Any, ...]:
    """`np.ix_`."""
    found = []
    for place, part in enumerate(args):
        indices: Any = np.flatnonzero(known(part)) if np.asarray(part).dtype.kind == "b" else wrap(to_node(part))
        found.append(np.reshape(indices, [-1 if i == place else 1 for i in range(len(args))]))
    return tuple(found)
