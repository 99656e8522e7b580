"""exp, exp2, expm1 and the logistic function. Floor 4.

x = k ln 2 + r with |r| ≤ ln 2 / 2 (Cody and Waite's reduction, exact by a fused multiply-add), then a minimax
polynomial for (exp(r) − 1 − r)/r² and a multiplication by 2^k.
"""

from typing import NamedTuple

from glassgrad.engines.cpu.emit.maths.coefficients import EXP, EXP2, LN2, LOG2_E
from glassgrad.engines.cpu.emit.maths.formats import (
    at_most,
    format_of,
    nearest_whole,
    power_of_two,
    times_power_of_two,
    with_sign_of,
    within,
)
from glassgrad.engines.cpu.emit.maths.pairs import Pair, ordered_sum, quotient
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
    form = format_of(x)
    parts = reduce_by_ln2(w, within(w, x, *form.exp_range), 2 * form.bias)
    return times_power_of_two(1.0 + small_expm1(w, parts.r, key), parts.biased)


def exp_below_one(w: Writer, x: Value) -> Value:
    """The exponential of x ≤ 0."""
    form = format_of(x)
    lower = w.select(x < form.exp_range[0], form.exp_range[0], x)
    parts = reduce_by_ln2(w, lower, 2 * form.bias)
    return times_power_of_two(1.0 + small_expm1(w, parts.r, form.key), parts.biased)


def exp2(w: Writer, x: Value) -> Value:
    """The power 2^x, exact for whole numbers."""
    form = format_of(x)
    x = within(w, x, *form.exp2_range)
    k, biased = nearest_whole(w, x, 1.0, 2 * form.bias)
    r = x - k
    return times_power_of_two(w.fma(r, w.polynomial(r, EXP2[form.key]), 1.0), biased)


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
    return quotient(w, Pair(above, x.like(0.0)), ordered_sum(1.0, tail))


# Below, tanh comes from a fraction; above, from exp: where one's error has grown to what the other's is.
_TANH_SMALL = 0.65
# (x − tanh(x))/x³ as a fraction in x², its numerator and denominator: Lambert's continued fraction
# tanh(x) = x/(1 + x²/(3 + x²/(5 + …))), broken off where the rest is below a unit in the last place.
_LAMBERT = {
    "f64": ((675675.0, 45045.0, 594.0, 1.0), (2027025.0, 945945.0, 51975.0, 630.0, 1.0)),
    "f32": ((315.0, 14.0), (945.0, 420.0, 15.0)),
}


def tanh(w: Writer, x: Value) -> Value:
    """The hyperbolic tangent: x − x³ P(x²)/Q(x²) for small |x|, else 1 − 2/(exp(2|x|) + 1); one division for both."""
    form = format_of(x)
    size = w.absolute(x)
    small = size < _TANH_SMALL
    square = size * size
    above, below = (w.polynomial(square, numbers) for numbers in _LAMBERT[form.key])
    parts = reduce_by_ln2(w, at_most(w, size + size, 0.8 * form.mantissa), form.bias)
    scale = power_of_two(x, parts.biased)
    exponential = w.fma(scale, small_expm1(w, parts.r, form.key), scale + 1.0)  # and one
    rest = w.select(small, square * above, 2.0) / w.select(small, below, exponential)
    whole = w.select(small, size, 1.0)
    return with_sign_of(w, w.fma(-whole, rest, whole), x)
