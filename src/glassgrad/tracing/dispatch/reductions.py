"""Sums, means, extrema and other reductions on traced values. Floor 3."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from glassgrad.base.avals import Aval
from glassgrad.base.errors import DtypeError, ShapeError, UnsupportedError
from glassgrad.graph.node import Node
from glassgrad.ops.accumulate import cumprod_along, cumsum_along, prod_over
from glassgrad.ops.reduce import (
    all_over,
    any_over,
    argmax_along,
    argmin_along,
    deviation_over,
    max_over,
    mean_over,
    min_over,
    size_along,
    variance_over,
)
from glassgrad.ops.structure import cast, kept_shape, reshape, sum_over
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap

Axis = int | Sequence[int] | None
_NONE: Any = np._NoValue  # noqa: SLF001 - NumPy's own mark for "not given"


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes asked for, non-negative and sorted; all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(normalize_axis_tuple(axis, ndim)))


def finish(result: Node, before: Aval, axes: tuple[int, ...], keepdims: Any) -> Tracer:
    """The reduced value, with its axes kept at size 1 where asked for."""
    kept = keepdims is not _NONE and bool(keepdims)
    return wrap(reshape(result, kept_shape(before.shape, axes)) if kept else result)


def refuse(name: str, **options: Any) -> None:
    """An error for options that write into an array or that have no traced form."""
    for option, value in options.items():
        if value is not None and value is not _NONE and value is not True:
            raise UnsupportedError(
                f"np.{name}(…, {option}=…) is not known on traced values",
                hint="use np.where first" if option == "where" else None,
            )


def masked(a: Any, where: Any, neutral: float) -> Any:
    """The values with what `where` leaves out replaced by a value that does not count."""
    return a if where is True or where is _NONE else np.where(where, a, np.asarray(neutral, _dtype(a)))


def _like(initial: Any, result: Node) -> Any:
    """The starting value at the dtype of the result, as in NumPy."""
    return wrap(cast(to_node(initial), result.dtype))


def _with_initial(combine: np.ufunc, result: Any, initial: Any) -> Any:
    return combine(result, _like(initial, to_node(result)))


def _dtype(a: Any) -> np.dtype:
    return to_node(a).dtype


# ------------------------------------------------------------------ sums and products
@implements(np.sum)
def sum_traced(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = _NONE,
    initial: Any = _NONE,
    where: Any = True,
) -> Tracer:
    """`np.sum`."""
    refuse("sum", out=out)
    x = to_node(masked(a, where, 0))
    axes = axes_of(axis, x.ndim)
    wide = np.dtype(dtype) if dtype is not None else np.sum(np.zeros(1, x.dtype)).dtype
    total = finish(sum_over(cast(x, wide), axes), x.aval, axes, keepdims)
    return total if initial is _NONE else _with_initial(np.add, total, initial)


@implements(np.prod)
def prod_traced(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = _NONE,
    initial: Any = _NONE,
    where: Any = True,
) -> Tracer:
    """`np.prod`."""
    refuse("prod", out=out)
    x = to_node(masked(a, where, 1))
    axes = axes_of(axis, x.ndim)
    wide = np.dtype(dtype) if dtype is not None else np.prod(np.ones(1, x.dtype)).dtype
    total = finish(prod_over(cast(x, wide), axes) if axes else cast(x, wide), x.aval, axes, keepdims)
    return total if initial is _NONE else _with_initial(np.multiply, total, initial)


def _running(along: Callable[[Node, int], Node], name: str) -> Callable[..., Tracer]:
    def running(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Tracer:
        refuse(name, out=out)
        x = to_node(a)
        wide = np.dtype(dtype) if dtype is not None else getattr(np, name)(np.zeros(1, x.dtype)).dtype
        x = cast(x, wide)
        if axis is None:
            return wrap(along(reshape(x, (x.aval.size,)), 0))
        return wrap(along(x, normalize_axis_index(axis, x.ndim)))

    running.__doc__ = f"`np.{name}`."
    return running


implements(np.cumsum)(_running(cumsum_along, "cumsum"))
implements(np.cumprod)(_running(cumprod_along, "cumprod"))


# ------------------------------------------------------------------ mean and variance
@implements(np.mean)
def mean_traced(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: Any = _NONE, *, where: Any = True
) -> Any:
    """`np.mean`."""
    refuse("mean", out=out)
    x = to_node(a)
    axes = axes_of(axis, x.ndim)
    wide = np.dtype(dtype) if dtype is not None else x.dtype if x.dtype.kind in "fc" else np.dtype(float)
    x = cast(x, wide)
    if where is not True and where is not _NONE:
        x = cast(x, np.result_type(wide, np.float32))  # as NumPy: sums of half precision overflow
        total = np.sum(wrap(x), axis=axis, keepdims=keepdims, where=where)
        return (total / _count(x, axis, keepdims, where)).astype(wide)
    if wide.kind not in "fc":  # as NumPy: what is added are whole numbers, and so is the mean
        return (np.sum(wrap(x), axis=axis, dtype=wide, keepdims=keepdims) / size_along(x, axes)).astype(wide)
    return finish(mean_over(x, axes) if axes else x, x.aval, axes, keepdims)


@implements(np.var)
def var_traced(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: Any = _NONE,
    *,
    where: Any = True,
    mean: Any = _NONE,
    correction: Any = _NONE,
) -> Any:
    """`np.var`."""
    refuse("var", out=out)
    ddof = ddof if correction is _NONE else correction
    x = to_node(a)
    axes = axes_of(axis, x.ndim)
    wide = _spread_dtype("var", dtype, x)
    x = cast(x, wide)
    if (where is not True and where is not _NONE) or wide.kind == "c" or mean is not _NONE:
        return _variance_by_parts(wrap(x), axis, ddof, keepdims, where, mean)
    return finish(variance_over(x, axes, ddof), x.aval, axes, keepdims)


def _spread_dtype(name: str, asked: Any, x: Node) -> np.dtype:
    """The dtype at which the spread of values is computed: the one asked for, or as NumPy chooses."""
    wide = np.dtype(asked) if asked is not None else x.dtype if x.dtype.kind in "fc" else np.dtype(float)
    if wide.kind not in "fc":
        raise DtypeError(f"np.{name} at {wide} would lose the fractions", hint=f"np.{name}(x).astype(np.{wide})")
    return wide


def _variance_by_parts(a: Any, axis: Axis, ddof: float, keepdims: Any, where: Any, mean: Any) -> Any:
    chosen = True if where is _NONE else where
    centred = np.abs(a - (np.mean(a, axis=axis, keepdims=True, where=chosen) if mean is _NONE else mean))
    total = np.sum(centred * centred, axis=axis, keepdims=keepdims, where=chosen)
    return total / (_count(to_node(centred), axis, keepdims, chosen) - ddof)


def _count(x: Node, axis: Axis, keepdims: Any, where: Any) -> Any:
    """How many values are chosen, as a number of the values' own real dtype (NumPy divides without widening)."""
    real = np.empty(0, x.dtype).real.dtype
    chosen = np.broadcast_to(where, x.shape)
    return np.sum(chosen, axis=axis, keepdims=keepdims is not _NONE and bool(keepdims)).astype(real)


