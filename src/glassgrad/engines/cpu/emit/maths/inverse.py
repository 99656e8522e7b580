"""The inverse circular functions. Floor 4.

arctan of a quotient that is turned upside down where it exceeds 1, with one odd polynomial on [0, 1]; arcsin as
fdlibm does: an odd polynomial below ½, and above it π/2 − 2 arcsin(√((1 − |x|)/2)).
"""

from glassgrad.engines.cpu.emit.maths.coefficients import ARCSIN, ARCTAN, HALF_PI
from glassgrad.engines.cpu.emit.maths.formats import format_of, with_sign_of
from glassgrad.engines.cpu.emit.values import Value, Writer

_INFINITY = float("inf")


def _small_arctan(w: Writer, q: Value) -> Value:
    """arctan(q), 0 ≤ q ≤ 1."""
    z = q * q
    return w.fma(q * z, w.polynomial(z, ARCTAN[format_of(q).key]), q)


def arctan(w: Writer, x: Value) -> Value:
    """The angle whose tangent is x."""
    high, low, _ = HALF_PI[format_of(x).key]
    size = w.absolute(x)
    steep = size > 1.0
    angle = _small_arctan(w, w.select(steep, 1.0 / size, size))
    return with_sign_of(w, w.select(steep, high - (angle - low), angle), x)


def arctan2(w: Writer, y: Value, x: Value) -> Value:
    """The angle of the point (x, y), in [−π, π]."""
    form = format_of(x)
    high, low, _ = HALF_PI[form.key]
    across, up = w.absolute(x), w.absolute(y)
    steep = up > across
    below = w.select(steep, up, across)
    above = w.select(steep, across, up)
    quotient = above / below
    quotient = w.select(above.equals(below), x.like(1.0), quotient)  # both infinite
    angle = _small_arctan(w, w.select(below.equals(0.0), above, quotient))
    angle = w.select(steep, high - (angle - low), angle)
    behind = x.bits() < 0  # a negative zero counts as negative
    angle = w.select(behind, 2.0 * high - (angle - 2.0 * low), angle)
    angle = w.select(x.is_nan(), x, w.select(y.is_nan(), y, angle))
    return with_sign_of(w, angle, y)


def _folded(w: Writer, x: Value) -> tuple[Value, Value, Value]:
    """Whether |x| > ½; s = |x| there below, √((1 − |x|)/2) above; and the part of arcsin(s) beyond s."""
    size = w.absolute(x)
    far = size > 0.5
    z = w.select(far, (1.0 - size) * 0.5, size * size)
    s = w.select(far, w.sqrt(z), size)
    return far, s, s * z * w.polynomial(z, ARCSIN[format_of(x).key])


def arcsin(w: Writer, x: Value) -> Value:
    """The angle in [−π/2, π/2] whose sine is x."""
    high, low, _ = HALF_PI[format_of(x).key]
    far, s, rest = _folded(w, x)
    angle = w.select(far, high - ((s + s) - w.fma(rest, -2.0, low)), s + rest)
    return with_sign_of(w, angle, x)


def arccos(w: Writer, x: Value) -> Value:
    """The angle in [0, π] whose cosine is x."""
    high, low, _ = HALF_PI[format_of(x).key]
    far, s, rest = _folded(w, x)
    signed_s, signed_rest = w.copysign(s, x), w.copysign(rest, x)
    near = high - (signed_s - (low - signed_rest))
    twice = (s + rest) * 2.0
    return w.select(far, w.select(x < 0.0, 2.0 * high - (twice - 2.0 * low), twice), near)
