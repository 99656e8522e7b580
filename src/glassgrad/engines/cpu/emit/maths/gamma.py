"""The logarithm of the gamma function and its derivative. Floor 4.

From 6 on Stirling's series (as a minimax polynomial in 1/x²); below, the recurrence leads to an interval of length 1
with a polynomial that holds the function's zero as a factor; left of zero, the reflection formulas
(Abramowitz and Stegun 6.1.17, 6.1.41, 6.3.5, 6.3.7, 6.3.18). float32 is computed in float64 with shorter polynomials.
"""

from collections.abc import Callable
from typing import NamedTuple

from glassgrad.engines.cpu.emit.maths.branches import where_any
from glassgrad.engines.cpu.emit.maths.coefficients import (
    COS,
    DIGAMMA,
    DIGAMMA_FAR,
    DIGAMMA_ROOT,
    GAMMALN,
    HALF_PI,
    PI_SQUARED,
    SIN,
    STIRLING,
    STIRLING_CONSTANT,
)
from glassgrad.engines.cpu.emit.maths.formats import key_for, split
from glassgrad.engines.cpu.emit.maths.logarithm import log, log_in_two_parts, log_of_normal
from glassgrad.engines.cpu.emit.maths.pairs import Pair, exact_product, exact_sum, ordered_sum, product, quotient
from glassgrad.engines.cpu.emit.types import F32, F64, Kind
from glassgrad.engines.cpu.emit.values import Value, Writer

_INFINITY = float("inf")
_NAN = float("nan")
_PI = tuple(2.0 * part for part in HALF_PI["f64"][:2])
_FAR = 6.0


def gammaln(w: Writer, x: Value) -> Value:
    """The logarithm of |Γ(x)|; infinite at the poles."""
    return _in_float64(w, x, _gammaln)


def digamma(w: Writer, x: Value) -> Value:
    """The derivative of log Γ(x); NaN at the negative whole numbers, infinite at zero."""
    return _in_float64(w, x, _digamma)


def _in_float64(w: Writer, x: Value, function: Callable[[Writer, Value, Kind], Value]) -> Value:
    if x.kind is F32:
        return w.convert(function(w, w.convert(x, F64), F32), F32)
    return function(w, x, F64)


def _gammaln(w: Writer, x: Value, kind: Kind) -> Value:
    negative = x < 0.0
    size = w.select(negative, 1.0 - x, x)
    right = _gammaln_right(w, size, key_for(x, kind))

    def reflected() -> tuple[Value]:
        sine = _sine(w, _turns(w, x))
        left = -log(w, sine) - right  # log(π/|sin πx|) − log Γ(1 − x)
        left = w.select(sine > 0.0, left, _INFINITY)
        return (w.select(x > -_INFINITY, left, x),)  # SciPy's value at −∞

    return where_any(w, negative, reflected, (right,))[0]


def _gammaln_right(w: Writer, x: Value, key: str) -> Value:
    """The logarithm of Γ(x) for x ≥ 0."""
    far = x > _FAR
    middle, factor, rising = _towards_two(w, x)
    inside = w.select(far, x, factor)
    logarithm = _log(w, inside, key)
    sign = w.select(rising, x.like(-1.0), 1.0)
    centre = _near_two(w, middle, key)
    total = exact_sum(centre.high, logarithm.high * sign)
    near = total.high + (total.low + w.fma(logarithm.low, sign, centre.low))
    inverse = 1.0 / x
    series = inverse * w.polynomial(inverse * inverse, STIRLING[key])
    # (x − ½)(log x − 1) + log(2π)/2 − ½ + series
    excess = ordered_sum(logarithm.high, x.like(-1.0))
    half = x - 0.5
    tail = w.fma(half, excess.low + logarithm.low, series + STIRLING_CONSTANT["f64"][0])
    stirling = w.fma(half, excess.high, tail)
    result = w.select(far, stirling, near)
    return w.select(x < _INFINITY, w.select(x.equals(0.0), x.like(_INFINITY), result), x)


def _near_two(w: Writer, f: Value, key: str) -> Pair:
    """The logarithm of Γ(2 + f), |f| ≤ ½; in two parts, because log(1 + f) takes away most of it near −½."""
    first, *others = GAMMALN[key]
    slope = ordered_sum(first, f * w.polynomial(f, others))
    high, low = exact_product(w, f, slope.high)
    return Pair(high, w.fma(f, slope.low, low))


