"""Powers x^y. Floor 4.

exp(y log|x|) with the logarithm and the product in two parts (float64), or in float64 throughout (float32), and the
special cases of C99 F.9.4.4, which NumPy follows.
"""

from glassgrad.engines.cpu.emit.maths.exponential import exp_of, reduce_by_ln2, small_expm1
from glassgrad.engines.cpu.emit.maths.formats import format_of, split, times_power_of_two, within
from glassgrad.engines.cpu.emit.maths.logarithm import log_in_two_parts, log_of_normal
from glassgrad.engines.cpu.emit.types import F32, F64
from glassgrad.engines.cpu.emit.values import Value, Writer

_INFINITY = float("inf")


def power(w: Writer, x: Value, y: Value) -> Value:
    """The power x^y."""
    if x.kind is F32:
        wide_x, wide_y = w.convert(x, F64), w.convert(y, F64)
        size = _short_power(w, w.absolute(wide_x), wide_y)
        return w.convert(_with_special_cases(w, wide_x, wide_y, size), F32)
    return _with_special_cases(w, x, y, _long_power(w, w.absolute(x), y))


def _short_power(w: Writer, size: Value, y: Value) -> Value:
    """size^y, size ≥ 0 a float32 held in float64, to about 2^-30."""
    logarithm = _with_ends(w, size, log_of_normal(w, size, "short"))
    return exp_of(w, y * logarithm, "short")


def _long_power(w: Writer, size: Value, y: Value) -> Value:
    """size^y, size ≥ 0: the error of y log(size), up to 745, has to stay below a unit of the result's last place."""
    form = format_of(size)
    logarithm = log_in_two_parts(w, *split(w, size))
    high = _with_ends(w, size, logarithm.high)
    product = y * high
    rest = w.fma(y, logarithm.low, w.fma(y, high, -product))
    product = within(w, product, -800.0, 800.0)
    rest = w.select(w.absolute(product) < 800.0, rest, 0.0)
    parts = reduce_by_ln2(w, product, 2 * form.bias)
    r = parts.r + rest
    lost = (parts.r - r) + rest
    growth = small_expm1(w, r, form.key)
    return times_power_of_two(w, 1.0 + (growth + lost), parts.k, parts.biased)


def _with_ends(w: Writer, size: Value, logarithm: Value) -> Value:
    """The logarithm with its values at zero, infinity and NaN."""
    logarithm = w.select(size < _INFINITY, logarithm, size)
    return w.select(size.equals(0.0), size.like(-_INFINITY), logarithm)


def _with_special_cases(w: Writer, x: Value, y: Value, result: Value) -> Value:
    """The sign of odd powers, NaN for broken powers of negative numbers, and 1 where C99 wants 1.

    Selections, not truth values joined: where a vector takes two registers, its truth values would be packed for that.
    """
    form = format_of(x)
    half = y * 0.5
    whole = w.floor(y).equals(y)
    sign = w.select(w.floor(half).equals(half), x.bits().like(0), x.bits() & (form.sign_mask - (1 << x.kind.bits)))
    result = (result.bits() ^ w.select(whole, sign, 0)).as_float(x.kind)
    broken = w.select(x > -_INFINITY, x.like(float("nan")), result)
    result = w.select(x < 0.0, w.select(whole, result, broken), result)
    turning = w.select(w.absolute(y) < _INFINITY, result, w.select(y.is_nan(), y, 1.0))  # of x = -1
    result = w.select(x.equals(-1.0), turning, result)
    return w.select(y.equals(0.0), x.like(1.0), w.select(x.equals(1.0), x.like(1.0), result))
