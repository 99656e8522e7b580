"""sin, cos and tan. Floor 4.

x = k π/2 + r, |r| ≤ π/4, with π/2 in three parts (Cody and Waite) and r in two, exact to the last place up to 2^30
(float32: 10^5); beyond, Payne and Hanek's reduction behind one branch that is taken when any lane needs it.
"""

from typing import NamedTuple

from glassgrad.engines.cpu.emit.maths.branches import where_any
from glassgrad.engines.cpu.emit.maths.coefficients import COS, HALF_PI, SIN, TWO_OVER_PI
from glassgrad.engines.cpu.emit.maths.formats import format_of, nearest_whole
from glassgrad.engines.cpu.emit.maths.huge_angles import declare_huge_angles
from glassgrad.engines.cpu.emit.maths.pairs import Pair, exact_product, exact_sum, ordered_sum, quotient
from glassgrad.engines.cpu.emit.types import F32, F64, U64, Type, integer_kind, register
from glassgrad.engines.cpu.emit.values import Value, Writer

_LIMITS = {"f64": 2.0**30, "f32": 1e5}


class Angle(NamedTuple):
    """An integer whose last two bits are the quadrant, and the angle from its axis in two parts."""

    quadrant: Value
    r: Pair


def _reduced(w: Writer, x: Value) -> Angle:
    form = format_of(x)
    first, second, third = HALF_PI[form.key]
    k, bits = nearest_whole(w, x, TWO_OVER_PI[form.key][0])
    start = w.fma(k, -first, x)  # exact: a multiple of first's last place, below 1
    middle = exact_product(w, k, second)
    total = exact_sum(start, -middle.high)
    low = w.fma(k, -third, total.low - middle.low)
    high = total.high + low
    near = Angle(bits, Pair(high, low - (high - total.high)))
    return _with_huge_angles(w, x, near, _LIMITS[form.key])


def _with_huge_angles(w: Writer, x: Value, near: Angle, limit: float) -> Angle:
    """The angle, reduced again where a lane is beyond the limit; an infinite one keeps its NaN."""
    size = w.absolute(x)

    def again() -> tuple[Value, Value, Value]:
        far = _far_angle(w, x)
        return far.quadrant, w.select(size < float("inf"), far.r.high, near.r.high), far.r.low

    quadrant, high, low = where_any(w, size > limit, again, (near.quadrant, near.r.high, near.r.low))
    return Angle(quadrant, Pair(high, low))


def _far_angle(w: Writer, x: Value) -> Angle:
    """The angle by Payne and Hanek's reduction; float32 lanes are reduced in float64."""
    wide = w.convert(x, F64)
    lanes = x.type.lanes
    integers, floats = register(U64, lanes), wide.type
    result = Type(F64, lanes, f"{{ {integers.llvm}, {floats.llvm}, {floats.llvm} }}")
    name = declare_huge_angles(w, lanes)
    made = w.made(result, f"call {result.llvm} @{name}({floats.llvm} {wide.text})")
    quadrant, high, low = (
        w.made(type, f"extractvalue {result.llvm} {made.text}, {i}")
        for i, type in enumerate((integers, floats, floats))
    )
    if x.kind is F64:
        return Angle(quadrant, Pair(high, low))
    single = w.convert(high, F32)
    rest = w.convert(high - w.convert(single, F64), F32)
    return Angle(w.convert(quadrant, integer_kind(F32, signed=False)), Pair(single, rest))


def _sine(w: Writer, r: Pair) -> Pair:
    """sin(r.high + r.low), |r| ≤ π/4, the larger part first."""
    z = r.high * r.high
    rest = w.fma(z, r.low * -0.5, r.low)  # low · cos(high)
    return Pair(r.high, w.fma(z * r.high, w.polynomial_in_halves(z, z * z, SIN[format_of(z).key]), rest))


def _cosine(w: Writer, r: Pair) -> Pair:
    """cos(r.high + r.low), |r| ≤ π/4, the rounding error of 1 − r²/2 made good as fdlibm does."""
    z = r.high * r.high
    half = z * 0.5
    first = 1.0 - half
    square = z * z
    rest = w.fma(square, w.polynomial_in_halves(z, square, COS[format_of(z).key]), -(r.high * r.low))
    return Pair(first, ((1.0 - first) - half) + rest)


def _turned(w: Writer, angle: Angle, quadrant: Value) -> Value:
    """sin(angle + the quadrants that were added)."""
    kind = angle.r.high.kind
    size = _either(w, (quadrant & 1).equals(0), _sine(w, angle.r), _cosine(w, angle.r))
    value = size.high + size.low
    sign = (quadrant & 2) << (kind.bits - 2)
    return (value.bits(signed=False) ^ sign).as_float(kind)


def sin(w: Writer, x: Value) -> Value:
    """The sine of x in radians."""
    angle = _reduced(w, x)
    return w.select(x.equals(0.0), x, _turned(w, angle, angle.quadrant))


def cos(w: Writer, x: Value) -> Value:
    """The cosine of x in radians."""
    angle = _reduced(w, x)
    return _turned(w, angle, angle.quadrant + 1)


def tan(w: Writer, x: Value) -> Value:
    """The tangent of x in radians, sin/cos or −cos/sin."""
    angle = _reduced(w, x)
    even = (angle.quadrant & 1).equals(0)
    sine, cosine = ordered_sum(*_sine(w, angle.r)), ordered_sum(*_cosine(w, angle.r))
    result = quotient(w, _either(w, even, sine, cosine), _either(w, even, cosine, sine))
    result = w.select(even, result, -result)
    return w.select(x.equals(0.0), x, result)


def _either(w: Writer, condition: Value, a: Pair, b: Pair) -> Pair:
    return Pair(w.select(condition, a.high, b.high), w.select(condition, a.low, b.low))
