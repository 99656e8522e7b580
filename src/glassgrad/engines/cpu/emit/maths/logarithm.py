"""log, log2, log10, log1p and what is built on them: softplus, logaddexp. Floor 4.

x = m · 2^e with m in [√½, √2); with f = m − 1 and s = f/(2 + f), log(m) = 2 atanh(s), evaluated as fdlibm does:
f − (f²/2 − s (f²/2 + R(s²))), so that the leading term is exact.
"""

from glassgrad.engines.cpu.emit.maths.coefficients import LN2, LOG, LOG2_E, LOG10_2, LOG10_E, LOG_LONG, TWO_THIRDS
from glassgrad.engines.cpu.emit.maths.exponential import exp_below_one
from glassgrad.engines.cpu.emit.maths.formats import (
    at_least,
    format_of,
    split,
    split_normal,
    with_sign_of,
)
from glassgrad.engines.cpu.emit.maths.pairs import Pair, exact_product, exact_sum, ordered_sum, product
from glassgrad.engines.cpu.emit.types import F32, F64
from glassgrad.engines.cpu.emit.values import Value, Writer

_INFINITY = float("inf")
_NAN = float("nan")


def log(w: Writer, x: Value) -> Value:
    """The natural logarithm."""
    exponent, fraction = split(w, x)
    return _with_limits(w, x, _joined(w, exponent, fraction - 1.0, format_of(x).key))


def log_of_normal(w: Writer, x: Value, key: str) -> Value:
    """The natural logarithm of a positive normal number, with the polynomial of this key."""
    exponent, fraction = split_normal(w, x)
    return _joined(w, exponent, fraction - 1.0, key)


def log2(w: Writer, x: Value) -> Value:
    """The binary logarithm, exact for powers of two."""
    exponent, fraction = split(w, x)
    high, low = _scaled(w, _log_of_fraction(w, fraction - 1.0), LOG2_E[format_of(x).key])
    total = ordered_sum(exponent, high)
    return _with_limits(w, x, total.high + (total.low + low))


def log10(w: Writer, x: Value) -> Value:
    """The decimal logarithm."""
    key = format_of(x).key
    exponent, fraction = split(w, x)
    high, low = _scaled(w, _log_of_fraction(w, fraction - 1.0), LOG10_E[key])
    whole = exact_product(w, exponent, LOG10_2[key][0])
    total = ordered_sum(whole.high, high)
    rest = w.fma(exponent, LOG10_2[key][1], whole.low) + (total.low + low)
    return _with_limits(w, x, total.high + rest)


def log1p(w: Writer, x: Value) -> Value:
    """The logarithm of 1 + x, accurate near zero."""
    total = exact_sum(x, 1.0)
    result = log_of_pair(w, total, total.high.like(0.0))
    result = w.select(x < _INFINITY, result, x)
    result = w.select(x <= -1.0, w.select(x.equals(-1.0), x.like(-_INFINITY), _NAN), result)
    return with_sign_of(w, result, x)


def softplus(w: Writer, x: Value) -> Value:
    """The function log(1 + exp(x)), as max(x, 0) + log1p(exp(−|x|))."""
    return at_least(w, x, 0.0) + _log1p_of_fraction(w, exp_below_one(w, -w.absolute(x)))


def logaddexp(w: Writer, x: Value, y: Value) -> Value:
    """The function log(exp(x) + exp(y)).

    Where the result is near zero it is the difference of two numbers of like size: in float64 its error is then
    of the unit in the last place of the larger argument (as NumPy's); float32 is computed in float64.
    """
    if x.kind is F32:
        return w.convert(logaddexp(w, w.convert(x, F64), w.convert(y, F64)), F32)
    larger, smaller = w.select(x > y, x, y), w.select(x > y, y, x)
    distance = exact_sum(larger, -smaller)
    ratio = exp_below_one(w, -w.select(x.equals(y), x.like(0.0), distance.high))
    rounded_off = w.select(w.absolute(distance.high) < _INFINITY, distance.low, 0.0)
    ratio = w.fma(-ratio, rounded_off, ratio)  # exp(−a − b) = exp(−a) (1 − b) for tiny b
    tail = _log_of_pair_in_two(w, ordered_sum(1.0, ratio))
    larger = w.select(x.is_nan(), x, larger)
    total = exact_sum(larger, tail.high)
    rest = w.select(w.absolute(total.high) < _INFINITY, total.low + tail.low, 0.0)
    return total.high + rest


def _log1p_of_fraction(w: Writer, x: Value) -> Value:
    """The logarithm of 1 + x for 0 ≤ x ≤ 1."""
    return log_of_pair(w, ordered_sum(1.0, x), x.like(0.0))


