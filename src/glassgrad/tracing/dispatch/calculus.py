"""Differences, integrals, interpolation and polynomials on traced values. Floor 3. Plain NumPy on what is traced."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.tracing.dispatch.reductions import axes_of
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import any_traced, to_node, wrap

_NONE: Any = np._NoValue  # noqa: SLF001 - NumPy's own mark for "not given"


def _part(axis: int, ndim: int, cut: slice | int) -> tuple[Any, ...]:
    """The key that cuts one axis."""
    return tuple(cut if n == axis else slice(None) for n in range(ndim))


@implements(np.diff)
def diff_traced(a: Any, n: int = 1, axis: int = -1, prepend: Any = _NONE, append: Any = _NONE) -> Any:
    """`np.diff`."""
    a = wrap(to_node(a))
    axis = normalize_axis_index(axis, a.ndim)
    pieces = [_edge(value, a, axis) for value in (prepend, a, append) if value is not _NONE]
    if len(pieces) > 1:
        a = np.concatenate(pieces, axis=axis)
    for _ in range(n):
        later, earlier = a[_part(axis, a.ndim, slice(1, None))], a[_part(axis, a.ndim, slice(None, -1))]
        a = np.not_equal(later, earlier) if a.dtype.kind == "b" else later - earlier
    return a


def _edge(value: Any, like: Any, axis: int) -> Any:
    if np.ndim(value) == 0:
        return np.broadcast_to(value, tuple(1 if n == axis else size for n, size in enumerate(like.shape)))
    return value


@implements(np.ediff1d)
def ediff1d_traced(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """`np.ediff1d`."""
    middle = np.diff(np.ravel(ary))
    pieces = [np.ravel(part) for part in (to_begin, middle, to_end) if part is not None]
    return np.concatenate(pieces) if len(pieces) > 1 else middle


@implements(np.gradient)
def gradient_traced(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """`np.gradient`: central differences inside, one-sided ones at the edges."""
    f = wrap(to_node(f))
    f = f if f.dtype.kind in "fc" else f.astype(float)
    axes = (
        axes_of(axis, f.ndim)
        if axis is None
        else tuple(normalize_axis_index(int(n), f.ndim) for n in np.atleast_1d(axis))
    )
    spacings = list(varargs) if len(varargs) > 1 else list(varargs or [1.0]) * len(axes)
    if len(spacings) != len(axes):
        raise UsageError(f"np.gradient takes one spacing or one for each of its {len(axes)} axes")
    results = [_gradient_along(f, spacing, n, edge_order) for spacing, n in zip(spacings, axes, strict=True)]
    return results[0] if len(results) == 1 else tuple(results)


def _gradient_along(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    f = np.moveaxis(f, axis, 0)
    count = f.shape[0]
    if count < edge_order + 1:
        raise ShapeError(f"np.gradient needs at least {edge_order + 1} values along axis {axis}, found {count}")
    if np.ndim(spacing) == 0:
        inside = (f[2:] - f[:-2]) / (2.0 * spacing)
        first, last = _even_edges(f, spacing, edge_order)
    else:
        steps = np.diff(spacing)
        wide = np.reshape(steps, (-1, *[1] * (f.ndim - 1)))
        before, after = wide[:-1], wide[1:]
        inside = (f[2:] * before**2 - f[:-2] * after**2 + f[1:-1] * (after**2 - before**2)) / (
            before * after * (before + after)
        )
        first, last = _uneven_edges(f, wide, edge_order)
    return np.moveaxis(np.concatenate([first[None], inside, last[None]], axis=0), 0, axis)


def _even_edges(f: Any, h: Any, edge_order: int) -> tuple[Any, Any]:
    if edge_order == 1:
        return (f[1] - f[0]) / h, (f[-1] - f[-2]) / h
    return (-1.5 * f[0] + 2.0 * f[1] - 0.5 * f[2]) / h, (1.5 * f[-1] - 2.0 * f[-2] + 0.5 * f[-3]) / h


def _uneven_edges(f: Any, h: Any, edge_order: int) -> tuple[Any, Any]:
    if edge_order == 1:
        return (f[1] - f[0]) / h[0], (f[-1] - f[-2]) / h[-1]
    a, b = h[0], h[1]
    first = -(2 * a + b) / (a * (a + b)) * f[0] + (a + b) / (a * b) * f[1] - a / (b * (a + b)) * f[2]
    a, b = h[-2], h[-1]
    last = b / (a * (a + b)) * f[-3] - (b + a) / (a * b) * f[-2] + (2 * b + a) / (b * (a + b)) * f[-1]
    return first, last


@implements(np.trapezoid)
def trapezoid_traced(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """`np.trapezoid`: the integral by the trapezoidal rule."""
    y = wrap(to_node(y))
    axis = normalize_axis_index(axis, y.ndim)
    if x is not None:
        steps = np.diff(x) if np.ndim(x) == 1 else np.diff(x, axis=axis)
        if np.ndim(x) == 1:
            steps = np.reshape(steps, tuple(-1 if n == axis else 1 for n in range(y.ndim)))
    else:
        steps = dx
    pairs = y[_part(axis, y.ndim, slice(1, None))] + y[_part(axis, y.ndim, slice(None, -1))]
    return np.sum(steps * pairs / 2.0, axis=axis)


@implements(np.interp)
def interp_traced(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    """`np.interp`: piecewise linear; between two points the derivative is the slope, outside it is zero."""
    x, xp, fp = (wrap(to_node(v)) for v in (x, xp, fp))
    if period is not None:
        order = np.argsort(xp % period)
        xp, fp, x = (xp % period)[order], fp[order], x % period
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    if xp.shape[0] == 1:
        middle = np.broadcast_to(fp[0], np.shape(x))
    else:
        place = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, xp.shape[0] - 2)
        width = xp[place + 1] - xp[place]
        share = np.where(width == 0, 0.0, (x - xp[place]) / np.where(width == 0, 1.0, width))
        middle = fp[place] + share * (fp[place + 1] - fp[place])
    below, above = fp[0] if left is None else left, fp[-1] if right is None else right
    return np.where(x < xp[0], below, np.where(x > xp[-1], above, middle))


# ------------------------------------------------------------------ polynomials, highest power first
@implements(np.polyval)
def polyval_traced(p: Any, x: Any) -> Any:
    """`np.polyval` by Horner's rule."""
    p = p if any_traced(p) else np.asarray(p)
    result = np.multiply(x, 0)
    for number in range(np.shape(p)[0]):
        result = result * x + p[number]
    return result


@implements(np.polyder)
def polyder_traced(p: Any, m: int = 1) -> Any:
    """`np.polyder`."""
    for _ in range(m):
        degree = np.shape(p)[0] - 1
        p = p[:-1] * np.arange(degree, 0, -1)
    return p


@implements(np.polyint)
def polyint_traced(p: Any, m: int = 1, k: Any = None) -> Any:
    """`np.polyint`."""
    constants: Sequence[Any] = [0.0] * m if k is None else list(np.atleast_1d(k))
    for number in range(m):
        size = np.shape(p)[0]
        p = np.concatenate([p / np.arange(size, 0, -1), np.reshape(np.asarray(constants[number]), (1,))])
    return p


@implements(np.polyadd)
def polyadd_traced(a1: Any, a2: Any) -> Any:
    """`np.polyadd`."""
    size = max(np.shape(a1)[0], np.shape(a2)[0])
    return np.pad(a1, (size - np.shape(a1)[0], 0)) + np.pad(a2, (size - np.shape(a2)[0], 0))


@implements(np.polymul)
def polymul_traced(a1: Any, a2: Any) -> Any:
    """`np.polymul`."""
    return np.convolve(a1, a2)
