"""How the two floating-point formats are built, and the steps that read and make their exponents. Floor 4.

Everything here is branch-free and native in both formats: conversions between floats and 64-bit integers, which
vector units before AVX-512 lack, are made by adding a number so large that the sum's last bits are the integer.
"""

import math
from dataclasses import dataclass

from glassgrad.engines.cpu.emit.maths import avx512
from glassgrad.engines.cpu.emit.types import F32, F64, Kind
from glassgrad.engines.cpu.emit.values import Number, Value, Writer


@dataclass(frozen=True, slots=True)
class Format:
    """A binary floating-point format: `key` names it in the table of coefficients."""

    key: str
    mantissa: int  # bits stored behind the point
    bias: int  # the stored exponent of 1.0
    smallest_normal: float
    one: int  # the bits of 1.0
    root_half: int  # the bits of √½, rounded down
    rounding: float  # 1.5 · 2^mantissa: the last bits of a sum with it are an integer
    integers: int  # the bits of 2^mantissa, whose last bits are an unsigned integer
    fraction_mask: int
    sign_mask: int
    exp_range: tuple[float, float]  # outside, exp is zero or infinite
    exp2_range: tuple[float, float]


_FORMATS = {
    F64: Format(
        "f64", 52, 1023, 2.0**-1022, 0x3FF << 52, 0x3FE6A09E667F3BCD, 1.5 * 2.0**52, 0x433 << 52,
        (1 << 52) - 1, 1 << 63, (-746.0, 710.0), (-1077.0, 1025.0),
    ),
    F32: Format(
        "f32", 23, 127, 2.0**-126, 0x7F << 23, 0x3F3504F3, 1.5 * 2.0**23, 0x96 << 23,
        (1 << 23) - 1, 1 << 31, (-105.0, 89.0), (-152.0, 129.0),
    ),
}  # fmt: skip


def format_of(x: Value) -> Format:
    """The format of this value's lanes."""
    return _FORMATS[x.kind]


def key_for(x: Value, kind: Kind) -> str:
    """The coefficients to use for x when the result is wanted in `kind`: `short` for a float32 computed in float64."""
    return format_of(x).key if x.kind is kind else "short"


def at_least(w: Writer, x: Value, bound: Number) -> Value:
    """The larger of both; NaN stays NaN (one instruction where processors have it)."""
    return w.select(x < bound, bound, x)


def at_most(w: Writer, x: Value, bound: Number) -> Value:
    """The smaller of both; NaN stays NaN."""
    return w.select(x > bound, bound, x)


def within(w: Writer, x: Value, lower: float, upper: float) -> Value:
    """The number in [lower, upper] nearest to x; NaN stays NaN."""
    return at_most(w, at_least(w, x, lower), upper)


def nearest_whole(w: Writer, x: Value, scale: float, offset: int = 0) -> tuple[Value, Value]:
    """The whole number k nearest to x · scale, and an unsigned integer whose last bits are k + offset."""
    shift = format_of(x).rounding + offset
    moved = w.fma(x, scale, shift)
    return moved - shift, moved.bits(signed=False)


def power_of_two(x: Value, biased: Value) -> Value:
    """2^(biased − bias) in x's format, from an integer whose last bits are the biased exponent."""
    return (biased << format_of(x).mantissa).as_float(x.kind)


def times_power_of_two(w: Writer, x: Value, k: Value, doubled: Value) -> Value:
    """The product x · 2^k, rounded once even where it is subnormal or infinite; `doubled` ends in k + 2 bias."""
    if avx512.available():
        return avx512.scaled(w, x, k)
    first, second = two_powers(x, doubled)
    return x * first * second


def two_powers(x: Value, doubled: Value) -> tuple[Value, Value]:
    """Two factors whose product is 2^k, which alone may lie outside of x's format; `doubled` ends in k + 2 bias."""
    half = doubled >> 1
    return power_of_two(x, half), power_of_two(x, doubled - half)


def split(w: Writer, x: Value) -> tuple[Value, Value]:
    """The exponent e (a float) and the fraction m in [√½, √2) of a positive number x = m · 2^e, subnormals included."""
    form = format_of(x)
    up = form.mantissa + 2
    small = x < form.smallest_normal
    exponent, fraction = _split_bits(w, w.select(small, x * 2.0**up, x))
    base = math.ldexp(1.0, form.mantissa) + form.bias
    return exponent - w.select(small, x.like(base + up), base), fraction


def split_normal(w: Writer, x: Value) -> tuple[Value, Value]:
    """`split` where x is known to be a normal number."""
    form = format_of(x)
    exponent, fraction = _split_bits(w, x)
    return exponent - (math.ldexp(1.0, form.mantissa) + form.bias), fraction


def _split_bits(w: Writer, x: Value) -> tuple[Value, Value]:
    """As musl's logarithms split: the bits of √½ are taken for the start of a binade."""
    form = format_of(x)
    moved = x.bits(signed=False) + (form.one - form.root_half)
    exponent = ((moved >> form.mantissa) | form.integers).as_float(x.kind)
    fraction = ((moved & form.fraction_mask) + form.root_half).as_float(x.kind)
    return exponent, fraction


def with_sign_of(w: Writer, size: Value, sign: Value) -> Value:
    """`size`, positive, with the sign of the other (zeros included)."""
    return w.copysign(size, sign)
