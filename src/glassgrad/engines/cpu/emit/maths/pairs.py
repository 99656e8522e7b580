"""Numbers in two parts: an unevaluated sum of a float and a much smaller one, twice the digits. Floor 4.

The sums are Knuth's and Dekker's, the products Veltkamp's idea with a fused multiply-add in the place of splitting
(T. J. Dekker, "A floating-point technique for extending the available precision", 1971).
"""

from typing import NamedTuple

from glassgrad.engines.cpu.emit.values import Number, Value, Writer


class Pair(NamedTuple):
    """high + low, |low| about half a unit in the last place of high."""

    high: Value
    low: Value


def exact_sum(a: Value, b: Number) -> Pair:
    """The sum and its rounding error, whichever is larger."""
    total = a + b
    second = total - a
    return Pair(total, (a - (total - second)) + (b - second))


def ordered_sum(a: Number, b: Value) -> Pair:
    """The sum and its rounding error, where |a| ≥ |b| or a is zero."""
    total = a + b
    return Pair(total, b - (total - a))


def exact_product(w: Writer, a: Value, b: Number) -> Pair:
    """The product and its rounding error."""
    high = a * b
    return Pair(high, w.fma(a, b, -high))


def quotient(w: Writer, a: Pair, b: Pair) -> Value:
    """The quotient a / b, its rounding errors made good by one step of Newton's: off by little more than half a unit.

    The low parts have to be small, as the sums and products here leave them.
    """
    inverse = 1.0 / b.high
    result = a.high * inverse
    residual = w.fma(-result, b.high, a.high) + w.fma(-result, b.low, a.low)
    return w.fma(residual, inverse, result)


def product(w: Writer, a: Pair, b: Pair) -> Pair:
    """The product of two pairs, the smallest part left out."""
    high, low = exact_product(w, a.high, b.high)
    return Pair(high, w.fma(a.low, b.high, w.fma(a.high, b.low, low)))
