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
from glassgrad.engines.cpu.emit.values import Value, Writer


class Reduced(NamedTuple):
    """x = k ln 2 + r: r, k as a float, and an integer whose last bits are k + offset."""

    r: Value
    k: Value
    biased: Value


def reduce_by_ln2(w: Writer, x: Value, offset: int) -> Reduced:
    """The remainder of x after the nearest multiple of ln 2.

    x − k·high is exact: both are multiples of the same unit and the difference is below ½.
    """
    key = format_of(x).key
    high, low = LN2[key]
    k, biased = nearest_whole(w, x, LOG2_E[key][0], offset)
    return Reduced(w.fma(k, -low, w.fma(k, -high, x)), k, biased)


def small_expm1(w: Writer, r: Value, key: str) -> Value:
    """The value exp(r) − 1 for |r| ≤ ln 2 / 2, relative error below a unit in the last place."""
    return w.fma(r * r, w.polynomial(r, EXP[key]), r)


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
    half = power_of_two(x, parts.biased)  # 2^k/2, so that the largest results do not overflow on the way
    result = w.fma(half, small_expm1(w, parts.r, form.key), half - 0.5) * 2.0
    return with_sign_of(w, result, x)


def expit(w: Writer, x: Value) -> Value:
    """The logistic function 1/(1 + exp(−x)), accurate in both tails."""
    tail = exp_below_one(w, -w.absolute(x))
    return w.select(x < 0.0, tail, x.like(1.0)) / (1.0 + tail)


def tanh(w: Writer, x: Value) -> Value:
    """The hyperbolic tangent, as t/(t + 2) with t = exp(2|x|) − 1."""
    form = format_of(x)
    size = w.absolute(x)
    parts = reduce_by_ln2(w, at_most(w, size + size, 1.0 * form.mantissa), form.bias)
    scale = power_of_two(x, parts.biased)
    t = w.fma(scale, small_expm1(w, parts.r, form.key), scale - 1.0)
    return with_sign_of(w, t / (t + 2.0), x)