def _towards_two(w: Writer, x: Value) -> tuple[Value, Value, Value]:
    """A pair f in [−½, ½] and p with Γ(x) = Γ(2 + f) · p, or Γ(2 + f)/p where the third value holds; 0 ≤ x ≤ 6."""
    rising = x < 1.5
    middle = w.select(x < 0.5, x, x - 1.0)
    factor = w.select(x < 0.5, w.fma(x, x, x), x)
    middle = w.select(rising, middle, x - 2.0)
    factor = w.select(rising, factor, 1.0)
    for step in (1.0, 2.0, 3.0, 4.0):
        beyond = x >= step + 1.5
        lower = x - step
        factor = w.select(beyond, factor * lower, factor)
        middle = w.select(beyond, lower - 2.0, middle)
    return middle, factor, rising


def _log(w: Writer, x: Value, key: str) -> Pair:
    """log(x) of a positive number: in two parts, or in one where float32 is wanted."""
    if key == "short":
        single = log_of_normal(w, x, key)
        return Pair(single, single.like(0.0))
    return log_in_two_parts(w, *split(w, x))


def _digamma(w: Writer, x: Value, kind: Kind) -> Value:
    negative = x < 0.0
    size = w.select(negative, 1.0 - x, x)
    right = _digamma_right(w, size, key_for(x, kind))

    def reflected() -> tuple[Value]:
        turns = _turns(w, x)
        return (w.select(turns.distance.equals(0.0), x.like(_NAN), right - _cotangent(w, turns)),)

    zero = w.copysign(x.like(_INFINITY), -x)
    return w.select(x.equals(0.0), zero, where_any(w, negative, reflected, (right,))[0])


def _digamma_right(w: Writer, x: Value, key: str) -> Value:
    """ψ(x) for x > 0: a polynomial about its zero in [1, 2], and n/d for the sum of the recurrence's 1/x."""
    far = x > _FAR
    below = x < 1.0
    place = w.select(below, x + 1.0, x)
    above = w.select(below, x.like(-1.0), 0.0)
    under = w.select(below, x, 1.0)
    for step in (1.0, 2.0, 3.0, 4.0, 5.0):
        lower = x - step
        beyond = x >= step + 1.0
        above = w.select(beyond, w.fma(above, lower, under), above)
        under = w.select(beyond, under * lower, under)
        place = w.select(beyond, lower, place)
    ratio = w.select(far, x.like(1.0), above) / w.select(far, x, under)
    root, rest = DIGAMMA_ROOT["f64"]
    near = w.fma((place - root) - rest, w.polynomial(place - 1.5, DIGAMMA[key]), ratio)
    square = ratio * ratio
    series = w.fma(square, w.polynomial(square, DIGAMMA_FAR[key]), ratio * 0.5)
    return w.select(far, _log_far(w, x, key) - series, near)


def _log_far(w: Writer, x: Value, key: str) -> Value:
    """log(x), x > 6 or infinite or NaN."""
    return w.select(x < _INFINITY, log_of_normal(w, x, key), x)


class _Turns(NamedTuple):
    """The distance of a number from the nearest whole one, g = |distance| or ½ − |distance|, sin(πg)/π and cos(πg)."""

    distance: Value
    folded: Value
    sine: Pair
    cosine: Pair


def _turns(w: Writer, x: Value) -> _Turns:
    distance = x - w.round_even(x)
    size = w.absolute(distance)
    folded = size > 0.25
    g = w.select(folded, 0.5 - size, size)
    r = g * _PI[0]
    lost = w.fma(g, _PI[1], w.fma(g, _PI[0], -r))
    z = r * r
    half = z * 0.5
    first = 1.0 - half
    cosine_rest = ((1.0 - first) - half) + w.fma(z * z, w.polynomial(z, COS["f64"]), -(r * lost))
    sine_rest = g * (z * w.polynomial(z, SIN["f64"]))
    return _Turns(distance, folded, ordered_sum(g, sine_rest), ordered_sum(first, cosine_rest))


def _sine(w: Writer, turns: _Turns) -> Value:
    """The size of sin(πx)/π."""
    return w.select(turns.folded, turns.cosine.high * (1.0 / _PI[0]), turns.sine.high)


def _cotangent(w: Writer, turns: _Turns) -> Value:
    """π/tan(πx)."""
    scaled = product(w, turns.sine, Pair(*[turns.distance.like(part) for part in PI_SQUARED["f64"]]))
    above = Pair(*[w.select(turns.folded, a, b) for a, b in zip(scaled, turns.cosine, strict=True)])
    below = Pair(*[w.select(turns.folded, a, b) for a, b in zip(turns.cosine, turns.sine, strict=True)])
    usual = w.copysign(quotient(w, above, below), turns.distance)
    tiny = w.absolute(turns.distance) < 2.0**-500  # where the quotient's own reciprocal may overflow
    return w.select(tiny, 1.0 / turns.distance, usual)
