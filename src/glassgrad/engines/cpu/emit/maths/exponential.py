"""exp, exp2, expm1 and the logistic function. Floor 4.

x = k ln 2 + r with |r| ≤ ln 2 / 2 (Cody and Waite's reduction, exact by a fused multiply-add), then a minimax
polynomial for (exp(r) − 1 − r)/r² and a multiplication by 2^k. Where there is AVX-512, exp takes `stepped`'s table.
"""

from typing import NamedTuple

from glassgrad.engines.cpu.emit.maths import avx512, stepped
from glassgrad.engines.cpu.emit.maths.coefficients import EXP, EXP2, EXP_ABOVE, LN2, LOG2_E
from glassgrad.engines.cpu.emit.maths.formats import (
    at_least,
    at_most,
    format_of,
    nearest_whole,
    power_of_two,
    times_power_of_two,
    two_powers,
    with_sign_of,
    within,
)
from glassgrad.engines.cpu.emit.maths.pairs import Pair, ordered_sum
from glassgrad.engines.cpu.emit.values import Value, Writer


class Reduced(NamedTuple):
    """x = k ln 2 + r: r, k as a float, an integer whose last bits are k + offset, and r before ln 2's last digits."""

    r: Value
    k: Value
    biased: Value
    start: Value


def reduce_by_ln2(w: Writer, x: Value, offset: int) -> Reduced:
    """The remainder of x after the nearest multiple of ln 2.

    x − k·high is exact: both are multiples of the same unit and the difference is below ½.
    """
    key = format_of(x).key
    high, low = LN2[key]
    k, biased = nearest_whole(w, x, LOG2_E[key][0], offset)
    start = w.fma(k, -high, x)
    return Reduced(w.fma(k, -low, start), k, biased, start)


def rounded_off(w: Writer, parts: Reduced) -> Value:
    """What r lost when it was rounded."""
    return w.fma(parts.k, -LN2[format_of(parts.r).key][1], parts.start - parts.r)


def small_expm1(w: Writer, r: Value, key: str) -> Value:
    """The value exp(r) − 1 for |r| ≤ ln 2 / 2, relative error below a unit in the last place."""
    square = r * r
    return w.fma(square, w.polynomial_in_halves(r, square, EXP[key]), r)


def exp(w: Writer, x: Value) -> Value:
    """The exponential of x."""
    return exp_of(w, x, format_of(x).key)


def exp_of(w: Writer, x: Value, key: str) -> Value:
    """The exponential of x with the polynomial of this key."""
    if avx512.available():
        return stepped.exp(w, x, key)
    form = format_of(x)
    return _grown(w, reduce_by_ln2(w, within(w, x, *form.exp_range), 2 * form.bias), key)


def exp_below_one(w: Writer, x: Value) -> Value:
    """The exponential of x ≤ 0."""
    form = format_of(x)
    if avx512.available():
        return stepped.exp(w, x, form.key)
    return _grown(w, reduce_by_ln2(w, at_least(w, x, form.exp_range[0]), 2 * form.bias), form.key)


def _grown(w: Writer, parts: Reduced, key: str) -> Value:
    """The value exp(r) · 2^k, for an offset of 2 bias."""
    growth = small_expm1(w, parts.r, key)
    first, second = two_powers(growth, parts.biased)
    return w.fma(first, growth, first) * second


def exp2(w: Writer, x: Value) -> Value:
    """The power 2^x, exact for whole numbers."""
    form = format_of(x)
    x = within(w, x, *form.exp2_range)
    k, biased = nearest_whole(w, x, 1.0, 2 * form.bias)
    r = x - k
    return times_power_of_two(w, w.fma(r, w.polynomial(r, EXP2[form.key]), 1.0), k, biased)


def expm1(w: Writer, x: Value) -> Value:
    """The exponential less one, accurate near zero."""
    form = format_of(x)
    parts = reduce_by_ln2(w, within(w, x, -1.5 * form.mantissa, form.exp_range[1]), form.bias - 1)
    # 2^k/2 and ½, so that the largest results do not overflow on the way
    high, low = expm1_in_two_parts(w, parts, power_of_two(x, parts.biased), 0.5)
    return with_sign_of(w, (high + low) * 2.0, x)


def expm1_in_two_parts(w: Writer, parts: Reduced, scale: Value, one: float) -> Pair:
    """The value scale · exp(r) − one: the exact sum of scale − one and scale · r, and the rest in the second part."""
    r = parts.r
    high, low = ordered_sum(scale - one, scale * r)
    curved = w.fma(r * r, w.polynomial(r, EXP[format_of(r).key]), rounded_off(w, parts))
    return Pair(high, w.fma(scale, curved, low))


def expit(w: Writer, x: Value) -> Value:
    """The logistic function 1/(1 + exp(−x)), accurate in both tails."""
    tail = exp_below_one(w, -w.absolute(x))
    above = w.select(x < 0.0, tail, x.like(1.0))
    inverse = _short_inverse(w, tail + 1.0)
    q = above * inverse
    remainder = w.fma(-q, tail, above - q)  # of above / (1 + tail), what is rounded in it made good
    return w.fma(remainder, inverse, q)


def _short_inverse(w: Writer, x: Value) -> Value:
    """The reciprocal to half of the digits or more, for a quotient that a step of Newton's follows."""
    return avx512.short_inverse(w, x) if avx512.available() else 1.0 / x


_TANH_START = 0.165  # taken from |x| before k is rounded, for k = 1 to begin where r is near zero


def tanh(w: Writer, x: Value) -> Value:
    """The hyperbolic tangent n/(n + 2) with n = exp(2|x|) − 1.

    2^k − 1 is exact, and k stays 0 up to 2|x| = 0.68, so that nothing cancels in n; above, the last digits of ln 2 do
    not reach those of the result. One step of Newton's makes good what rounding n + 2 and the quotient took.
    """
    form = format_of(x)
    size = at_most(w, w.absolute(x), 0.4 * form.mantissa)
    k, biased = nearest_whole(w, size - _TANH_START, 2.0 * LOG2_E[form.key][0], form.bias)
    r = w.fma(k, -LN2[form.key][0], size + size)
    square = r * r
    growth = w.fma(square, w.polynomial_in_halves(r, square, EXP_ABOVE[form.key]), r)
    scale = power_of_two(x, biased)
    n = w.fma(scale, growth, scale - 1.0)
    inverse = _short_inverse(w, n + 2.0)
    q = n * inverse
    remainder = w.fma(-q, n, w.fma(q, -2.0, n))
    return with_sign_of(w, w.fma(remainder, inverse, q), x)
