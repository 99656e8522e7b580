"""sinh and cosh, and the inverse hyperbolic functions. Floor 4.

With x = k ln 2 + r, sinh(x) = (2^k − 2^-k)/2 · cosh(r) + (2^k + 2^-k)/2 · sinh(r), and cosh with both sums exchanged:
two short polynomials, no division, and nothing cancels near zero.
"""

from typing import NamedTuple

from glassgrad.engines.cpu.emit.maths.coefficients import ARCSINH, ATANH, COSH, LN2, SINH
from glassgrad.engines.cpu.emit.maths.exponential import reduce_by_ln2, rounded_off
from glassgrad.engines.cpu.emit.maths.formats import at_least, at_most, format_of, power_of_two, with_sign_of
from glassgrad.engines.cpu.emit.maths.logarithm import log_of_pair
from glassgrad.engines.cpu.emit.maths.pairs import Pair, exact_product, exact_sum, ordered_sum
from glassgrad.engines.cpu.emit.values import Value, Writer

_INFINITY = float("inf")


class _Halves(NamedTuple):
    """A quarter of 2^k + 2^-k and of 2^k − 2^-k (2^k/2 overflows before sinh and cosh do), and r.

    sinh(r) = r + odd, cosh(r) = 1 + even.
    """

    total: Value
    difference: Value
    r: Value
    odd: Value
    even: Value


def _halves(w: Writer, size: Value) -> _Halves:
    form = format_of(size)
    parts = reduce_by_ln2(w, at_most(w, size, form.exp_range[1] + 0.7), form.bias - 2)
    rising = power_of_two(size, parts.biased)
    falling = power_of_two(size, (-at_most(w, parts.k, 100.0) + (form.rounding + form.bias - 2)).bits(signed=False))
    z = parts.r * parts.r
    odd = w.fma(z * parts.r, w.polynomial(z, SINH[form.key]), rounded_off(w, parts))
    even = z * w.fma(z, w.polynomial(z, COSH[form.key]), 0.5)
    return _Halves(rising + falling, rising - falling, parts.r, odd, even)


def sinh(w: Writer, x: Value) -> Value:
    """The hyperbolic sine."""
    half = _halves(w, w.absolute(x))
    linear = exact_product(w, half.total, half.r)  # takes from the difference where k = 1 and r < 0
    start = ordered_sum(half.difference, linear.high)
    rest = w.fma(half.difference, half.even, w.fma(half.total, half.odd, start.low + linear.low))
    return with_sign_of(w, (start.high + rest) * 2.0, x)


def cosh(w: Writer, x: Value) -> Value:
    """The hyperbolic cosine."""
    half = _halves(w, w.absolute(x))
    odd = half.r + half.odd
    return (half.total + w.fma(half.total, half.even, half.difference * odd)) * 2.0


def arcsinh(w: Writer, x: Value) -> Value:
    """The inverse hyperbolic sine: an odd polynomial below ½, log(|x| + √(x² + 1)) in two parts above."""
    form = format_of(x)
    size = w.absolute(x)
    z = size * size
    near = w.fma(size * z, w.polynomial(z, ARCSINH[form.key]), size)
    huge = size > 2.0 ** (form.mantissa // 2 + 2)
    safe = w.select(huge, x.like(1.0), size)
    square = exact_product(w, safe, safe)
    total = exact_sum(square.high, 1.0)
    root = _root(w, Pair(total.high, total.low + square.low))
    reach = ordered_sum(root.high, safe)
    far = _log_of_reach(w, huge, size, Pair(reach.high, reach.low + root.low))
    result = w.select(size < 0.5, near, w.select(size < _INFINITY, far, size))
    return with_sign_of(w, result, x)


def arccosh(w: Writer, x: Value) -> Value:
    """The inverse hyperbolic cosine, log(1 + (t + √(t² + 2t))) with t = x − 1, in two parts."""
    form = format_of(x)
    huge = x > 2.0 ** (form.mantissa // 2 + 2)
    t = w.select(huge, x.like(1.0), x - 1.0)
    square = exact_product(w, t, t)
    total = exact_sum(t + t, square.high)
    root = _root(w, Pair(total.high, total.low + square.low))
    rise = exact_sum(root.high, t)
    reach = exact_sum(rise.high, 1.0)
    far = _log_of_reach(w, huge, x, Pair(reach.high, reach.low + (rise.low + root.low)))
    result = w.select(x < _INFINITY, far, x)
    return w.select(x < 1.0, x.like(float("nan")), result)


def arctanh(w: Writer, x: Value) -> Value:
    """The inverse hyperbolic tangent.

    e ln 2 / 2 + atanh(s), s = ((1 + a) − 2^e (1 − a))/((1 + a) + 2^e (1 − a)), where 2^e is near (1 + a)/(1 − a);
    below ¼, e = 0 and s = a.
    """
    form = format_of(x)
    size = w.absolute(x)
    rest = 1.0 - size
    stored = rest.bits(signed=False) >> form.mantissa
    fraction = ((rest.bits(signed=False) & form.fraction_mask) | form.one).as_float(x.kind)
    more = w.select(size + 1.0 > fraction * 1.4142135, stored.like(form.bias + 1), form.bias)
    near = size < 0.25
    whole = w.select(near, stored.like(0), more - stored)
    exponent = (whole + form.integers).as_float(x.kind) - 2.0**form.mantissa
    scale = power_of_two(x, whole + form.bias)
    lost = (1.0 - rest) - size
    above = w.fma(lost, -(scale + 1.0), w.fma(rest, -(scale + 1.0), 2.0))
    s = w.select(near, size, above / w.fma(rest, scale - 1.0, 2.0))
    z = s * s
    high, low = LN2[form.key]
    small = w.fma(s * z, w.polynomial(z, ATANH[form.key]), exponent * (0.5 * low))
    result = w.fma(exponent, 0.5 * high, s + small)
    result = w.select(size < 1.0, result, w.select(size.equals(1.0), x.like(_INFINITY), float("nan")))
    return with_sign_of(w, result, x)


def _root(w: Writer, x: Pair) -> Pair:
    """The square root in two parts; zero stays zero."""
    high = w.sqrt(x.high)
    rest = w.fma(-high, high, x.high) + x.low
    return Pair(high, rest * (0.5 / at_least(w, high, format_of(high).smallest_normal)))


def _log_of_reach(w: Writer, huge: Value, x: Value, reach: Pair) -> Value:
    """log(reach), or log(2 x) where x is huge."""
    return log_of_pair(
        w,
        Pair(w.select(huge, x, reach.high), w.select(huge, x.like(0.0), reach.low)),
        w.select(huge, x.like(1.0), 0.0),
    )