@implements(np.std)
def std_traced(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: Any = _NONE,
    *,
    where: Any = True,
    mean: Any = _NONE,
    correction: Any = _NONE,
) -> Any:
    """`np.std`."""
    refuse("std", out=out)
    freedom = ddof if correction is _NONE else correction
    x = to_node(a)
    axes = axes_of(axis, x.ndim)
    wide = _spread_dtype("std", dtype, x)
    if (where is not True and where is not _NONE) or wide.kind == "c" or mean is not _NONE:
        return deviation_from(_variance_by_parts(wrap(cast(x, wide)), axis, freedom, keepdims, where, mean))
    return finish(deviation_over(cast(x, wide), axes, freedom), x.aval, axes, keepdims)


def deviation_from(variance: Any) -> Any:
    """The standard deviation; where nothing varies its derivative is taken as 0, as in the row `std`."""
    still = variance == 0
    return np.where(still, 0.0, np.sqrt(np.where(still, 1.0, variance)))


# ------------------------------------------------------------------ extrema
def _extremum(over: Callable[[Node, tuple[int, ...]], Node], name: str, combine: np.ufunc) -> Callable[..., Any]:
    def extremum(
        a: Any, axis: Axis = None, out: None = None, keepdims: Any = _NONE, initial: Any = _NONE, where: Any = True
    ) -> Any:
        refuse(name, out=out)
        if where is not True and where is not _NONE:
            if initial is _NONE:
                raise ShapeError(f"np.{name} with where= needs initial=, as in NumPy")
            a = np.where(where, a, _like(initial, to_node(a)))
        x = to_node(a)
        axes = axes_of(axis, x.ndim)
        if size_along(x, axes) == 0 and initial is _NONE:
            raise ShapeError(
                f"np.{name} of no elements (shape {x.shape}, axes {axes}) has no value", hint="give initial="
            )
        if size_along(x, axes) == 0:
            kept = finish(sum_over(cast(x, np.dtype(float)), axes), x.aval, axes, keepdims)
            return np.broadcast_to(_like(initial, x), kept.shape)
        result = finish(over(x, axes) if axes else x, x.aval, axes, keepdims)
        return result if initial is _NONE else _with_initial(combine, result, initial)

    extremum.__doc__ = f"`np.{name}`."
    return extremum


