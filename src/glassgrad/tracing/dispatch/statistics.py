"""Averages, covariances and the NaN-ignoring reductions on traced values. Floor 3. Plain NumPy on what is traced."""

from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.base.errors import ShapeError, UnsupportedError
from glassgrad.ops.index import index_add
from glassgrad.ops.keys import Slot
from glassgrad.ops.leaves import zeros
from glassgrad.tracing.dispatch.reductions import axes_of, deviation_from, refuse
from glassgrad.tracing.dispatch.sorting import places_of
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap

_NONE: Any = np._NoValue  # noqa: SLF001 - NumPy's own mark for "not given"


@implements(np.average)
def average_traced(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = _NONE
) -> Any:
    """`np.average`."""
    a = wrap(to_node(a))
    kept = keepdims is not _NONE and bool(keepdims)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=kept)
        share = np.shape(a)
        if not returned:
            return mean
        count = np.prod([share[n] for n in axes_of(axis, len(share))], dtype=mean.dtype)
        return mean, np.broadcast_to(count, np.shape(mean))
    weights = wrap(to_node(weights))
    if np.ndim(weights) == 1 and np.ndim(a) > 1 and axis is not None:
        shape = [1] * np.ndim(a)
        shape[axes_of(axis, np.ndim(a))[0]] = -1
        weights = np.reshape(weights, tuple(shape))
    spread = np.broadcast_to(weights, np.shape(a))
    total = np.sum(spread, axis=axis, keepdims=kept)
    mean = np.sum(a * spread, axis=axis, keepdims=kept) / total
    return (mean, total) if returned else mean


