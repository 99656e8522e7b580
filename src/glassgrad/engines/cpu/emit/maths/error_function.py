"""erf and erfc. Floor 4.

erf(x) is x + x P(x²) below 1; beyond, erfc(x) = exp(−x²) Q(t)/(x + 2) with t = (x − 2)/(x + 2), a map that takes
[0, ∞) to [−1, 1) and on which one polynomial holds everywhere (the idea of M. M. Shepherd and J. G. Laframboise,
"Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞", 1981).
"""

from glassgrad.engines.cpu.emit.maths.coefficients import ERF, ERFCX
from glassgrad.engines.cpu.emit.maths.exponential import reduce_by_ln2, small_expm1
from glassgrad.engines.cpu.emit.maths.formats import at_most, format_of, key_for, times_power_of_two, with_sign_of
from glassgrad.engines.cpu.emit.maths.pairs import exact_product, exact_sum
from glassgrad.engines.cpu.emit.types import F32, F64, Kind
from glassgrad.engines.cpu.emit.values import Value, Writer

_BEYOND = {"f64": 28.0, "f32": 11.0, "short": 11.0}  # erfc is zero from here on


def _near(w: Writer, x: Value, key: str) -> Value:
    """erf(x), |x| ≤ 1."""
    return w.fma(x, w.polynomial(x * x, ERF[key]), x)


def _complement(w: Writer, size: Value, key: str) -> Value:
    """erfc(size), size ≥ ½."""
    form = format_of(size)
    size = at_most(w, size, _BEYOND[key])
    below = exact_sum(size, 2.0)
    inverse = 1.0 / below.high
    q = w.polynomial((size - 2.0) * inverse, ERFCX[key])
    square = exact_product(w, size, size)
    parts = reduce_by_ln2(w, -square.high, 2 * form.bias)
    growth = small_expm1(w, parts.r - square.low, key)
    quotient = w.fma(q, growth, q) * inverse
    quotient = w.fma(quotient, -(below.low * inverse), quotient)
    return times_power_of_two(quotient, parts.biased)


def erf(w: Writer, x: Value) -> Value:
    """The error function."""
    key = format_of(x).key
    size = w.absolute(x)
    far = 1.0 - _complement(w, size, key)
    return with_sign_of(w, w.select(size < 1.0, _near(w, size, key), far), x)


def erfc(w: Writer, x: Value) -> Value:
    """1 − erf(x), accurate in its tail; float32 is computed in float64."""
    if x.kind is F32:
        return w.convert(_erfc(w, w.convert(x, F64), F32), F32)
    return _erfc(w, x, F64)


def _erfc(w: Writer, x: Value, kind: Kind) -> Value:
    key = key_for(x, kind)
    size = w.absolute(x)
    tail = _complement(w, size, key)
    far = w.select(x < 0.0, 2.0 - tail, tail)
    return w.select(size < 0.5, 1.0 - _near(w, x, key), far)
