"""Square and cube roots, and the length of a vector of two. Floor 4."""

from glassgrad.engines.cpu.emit.maths.coefficients import INVERSE_CUBE_ROOT
from glassgrad.engines.cpu.emit.maths.formats import format_of, nearest_whole, power_of_two, with_sign_of
from glassgrad.engines.cpu.emit.types import F32, F64
from glassgrad.engines.cpu.emit.values import Value, Writer

_INFINITY = float("inf")


def sqrt(w: Writer, x: Value) -> Value:
    """The square root, correctly rounded by the processor."""
    return w.sqrt(x)


def rsqrt(w: Writer, x: Value) -> Value:
    """The inverse square root, rounded twice."""
    return 1.0 / w.sqrt(x)


def cbrt(w: Writer, x: Value) -> Value:
    """The cube root.

    |x| = M · 8^q with 1 ≤ M < 8; a polynomial for M^(-1/3), one Newton step for it, and one for the root itself whose
    residual M − t³ is exact to twice the digits.
    """
    form = format_of(x)
    size = w.absolute(x)
    small = size < form.smallest_normal
    up = 3 * (form.mantissa // 3 + 1)
    bits = w.select(small, size * 2.0**up, size).bits(signed=False)
    fraction = ((bits & form.fraction_mask) | form.one).as_float(x.kind)
    stored = ((bits >> form.mantissa) | form.integers).as_float(x.kind)
    base = 2.0**form.mantissa + form.bias
    exponent = stored - w.select(small, x.like(base + up), base)
    thirds, biased = nearest_whole(w, exponent - 1.0, 1.0 / 3.0, form.bias)
    rest = w.fma(thirds, -3.0, exponent)  # 0, 1 or 2
    one, none = rest.equals(1.0), rest.equals(0.0)
    m = fraction * w.select(none, x.like(1.0), w.select(one, x.like(2.0), 4.0))
    start = w.select(none, x.like(1.0), w.select(one, x.like(0.7937005259840998), 0.6299605249474366))
    y = start * w.polynomial(fraction, INVERSE_CUBE_ROOT[form.key])
    error = w.fma(-(m * y), y * y, 1.0)
    y = w.fma(y * error, 1.0 / 3.0, y)
    square = y * y
    t = m * square
    t_square = t * t
    residual = w.fma(-t_square, t, m) - w.fma(t, t, -t_square) * t
    t = w.fma(residual * (1.0 / 3.0), square, t)
    result = with_sign_of(w, t * power_of_two(x, biased), x)
    usual = (size > 0.0) & (size < _INFINITY)
    return w.select(usual, result, x)


def hypot(w: Writer, x: Value, y: Value) -> Value:
    """The length √(x² + y²), scaled where the squares would leave the format; float32 is computed in float64."""
    if x.kind is F32:
        x, y = w.convert(x, F64), w.convert(y, F64)
        return w.convert(_with_infinity(w, x, y, w.sqrt(w.fma(x, x, y * y))), F32)
    a, b = w.absolute(x), w.absolute(y)
    larger = w.select(a > b, a, b)
    large, small = larger > 2.0**510, larger < 2.0**-450
    scale = w.select(large, x.like(2.0**-600), w.select(small, x.like(2.0**600), 1.0))
    back = w.select(large, x.like(2.0**600), w.select(small, x.like(2.0**-600), 1.0))
    a, b = a * scale, b * scale
    return _with_infinity(w, x, y, w.sqrt(w.fma(a, a, b * b)) * back)


def _with_infinity(w: Writer, x: Value, y: Value, length: Value) -> Value:
    """An infinite side makes the length infinite even where the other is NaN."""
    infinite = w.absolute(x).equals(_INFINITY) | w.absolute(y).equals(_INFINITY)
    return w.select(infinite, x.like(_INFINITY), length)