implements(np.max, np.amax)(_extremum(max_over, "max", np.maximum))
implements(np.min, np.amin)(_extremum(min_over, "min", np.minimum))


@implements(np.ptp)
def ptp_traced(a: Any, axis: Axis = None, out: None = None, keepdims: Any = _NONE) -> Any:
    """`np.ptp`: the range of the values."""
    refuse("ptp", out=out)
    kept = keepdims is not _NONE and bool(keepdims)
    return np.max(a, axis=axis, keepdims=kept) - np.min(a, axis=axis, keepdims=kept)


def _position(along: Callable[[Node, int], Node], name: str) -> Callable[..., Tracer]:
    def position(a: Any, axis: int | None = None, out: None = None, *, keepdims: Any = _NONE) -> Tracer:
        refuse(name, out=out)
        x = to_node(a)
        axes = axes_of(axis, x.ndim)
        if size_along(x, axes) == 0 and size_along(x, tuple([place for place in range(x.ndim) if place not in axes])):
            raise ShapeError(f"np.{name} of no elements (shape {x.shape}, axes {axes}) has no place")
        if axis is None:
            flat = along(reshape(x, (x.aval.size,)), 0)
            return finish(flat, x.aval, tuple(range(x.ndim)), keepdims)
        one = normalize_axis_index(axis, x.ndim)
        return finish(along(x, one), x.aval, (one,), keepdims)

    position.__doc__ = f"`np.{name}`."
    return position


implements(np.argmax)(_position(argmax_along, "argmax"))
implements(np.argmin)(_position(argmin_along, "argmin"))


# ------------------------------------------------------------------ truth values and counts
def _truth(over: Callable[[Node, tuple[int, ...]], Node], name: str, neutral: bool) -> Callable[..., Tracer]:
    def truth(a: Any, axis: Axis = None, out: None = None, keepdims: Any = _NONE, *, where: Any = True) -> Tracer:
        refuse(name, out=out)
        if where is not True and where is not _NONE:
            a = np.where(where, a, np.asarray(neutral, _dtype(a)))
        x = to_node(a)
        axes = axes_of(axis, x.ndim)
        return finish(over(x, axes), x.aval, axes, keepdims)

    truth.__doc__ = f"`np.{name}`."
    return truth


implements(np.any)(_truth(any_over, "any", neutral=False))
implements(np.all)(_truth(all_over, "all", neutral=True))


@implements(np.count_nonzero)
def count_nonzero_traced(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Tracer:
    """`np.count_nonzero`."""
    x = to_node(a)
    axes = axes_of(axis, x.ndim)
    return finish(sum_over(cast(cast(x, np.dtype(bool)), np.dtype(np.intp)), axes), x.aval, axes, keepdims)