@implements(np.cov)
def cov_traced(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """`np.cov` without weights."""
    if fweights is not None or aweights is not None:
        raise UnsupportedError("np.cov with weights is not known on traced values")
    x = np.atleast_2d(wrap(to_node(m)))
    x = x if rowvar or np.ndim(m) == 1 else x.T
    if y is not None:
        other = np.atleast_2d(wrap(to_node(y)))
        x = np.concatenate([x, other if rowvar or np.ndim(y) == 1 else other.T], axis=0)
    x = x.astype(np.result_type(x.dtype, np.float64) if dtype is None else dtype)  # NumPy computes it at double
    freedom = x.shape[1] - (ddof if ddof is not None else 0 if bias else 1)
    centred = x - np.mean(x, axis=1, keepdims=True)
    return np.squeeze(centred @ np.conjugate(centred).T / freedom)


@implements(np.corrcoef)
def corrcoef_traced(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """`np.corrcoef`."""
    c = cov_traced(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    scale = np.sqrt(np.real(np.diagonal(c)))
    return c / scale[:, None] / scale[None, :]


# ------------------------------------------------------------------ ignoring NaN
def _filled(a: Any, value: float, where: Any = True) -> tuple[Any, Any]:
    """The values with NaN (and what `where` leaves out) replaced, and where they were numbers."""
    a = wrap(to_node(a))
    numbers = ~np.isnan(a) if a.dtype.kind in "fc" else np.ones(a.shape, bool)
    if where is not True and where is not _NONE:
        numbers = np.logical_and(numbers, where)
    return np.where(numbers, a, np.asarray(value, a.dtype)), numbers


def _keeps(keepdims: Any) -> bool:
    return keepdims is not _NONE and bool(keepdims)


def _how_many(numbers: Any, axis: Any, like: Any, *, keepdims: bool) -> Any:
    """How many numbers there are, at the real dtype of the values (NumPy divides without widening)."""
    dtype = np.empty(0, like.dtype).real.dtype if like.dtype.kind in "fc" else np.dtype(float)
    return np.sum(numbers, axis=axis, keepdims=keepdims).astype(dtype)


@implements(np.nansum)
def nansum_traced(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = _NONE,
    initial: Any = _NONE,
    where: Any = True,
) -> Any:
    """`np.nansum`."""
    refuse("nansum", out=out)
    return np.sum(_filled(a, 0, where)[0], axis=axis, dtype=dtype, keepdims=_keeps(keepdims), initial=initial)


@implements(np.nanprod)
def nanprod_traced(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: Any = _NONE,
    initial: Any = _NONE,
    where: Any = True,
) -> Any:
    """`np.nanprod`."""
    refuse("nanprod", out=out)
    return np.prod(_filled(a, 1, where)[0], axis=axis, dtype=dtype, keepdims=_keeps(keepdims), initial=initial)


@implements(np.nancumsum)
def nancumsum_traced(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Any:
    """`np.nancumsum`."""
    refuse("nancumsum", out=out)
    return np.cumsum(_filled(a, 0)[0], axis=axis, dtype=dtype)


@implements(np.nancumprod)
def nancumprod_traced(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Any:
    """`np.nancumprod`."""
    refuse("nancumprod", out=out)
    return np.cumprod(_filled(a, 1)[0], axis=axis, dtype=dtype)


@implements(np.nanmean)
def nanmean_traced(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = _NONE, *, where: Any = True
) -> Any:
    """`np.nanmean`."""
    refuse("nanmean", out=out)
    values, numbers = _filled(a, 0, where)
    total = np.sum(values, axis=axis, dtype=dtype, keepdims=_keeps(keepdims))
    return total / _how_many(numbers, axis, total, keepdims=_keeps(keepdims))


@implements(np.nanvar)
def nanvar_traced(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: Any = _NONE,
    *,
    where: Any = True,
    mean: Any = _NONE,
    correction: Any = _NONE,
) -> Any:
    """`np.nanvar`."""
    refuse("nanvar", out=out)
    values, numbers = _filled(a, 0, where)
    values = values if dtype is None else values.astype(dtype)
    if mean is _NONE:
        total = np.sum(values, axis=axis, keepdims=True)
        mean = total / _how_many(numbers, axis, total, keepdims=True)
    elif values.dtype.kind in "fc":
        mean = wrap(to_node(mean)).astype(values.dtype)
    centred = np.where(numbers, values - mean, 0)
    squares = np.real(centred * np.conjugate(centred))
    total = np.sum(squares, axis=axis, keepdims=_keeps(keepdims))
    freedom = ddof if correction is _NONE else correction
    return total / (_how_many(numbers, axis, total, keepdims=_keeps(keepdims)) - freedom)


@implements(np.nanstd)
def nanstd_traced(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: Any = _NONE, **how: Any
) -> Any:
    """`np.nanstd`."""
    return deviation_from(nanvar_traced(a, axis, dtype, out, ddof, keepdims, **how))


@implements(np.nanmax)
def nanmax_traced(
    a: Any, axis: Any = None, out: None = None, keepdims: Any = _NONE, initial: Any = _NONE, where: Any = True
) -> Any:
    """`np.nanmax`."""
    refuse("nanmax", out=out)
    return _nan_extremum(a, axis, -np.inf, np.max, np.fmax, keepdims=_keeps(keepdims), initial=initial, where=where)


@implements(np.nanmin)
def nanmin_traced(
    a: Any, axis: Any = None, out: None = None, keepdims: Any = _NONE, initial: Any = _NONE, where: Any = True
) -> Any:
    """`np.nanmin`."""
    refuse("nanmin", out=out)
    return _nan_extremum(a, axis, np.inf, np.min, np.fmin, keepdims=_keeps(keepdims), initial=initial, where=where)


def _nan_extremum(
    a: Any, axis: Any, neutral: float, over: Any, combine: Any, *, keepdims: bool, initial: Any, where: Any
) -> Any:
    if to_node(a).dtype.kind not in "fc":
        return over(a, axis=axis, keepdims=keepdims, initial=initial, where=where)
    if where is not True and where is not _NONE and initial is _NONE:
        raise ShapeError("np.nanmax and np.nanmin with where= need initial=, as in NumPy")
    values, numbers = _filled(a, neutral, where)
    result = over(values, axis=axis, keepdims=keepdims, initial=initial if values.size == 0 else _NONE)
    result = np.where(np.any(numbers, axis=axis, keepdims=keepdims), result, np.asarray(np.nan, values.dtype))
    return result if initial is _NONE else combine(result, wrap(to_node(initial)).astype(values.dtype))


@implements(np.nanargmax)
def nanargmax_traced(a: Any, axis: Any = None, out: None = None, *, keepdims: Any = _NONE) -> Any:
    """`np.nanargmax`."""
    return np.argmax(_filled(a, -np.inf)[0], axis=axis, keepdims=_keeps(keepdims))


@implements(np.nanargmin)
def nanargmin_traced(a: Any, axis: Any = None, out: None = None, *, keepdims: Any = _NONE) -> Any:
    """`np.nanargmin`."""
    return np.argmin(_filled(a, np.inf)[0], axis=axis, keepdims=_keeps(keepdims))


@implements(np.nanquantile)
def nanquantile_traced(
    a: Any,
    q: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = _NONE,
    **_: Any,
) -> Any:
    """`np.nanquantile`: each row is sorted, NaN last, and read where its own count of numbers says."""
    a, q = wrap(to_node(a)), np.asarray(q, float)
    axes = axes_of(axis, a.ndim)
    rest = [n for n in range(a.ndim) if n not in axes]
    rows, length = (int(np.prod([a.shape[n] for n in which], dtype=int)) for which in (rest, axes))
    flat = np.reshape(np.transpose(a, (*rest, *axes)), (rows, length))
    counts = (
        np.sum(~np.isnan(flat), axis=1)[:, None] if flat.dtype.kind in "fc" else np.full((len(flat), 1), flat.shape[1])
    )
    if flat.shape[1]:
        ordered = np.sort(flat, axis=1)
        place = places_of(np.reshape(q, (1, -1)), method, np.maximum(counts, 1))  # (row, quantile)
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, np.maximum(counts, 1) - 1)
        low, high = np.take_along_axis(ordered, below, 1), np.take_along_axis(ordered, above, 1)
        share = place - below
        between = np.where(share == 0, low, low + (high - low) * share)  # where there are no numbers: NaN
    else:
        between = np.full((len(flat), q.size), np.nan)
    result = np.reshape(np.transpose(between), (*q.shape, len(flat)))
    kept = tuple(1 if n in axes else size for n, size in enumerate(a.shape))
    dtype = a.dtype if a.dtype.kind in "fc" else np.dtype(float)
    shape = kept if _keeps(keepdims) else [a.shape[n] for n in rest]
    return np.reshape(result, (*np.shape(q), *shape)).astype(dtype)


@implements(np.nanmedian)
def nanmedian_traced(
    a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = _NONE
) -> Any:
    """`np.nanmedian`."""
    return nanquantile_traced(a, 0.5, axis, keepdims=keepdims)


@implements(np.nanpercentile)
def nanpercentile_traced(
    a: Any,
    q: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = _NONE,
    **_: Any,
) -> Any:
    """`np.nanpercentile`."""
    return nanquantile_traced(a, np.true_divide(q, 100), axis, None, overwrite_input, method, keepdims)


@implements(np.bincount)
def bincount_traced(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """`np.bincount`: the sums of the weights at each number, which must be known while tracing."""
    numbers = np.asarray(x.value if isinstance(x, Tracer) else x)
    size = max(int(numbers.max(initial=-1)) + 1, minlength)
    if weights is None:
        return np.bincount(numbers, minlength=minlength)
    values = to_node(weights)
    start = zeros(Aval((size,), values.dtype))
    return wrap(index_add(start, values, (Slot(0),), [to_node(numbers)]))
