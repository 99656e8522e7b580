"""scipy.integrate on traced values: ordinary differential equations, and sums along an axis."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from glassgrad.base.errors import ShapeError, UnsupportedError
from glassgrad.graph.node import workspace
from glassgrad.ops.structure import cast
from glassgrad.scipy.lookup import names_of
from glassgrad.scipy.runge_kutta import Tolerance, solve
from glassgrad.tracing.registry import implements_name
from glassgrad.tracing.tracer import any_traced, to_node, wrap

_look_up, __dir__ = names_of("scipy.integrate")


def __getattr__(name: str) -> Any:
    return _look_up(name)


# ------------------------------------------------------------------ differential equations
def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    args: tuple[Any, ...] = (),
    *,
    rtol: Any = None,
    atol: Any = None,
    mxstep: int = 0,
    tfirst: bool = False,
    **options: Any,
) -> Any:
    """The solution of dy/dt = func(y, t, *args) at the times t, of which the first belongs to y0: (time, value).

    Differentiable in y0, t, args and what func closes over, in every mode and order: the steps taken (Dormand and
    Prince's method of order 5, so not for stiff equations) are differentiated with their sizes held. Outside of a
    transform SciPy's own solver runs. `rtol` and `atol` are 1e-10 unless given, `mxstep` steps between two times are
    100,000; where they do not suffice the values are not-a-number.

    >>> odeint(lambda y, t: -y, 1.0, np.array([0.0, 1.0]))[1].round(6)
    array([0.367879])
    """
    if workspace() is None and not any_traced([y0, t, *args]):
        given = {"rtol": rtol, "atol": atol, "mxstep": mxstep, "tfirst": tfirst} | options
        return scipy.integrate.odeint(func, y0, t, args, **given)
    if options:
        raise UnsupportedError(f"odeint with {', '.join(options)} is not known on traced values")
    start, times = _real(y0), _real(t)
    if np.ndim(start) > 1 or np.ndim(times) != 1 or np.size(times) == 0:
        raise ShapeError(f"odeint takes a line of values and a line of times, found {np.shape(y0)} and {np.shape(t)}")
    start = np.atleast_1d(start)
    size = np.size(start)

    def slope(y: Any, time: Any) -> Any:
        found = _real(func(time, y, *args) if tfirst else func(y, time, *args))
        if np.size(found) != size:
            raise ShapeError(f"odeint: the function gives {np.shape(found)} for values of shape {(size,)}")
        return np.reshape(found, (size,))

    tolerance = Tolerance(1e-10 if rtol is None else rtol, 1e-10 if atol is None else atol, int(mxstep) or 100_000)
    return solve(slope, start, times, tolerance)


def _real(value: Any) -> Any:
    """A tracer of double precision."""
    return wrap(cast(to_node(value), np.dtype(np.float64)))


# ------------------------------------------------------------------ sums
@implements_name("scipy.integrate.trapezoid")
def trapezoid_traced(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.trapezoid`."""
    return np.trapezoid(wrap(to_node(y)), x, dx, axis)


def _along_last(values: Any, axis: int) -> Any:
    """Traced values with this axis at the end."""
    traced: Any = wrap(to_node(values))
    return np.moveaxis(traced, axis, -1)


@implements_name("scipy.integrate.cumulative_trapezoid")
def cumulative_trapezoid_traced(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """`scipy.integrate.cumulative_trapezoid`."""
    values = _along_last(y, axis)
    widths = dx if x is None else np.diff(x if np.ndim(x) == 1 else _along_last(x, axis))
    sums = np.cumsum(widths * (values[..., 1:] + values[..., :-1]) / 2, axis=-1)
    if initial is not None:
        if initial != 0:
            raise UnsupportedError("cumulative_trapezoid starts at initial=0 or without")
        sums = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
    return np.moveaxis(sums, -1, axis)


@implements_name("scipy.integrate.simpson")
def simpson_traced(y: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.simpson`: a weighted sum, whose weights are those of SciPy."""
    if any_traced([x, dx]) or np.ndim(x) > 1:
        raise UnsupportedError("simpson takes plain points x, the same for all", hint="np.trapezoid takes any")
    values = _along_last(y, axis)
    weights = scipy.integrate.simpson(np.eye(np.shape(values)[-1]), x=x, dx=dx, axis=-1)
    return values @ weights


@implements_name("scipy.integrate.fixed_quad")
def fixed_quad_traced(func: Callable[..., Any], a: Any, b: Any, args: tuple[Any, ...] = (), n: int = 5) -> Any:
    """`scipy.integrate.fixed_quad`: Gauss and Legendre's sum of n values."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    points = (b - a) * (nodes + 1) / 2 + a
    return (b - a) / 2 * np.sum(weights * func(points, *args), axis=-1), None
