"""erf and erfc. Floor 4.

erf(x) is x + x P(x²) below 1; beyond, erfc(x) = exp(−x²) Q(t)/(x + 2) with t = (x − 2)/(x + 2), a map that takes
[0, ∞) to [−1, 1) and on which one polynomial holds everywhere (the idea of M. M. Shepherd and J. G. Laframboise,
"Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞", 1981).
"""

from glassgrad.engines.cpu.emit.maths.coefficients import ERF, ERF_TAIL, ERFCX, EXP
from glassgrad.engines.cpu.emit.maths.exponential import reduce_by_ln2, rounded_off, small_expm1
from glassgrad.engines.cpu.emit.maths.formats import at_most, format_of, power_of_two, times_power_of_two, with_sign_of
from glassgrad.engines.cpu.emit.maths.pairs import Pair, exact_product, exact_sum, ordered_sum, product, quotient
from glassgrad.engines.cpu.emit.types import F32, F64
from glassgrad.engines.cpu.emit.values import Value, Writer


def _near(w: Writer, x: Value, key: str) -> Value:
    """erf(x), |x| ≤ 1."""
    return w.fma(x, w.polynomial(x * x, ERF[key]), x)


def _short_complement(w: Writer, size: Value, coefficients: tuple[float, ...], key: str) -> Value:
    """erfc(size), size ≥ ½, to three units in the last place: where it is subtracted from 1 or rounded to float32."""
    inverse = 1.0 / (size + 2.0)
    q = w.polynomial((size - 2.0) * inverse, coefficients)
    square = exact_product(w, size, size)
    parts = reduce_by_ln2(w, -square.high, format_of(size).bias)
    growth = small_expm1(w, parts.r - square.low, key)
    return w.fma(q, growth, q) * inverse * power_of_two(size, parts.biased)


def _long_complement(w: Writer, size: Value) -> Value:
    """erfc(size), size ≥ ½, with exp(r), the product and the quotient in two parts."""
    form = format_of(size)
    size = at_most(w, size, 28.0)
    below = exact_sum(size, 2.0)
    q = _scaled_tail(w, size, below)
    square = exact_product(w, size, size)
    parts = reduce_by_ln2(w, -square.high, 2 * form.bias)
    r = parts.r
    start = ordered_sum(1.0, r)
    curved = w.fma(r * r, w.polynomial(r, EXP[form.key]), rounded_off(w, parts))
    growth = ordered_sum(start.high, start.low + curved)
    above = product(w, q, Pair(growth.high, w.fma(-square.low, growth.high, growth.low)))
    return times_power_of_two(w, quotient(w, above, below), parts.k, parts.biased)


def _scaled_tail(w: Writer, size: Value, below: Pair) -> Pair:
    """(size + 2) exp(size²) erfc(size), with the rounding errors of t and of the last sum."""
    coefficients = ERFCX[format_of(size).key]
    inverse = 1.0 / below.high
    t = (size - 2.0) * inverse
    error = w.fma(-t, below.low, w.fma(-t, below.high, size - 2.0)) * inverse
    first, *others = coefficients
    change = exact_product(w, t, w.polynomial(t, others))
    total = ordered_sum(first, change.high)
    slope = w.polynomial(t, [power * c for power, c in enumerate(coefficients[:6])][1:])
    return Pair(total.high, total.low + w.fma(error, slope, change.low))


def erf(w: Writer, x: Value) -> Value:
    """The error function; beyond 6 it is 1."""
    key = format_of(x).key
    size = w.absolute(x)
    far = 1.0 - _short_complement(w, at_most(w, size, 6.0), ERF_TAIL[key], key)
    return with_sign_of(w, w.select(size < 1.0, _near(w, size, key), far), x)


def erfc(w: Writer, x: Value) -> Value:
    """1 − erf(x), accurate in its tail; float32 is computed in float64."""
    if x.kind is F32:
        wide = w.convert(x, F64)
        size = at_most(w, w.absolute(wide), 11.0)
        return w.convert(_joined(w, wide, _short_complement(w, size, ERFCX["short"], "short"), "short"), F32)
    return _joined(w, x, _long_complement(w, w.absolute(x)), "f64")


def _joined(w: Writer, x: Value, tail: Value, key: str) -> Value:
    """erfc(x), given it for |x| ≥ ½."""
    far = w.select(x < 0.0, 2.0 - tail, tail)
    return w.select(w.absolute(x) < 0.5, 1.0 - _near(w, x, key), far)
