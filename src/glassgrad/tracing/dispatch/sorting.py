"""sort, argsort, partition and order statistics on traced values. Floor 3."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from glassgrad.base.errors import DtypeError, UnsupportedError, UsageError
from glassgrad.ops import sorting
from glassgrad.ops.structure import kept_shape, reshape
from glassgrad.tracing.dispatch.reductions import axes_of, refuse
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap


def _along(a: Any, axis: int | None) -> tuple[Any, int]:
    """The node and its axis; flat for None."""
    x = to_node(a)
    return (reshape(x, (x.aval.size,)), 0) if axis is None else (x, normalize_axis_index(axis, x.ndim))


def _places_along(a: Any, axis: int | None) -> tuple[Any, int]:
    """As `_along`; one number has an axis of its own, as in NumPy."""
    return _along(a, None if np.ndim(a) == 0 and axis in (0, -1) else axis)


@implements(np.sort)
def sort_traced(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Tracer:
    """`np.sort`; ties keep their order."""
    if order is not None:
        raise UnsupportedError("np.sort(order=…) is for structured arrays")
    return wrap(sorting.sort(*_along(a, axis)))


@implements(np.argsort)
def argsort_traced(
    a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None
) -> Tracer:
    """`np.argsort`; ties keep their order."""
    return wrap(sorting.argsort(*_places_along(a, axis)))


@implements(np.partition)
def partition_traced(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Tracer:
    """`np.partition`."""
    x, one = _along(a, axis)
    return wrap(sorting.partition(x, tuple(int(k) for k in np.atleast_1d(kth)), one))


@implements(np.argpartition)
def argpartition_traced(
    a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None
) -> Tracer:
    """`np.argpartition`."""
    x, one = _along(a, axis)
    return wrap(sorting.argpartition(x, tuple(int(k) for k in np.atleast_1d(kth)), one))


@implements(np.sort_complex)
def sort_complex_traced(a: Any) -> Any:
    """`np.sort_complex`."""
    return np.sort(a).astype(np.result_type(to_node(a).dtype, np.complex64))


# ------------------------------------------------------------------ order statistics
@implements(np.median)
def median_traced(
    a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """`np.median`."""
    refuse("median", out=out)
    a = _floating(a)
    ordered = _ordered(a, axis)
    count = ordered.shape[0]
    if not count:
        return _quantile(a, 0.5, axis, "linear", keepdims=keepdims)
    middle = np.mean(ordered[(count - 1) // 2 : count // 2 + 1], axis=0)  # no difference of infinities, as in NumPy
    result = np.where(np.isnan(ordered[-1]), np.nan, middle).astype(ordered.dtype)
    return np.reshape(result, kept_shape(np.shape(a), axes_of(axis, np.ndim(a)))) if keepdims else result


@implements(np.quantile)
def quantile_traced(
    a: Any,
    q: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: None = None,
    interpolation: str | None = None,
) -> Any:
    """`np.quantile` without weights."""
    if weights is not None:
        raise UnsupportedError("np.quantile(weights=…) is not known on traced values")
    refuse("quantile", out=out)
    if to_node(a).dtype.kind == "c":
        raise DtypeError("quantiles of complex numbers, which have no order", hint="take real parts or absolute values")
    return _quantile(a, q, axis, interpolation or method, keepdims=keepdims)


@implements(np.percentile)
def percentile_traced(
    a: Any,
    q: Any,
    axis: Any = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: None = None,
    interpolation: str | None = None,
) -> Any:
    """`np.percentile` without weights."""
    share = q / 100 if type(q) in (int, float) else np.true_divide(q, 100)
    return quantile_traced(a, share, axis, None, overwrite_input, method, keepdims, weights=weights)


def _quantile(a: Any, q: Any, axis: Any, method: str, *, keepdims: bool) -> Any:
    """Sorted values read between two neighbours, as NumPy's methods place the quantile."""
    a = _floating(a)
    ordered = _ordered(a, axis)
    wide = ordered.dtype if type(q) in (int, float) else np.result_type(ordered.dtype, float)  # as NumPy promotes
    if ordered.shape[0]:
        result = read_between(ordered, q, method, ordered.shape[0])
        result = np.where(np.isnan(ordered[-1]), np.nan, result).astype(ordered.dtype if method in _OF_LINEAR else wide)
    else:
        result = np.full((*np.shape(q), *ordered.shape[1:]), np.nan, wide)
    if keepdims:
        result = np.reshape(result, (*np.shape(q), *kept_shape(np.shape(a), axes_of(axis, np.ndim(a)))))
    return result


def _ordered(a: Any, axis: Any) -> Any:
    """The values over these axes in rising order along a first axis."""
    axes, shape = axes_of(axis, np.ndim(a)), np.shape(a)
    rest = [n for n in range(len(shape)) if n not in axes]
    flat = np.reshape(np.transpose(a, (*rest, *axes)), (*[shape[n] for n in rest], prod([shape[n] for n in axes])))
    return np.moveaxis(np.sort(flat, axis=-1), -1, 0)


def _floating(a: Any) -> Any:
    node = to_node(a)
    return wrap(node) if node.dtype.kind in "fc" else wrap(node).astype(float)


# Hyndman and Fan (1996): quantile q of n sorted values stands at n q + m, with m = alpha + q (1 - alpha - beta).
_ALPHA_BETA = {
    "linear": (1.0, 1.0),
    "weibull": (0.0, 0.0),
    "hazen": (0.5, 0.5),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
    "interpolated_inverted_cdf": (0.0, 1.0),
}
_OF_LINEAR: dict[str, Callable[..., Any]] = {"lower": np.floor, "higher": np.ceil, "nearest": np.round}


def read_between(ordered: Any, q: Any, method: str, count: int) -> Any:
    """The quantiles of `count` values sorted along the first axis; axes of q come first in the result."""
    q = np.asarray(q, float)
    place = places_of(q, method, count)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, count - 1)
    share = np.reshape(place - below, (*q.shape, *[1] * (np.ndim(ordered) - 1)))
    low, high = ordered[below], ordered[above]
    return np.where(share == 0, low, low + (high - low) * share)


def places_of(q: np.ndarray, method: str, count: Any) -> Any:
    """Where the quantiles of `count` sorted values stand (whole numbers, or between two)."""
    if np.any((q < 0) | (q > 1)):
        raise UsageError("quantiles lie between 0 and 1, percentiles between 0 and 100")
    if method in _OF_LINEAR or method == "midpoint":
        place = (count - 1) * q
        if method == "midpoint":
            return np.where(place == np.floor(place), place, np.floor(place) + 0.5)
        return _OF_LINEAR[method](place)
    if method in _ALPHA_BETA:
        alpha, beta = _ALPHA_BETA[method]
        return np.clip(count * q + alpha + q * (1 - alpha - beta) - 1, 0, count - 1)
    raise UnsupportedError(
        f"np.quantile(method={method!r}) is not known on traced values",
        hint=f"one of {', '.join([*_ALPHA_BETA, *_OF_LINEAR, 'midpoint'])}",
    )