# ---------------------------------------------------------------------------- the pieces
def log_of_pair(w: Writer, x: Pair, more: Value) -> Value:
    """log(x.high + x.low) + more · ln 2, for a positive normal x.high ≥ 2^-mantissa."""
    exponent, f, extra = _reduced(w, x)
    return _joined(w, exponent + more, f, format_of(f).key, extra)


def _log_of_pair_in_two(w: Writer, x: Pair) -> Pair:
    """log(x.high + x.low) before it is rounded."""
    exponent, f, extra = _reduced(w, x)
    high = exponent * LN2[format_of(f).key][0]  # exact: it ends in zeros
    fraction = ordered_sum(f, -_correction(w, exponent, f, format_of(f).key, extra))
    total = exact_sum(high, fraction.high)
    return Pair(total.high, total.low + fraction.low)


def _reduced(w: Writer, x: Pair) -> tuple[Value, Value, Value]:
    """The exponent, the fraction less one, and what the low part adds to the logarithm.

    That is low/m, where 1/m is needed to a few digits only, except that it is 1 near m = 1: 1/m = 1 − f + f² − …
    """
    form = format_of(x.high)
    exponent, fraction = split_normal(w, x.high)
    scale = (fraction.bits(signed=False) - x.high.bits(signed=False) + form.one).as_float(x.high.kind)
    low = w.select(exponent < 2.0 * form.mantissa, x.low * scale, 0.0)
    f = fraction - 1.0
    return exponent, f, w.fma(low, w.fma(f, f, -f), low)


def _joined(w: Writer, exponent: Value, f: Value, key: str, extra: Value | None = None) -> Value:
    """The sum e ln 2 + log(1 + f) + extra."""
    high = LN2[format_of(f).key][0]
    return w.fma(exponent, high, f - _correction(w, exponent, f, key, extra))


def _correction(w: Writer, exponent: Value, f: Value, key: str, extra: Value | None) -> Value:
    """How far f lies above log(1 + f) + extra and the last digits of e ln 2."""
    low = LN2[format_of(f).key][1]
    s = f / (2.0 + f)
    z = s * s
    half_square = f * f * 0.5
    curved = half_square + z * w.polynomial_in_halves(z, z * z, LOG[key])
    small = exponent * low if extra is None else w.fma(exponent, low, extra)
    return half_square - w.fma(s, curved, small)


def _log_of_fraction(w: Writer, f: Value) -> Pair:
    """log(1 + f) in two parts, the second to a few digits."""
    s = f / (2.0 + f)
    z = s * s
    half = f * 0.5
    half_square = f * half
    curved = half_square + z * w.polynomial_in_halves(z, z * z, LOG[format_of(f).key])
    high = f - half_square
    low = (f - high) - half_square - w.fma(f, half, -half_square)
    return Pair(high, w.fma(s, curved, low))


def _scaled(w: Writer, x: Pair, factor: tuple[float, float]) -> Pair:
    high, low = exact_product(w, x.high, factor[0])
    return Pair(high, w.fma(x.low, factor[0], w.fma(x.high, factor[1], low)))


def log_in_two_parts(w: Writer, exponent: Value, fraction: Value) -> Pair:
    """The sum e ln 2 + log(m) to about 2^-65, as 2 s (1 + z/3 + z² P(z)) with all but P in two parts."""
    form = format_of(fraction)
    f = fraction - 1.0
    below = ordered_sum(2.0, f)
    inverse = 1.0 / below.high
    quotient = f * inverse
    s = Pair(quotient, w.fma(-quotient, below.low, w.fma(-quotient, below.high, f)) * inverse)
    square = exact_product(w, s.high, s.high)
    z = Pair(square.high, w.fma(s.high + s.high, s.low, square.low))
    third, third_low = TWO_THIRDS[form.key]
    slope = ordered_sum(third, z.high * w.polynomial_in_halves(z.high, z.high * z.high, LOG_LONG[form.key]))
    rise = product(w, z, Pair(slope.high, slope.low + third_low))
    factor = ordered_sum(2.0, rise.high)
    fraction_log = product(w, s, Pair(factor.high, factor.low + rise.low))
    high, low = LN2[form.key]
    whole = exact_product(w, exponent, high)
    total = ordered_sum(whole.high, fraction_log.high)
    return Pair(total.high, total.low + (w.fma(exponent, low, whole.low) + fraction_log.low))


def _with_limits(w: Writer, x: Value, result: Value) -> Value:
    """What a logarithm is at 0, below, and at infinity; NaN passes."""
    result = w.select(x < _INFINITY, result, x)
    return w.select(x <= 0.0, w.select(x.equals(0.0), x.like(-_INFINITY), _NAN), result)
