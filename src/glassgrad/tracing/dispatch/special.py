"""scipy.special's functions that are no ufuncs, for `glassgrad.scipy.special`: logsumexp, polygamma … Floor 3."""

from collections.abc import Callable, Sequence
from math import comb as choose
from typing import Any

import numpy as np

from glassgrad.base.errors import DomainError, UnsupportedError
from glassgrad.ops.barriers import stopped
from glassgrad.ops.softmax import log_softmax_over, logsumexp_over, softmax_over
from glassgrad.ops.structure import kept_shape, reshape
from glassgrad.ops.ufuncs import function_of
from glassgrad.tracing.dispatch.reductions import axes_of
from glassgrad.tracing.dispatch.ufuncs import inexact, lambertw_traced, operand, riemann_traced, traced, traced_inexact
from glassgrad.tracing.registry import implements_name
from glassgrad.tracing.tracer import Tracer, to_node, wrap

Axis = int | Sequence[int] | None


def _row(name: str) -> Callable[..., Any]:
    function = function_of(name)
    return lambda *operands: wrap(function(*[operand(value) for value in operands]))


# ------------------------------------------------------------------ softmax and its kin
@implements_name("scipy.special.softmax")
def softmax_traced(x: Any, axis: Axis = None) -> Tracer:
    """`scipy.special.softmax`."""
    node = inexact(x)
    return wrap(softmax_over(node, axes_of(axis, node.ndim)))


@implements_name("scipy.special.log_softmax")
def log_softmax_traced(x: Any, axis: Axis = None) -> Tracer:
    """`scipy.special.log_softmax`."""
    node = inexact(x)
    return wrap(log_softmax_over(node, axes_of(axis, node.ndim)))


@implements_name("scipy.special.logsumexp")
def logsumexp_traced(
    a: Any, axis: Axis = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """`scipy.special.logsumexp`, with weights `b` and the sign of the sum where asked for."""
    node = inexact(a)
    if b is not None or return_sign or node.dtype.kind == "c":
        return _weighted(traced(node), axis, b, keepdims, return_sign)
    axes = axes_of(axis, node.ndim)
    result = logsumexp_over(node, axes)
    return wrap(reshape(result, kept_shape(node.shape, axes)) if keepdims else result)


def _weighted(a: Any, axis: Axis, b: Any, keepdims: bool, return_sign: bool) -> Any:
    """The logarithm of Σ b·exp(a): the largest a that counts is taken out first, which changes nothing."""
    weights = 1.0 if b is None else b
    largest = np.max(np.where(weights != 0, np.real(a), -np.inf), axis=axis, keepdims=True)
    largest = wrap(stopped(to_node(np.where(np.isfinite(largest), largest, 0.0))))
    total = np.sum(weights * np.exp(a - largest), axis=axis, keepdims=True)
    sign = np.sign(total)
    result = np.log(np.abs(total) if return_sign else total) + largest
    if not keepdims:
        result, sign = [
            np.squeeze(part, axis=axis if axis is None else axes_of(axis, np.ndim(a))) for part in (result, sign)
        ]
    return (result, sign) if return_sign else result


# ------------------------------------------------------------------ gamma and its kin
implements_name("scipy.special.sinc")(np.sinc)
implements_name("scipy.special.lambertw")(lambda z, k=0, tol=1e-8: lambertw_traced(z, k, tol))
implements_name("scipy.special.softplus")(lambda x: _row("softplus")(x))


@implements_name("scipy.special.polygamma")
def polygamma_traced(n: Any, x: Any) -> Any:
    """`scipy.special.polygamma`: the derivative of order n of the digamma function."""
    return _row("polygamma")(n if isinstance(n, Tracer) else np.asarray(n), x)


@implements_name("scipy.special.zeta")
def zeta_traced(x: Any, q: Any = None, out: None = None) -> Any:
    """`scipy.special.zeta`: Riemann's, or Hurwitz's with q."""
    if out is not None:
        raise UnsupportedError("scipy.special.zeta(…, out=…) is not known on traced values", hint="use the result")
    return riemann_traced(x) if q is None else _row("zeta")(x, q)


@implements_name("scipy.special.multigammaln")
def multigammaln_traced(a: Any, d: int) -> Any:
    """`scipy.special.multigammaln`: the logarithm of the multivariate gamma function."""
    if np.floor(d) != d or d < 1:
        raise DomainError(f"multigammaln needs a whole dimension d, found {d}")
    value, gammaln = traced(a), _row("gammaln")
    total: Any = d * (d - 1) * 0.25 * np.log(np.pi)
    for j in range(int(d)):
        total = total + gammaln(value - j / 2)
    return total


@implements_name("scipy.special.factorial")
def factorial_traced(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """`scipy.special.factorial`: Γ(n + 1), 0 for negative n."""
    if exact or extend != "zero":
        raise UnsupportedError("factorial on traced values takes exact=False and extend='zero' only")
    value = traced_inexact(n)
    return np.where(value < 0, 0.0, _row("gamma")(np.where(value < 0, 1.0, value) + 1))


@implements_name("scipy.special.comb")
def comb_traced(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """`scipy.special.comb`: the number of ways to take k out of N things."""
    if exact:
        raise UnsupportedError("comb on traced values takes exact=False only")
    things, taken = traced_inexact(N), traced_inexact(k)
    if repetition:
        things = things + taken - 1
    possible = (taken <= things) & (things >= 0) & (taken >= 0)
    return np.where(possible, _row("binom")(things, taken), 0.0)


@implements_name("scipy.special.perm")
def perm_traced(N: Any, k: Any, exact: bool = False) -> Any:
    """`scipy.special.perm`: the number of ways to take k out of N things in order."""
    if exact:
        raise UnsupportedError("perm on traced values takes exact=False only")
    things, taken = traced_inexact(N), traced_inexact(k)
    possible = (taken <= things) & (things >= 0) & (taken >= 0)
    return np.where(possible, _row("poch")(things - taken + 1, taken), 0.0)


# ------------------------------------------------------------------ derivatives of Bessel functions
def _bessel_derivative(row: str, sign: int, overall: int) -> Callable[..., Any]:
    """The n-th derivative of a Bessel function as a sum of its neighbours (DLMF 10.6.7, 10.29.5)."""

    def derivative(v: Any, z: Any, n: int = 1) -> Any:
        function, total = _row(row), 0.0
        for i in range(n + 1):
            total = total + choose(n, i) * sign**i * function(v - n + 2 * i, z)
        return total * overall**n / 2**n

    return derivative


implements_name("scipy.special.jvp")(_bessel_derivative("jv", -1, 1))
implements_name("scipy.special.yvp")(_bessel_derivative("yv", -1, 1))
implements_name("scipy.special.ivp")(_bessel_derivative("iv", 1, 1))
implements_name("scipy.special.kvp")(_bessel_derivative("kv", 1, -1))
