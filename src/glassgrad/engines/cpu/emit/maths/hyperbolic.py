"""sinh and cosh, and the inverse hyperbolic functions. Floor 4.

With x = k ln 2 + r, sinh(x) = (2^k − 2^-k)/2 · cosh(r) + (2^k + 2^-k)/2 · sinh(r), and cosh with both sums exchanged:
two short polynomials, no division, and nothing cancels near zero.
"""

from glassgrad.engines.cpu.emit.maths.coefficients import ARCSINH, ATANH, COSH, LN2, SINH
from glassgrad.engines.cpu.emit.maths.exponential import reduce_by_ln2
from glassgrad.engines.cpu.emit.maths.formats import at_least, at_most, format_of, power_of_two, with_sign_of
from glassgrad.engines.cpu.emit.maths.logarithm import log_of_pair
from glassgrad.engines.cpu.emit.maths.pairs import Pair, exact_product, exact_sum, ordered_sum
from glassgrad.engines.cpu.emit.values import Value, Writer

_INFINITY = float("inf")


def _halves(w: Writer, size: Value) -> tuple[Value, Value, Value, Value]:
    """A quarter of 2^k + 2^-k and of 2^k − 2^-k, sinh(r), and cosh(r) − 1.

    A quarter, because 2^k/2 overflows before sinh and cosh do.
    """
    form = format_of(size)
    parts = reduce_by_ln2(w, at_most(w, size, form.exp_range[1] + 1.0), form.bias - 2)
    rising = power_of_two(size, parts.biased)
    falling = power_of_two(size, (-at_most(w, parts.k, 100.0) + (form.rounding + form.bias - 2)).bits(signed=False))
    z = parts.r * parts.r
    odd = w.fma(z * parts.r, w.polynomial(z, SINH[form.key]), parts.r)
    even = z * w.fma(z, w.polynomial(z, COSH[form.key]), 0.5)
    return rising + falling, rising - falling, odd, even


def sinh(w: Writer, x: Value) -> Value:
    """The hyperbolic sine."""
    total, difference, odd, even = _halves(w, w.absolute(x))
    result = (difference + w.fma(difference, even, total * odd)) * 2.0
    return with_sign_of(w, result, x)


def cosh(w: Writer, x: Value) -> Value:
    """The hyperbolic cosine."""
    total, difference, odd, even = _halves(w, w.absolute(x))
    return (total + w.fma(total, even, difference * odd)) * 2.0


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

    e ln 2 / 2 + atanh(s), s = ((1 + a) − 2^e (1 − a))/((1 + a) + 2^e (1 − a)), where 2^e is near (1 + a)/(1 − a)
    and 1 below ¼, so that s = a there.
    """
    form = format_of(x)
    size = w.absolute(x)
    rest = 1.0 - size
    stored = rest.bits(signed=False) >> form.mantissa
    fraction = ((rest.bits(signed=False) & form.fraction_mask) | form.one).as_float(x.kind)
    more = w.select(size + 1.0 > fraction * 1.4142135, stored.like(form.bias + 1), form.bias)
    whole = w.select(size < 0.25, stored.like(0), more - stored)
    exponent = (whole + form.integers).as_float(x.kind) - 2.0**form.mantissa
    scale = power_of_two(x, whole + form.bias)
    s = w.fma(size, scale + 1.0, 1.0 - scale) / w.fma(size, 1.0 - scale, scale + 1.0)
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
