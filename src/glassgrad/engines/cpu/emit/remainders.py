"""Quotients without a rest, remainders, shifts: as NumPy's loops define them, also by 0 and at the ends. Floor 4."""

from glassgrad.engines.cpu.emit.functions import call_maths
from glassgrad.engines.cpu.emit.types import I1, I64
from glassgrad.engines.cpu.emit.values import Value, Writer


# ------------------------------------------------------------------ floating point
def _float_parts(w: Writer, x: Value, y: Value) -> tuple[Value, Value]:
    """The rest with the sign of x, and whether it has to move into the range of y."""
    rest = call_maths(w, "fmod", x, y)
    return rest, rest.differs(0) & ((y < 0) ^ (rest < 0))


def _float_floor_divide(w: Writer, x: Value, y: Value) -> Value:
    rest, moves = _float_parts(w, x, y)
    quotient = (x - rest) / y
    quotient = w.select(moves, quotient - 1.0, quotient)
    whole = w.floor(quotient)
    whole = w.select(quotient - whole > 0.5, whole + 1.0, whole)
    plain = x / y
    return w.select(y.equals(0), plain, w.select(quotient.equals(0), w.copysign(x.like(0.0), plain), whole))


def _float_remainder(w: Writer, x: Value, y: Value) -> Value:
    rest, moves = _float_parts(w, x, y)
    moved = w.select(moves, rest + y, rest)
    return w.select(rest.equals(0), w.copysign(x.like(0.0), y), moved)


# ------------------------------------------------------------------ whole numbers
def _divided(w: Writer, x: Value, y: Value) -> tuple[Value, Value, Value]:
    """Quotient toward 0 and rest, with 1 in place of divisors that the processor cannot take, and those divisors."""
    never = y.equals(0)
    signed = x.kind.is_signed
    beyond = never | (y.equals(-1) if signed else never)
    divisor = w.select(beyond, y.like(1), y)
    quotient = x / divisor
    rest = x - quotient * divisor
    if signed:
        quotient = w.select(y.equals(-1), -x, quotient)
    return w.select(never, x.like(0), quotient), w.select(never, x.like(0), rest), never


def _whole_moves(x: Value, y: Value, rest: Value) -> Value:
    return rest.differs(0) & ((rest ^ y) < 0)


def floor_divide(w: Writer, x: Value, y: Value) -> Value:
    """⌊x / y⌋; of whole numbers 0 where y is 0."""
    if x.kind.is_float:
        return _float_floor_divide(w, x, y)
    quotient, rest, _ = _divided(w, x, y)
    return w.select(_whole_moves(x, y, rest), quotient - 1, quotient) if x.kind.is_signed else quotient


def remainder(w: Writer, x: Value, y: Value) -> Value:
    """What ⌊x / y⌋ leaves, with the sign of y; of whole numbers 0 where y is 0."""
    if x.kind.is_float:
        return _float_remainder(w, x, y)
    _, rest, _ = _divided(w, x, y)
    return w.select(_whole_moves(x, y, rest), rest + y, rest) if x.kind.is_signed else rest


def truncated_remainder(w: Writer, x: Value, y: Value) -> Value:
    """What a quotient cut toward 0 leaves."""
    return call_maths(w, "fmod", x, y) if x.kind.is_float else _divided(w, x, y)[1]


# ------------------------------------------------------------------ bits
def left_shift(w: Writer, x: Value, y: Value) -> Value:
    """Bits moved to the left; 0 where all are gone."""
    inside = _inside(w, y)
    return w.select(inside, x << w.select(inside, y, y.like(0)), x.like(0))


def right_shift(w: Writer, x: Value, y: Value) -> Value:
    """Bits moved to the right; the sign where all are gone."""
    inside = _inside(w, y)
    last = x >> (x.kind.bits - 1) if x.kind.is_signed else x.like(0)
    return w.select(inside, x >> w.select(inside, y, y.like(0)), last)


def _inside(w: Writer, y: Value) -> Value:
    """Is this a number of bits that the processor can shift by?"""
    return y.bits(signed=False) < y.kind.bits


def bit_count(w: Writer, x: Value) -> Value:
    """How many bits of |x| are set."""
    if x.kind is I1:
        return x
    size = w.select(x < 0, -x, x) if x.kind.is_signed else x
    return w.intrinsic("ctpop", size)


# ------------------------------------------------------------------ steps of the number format
def next_after(w: Writer, x: Value, y: Value) -> Value:
    """The neighbour of x in the direction of y."""
    bits = x.bits()
    outward = (y > x) ^ (x < 0)
    moved = (bits + w.select(outward, bits.like(1), bits.like(-1))).as_float(x.kind)
    smallest = bits.like(1).as_float(x.kind)
    moved = w.select(x.equals(0), w.copysign(smallest, y), moved)
    return w.select(x.equals(y), y, w.select(x.is_nan() | y.is_nan(), x + y, moved))


def spacing(w: Writer, x: Value) -> Value:
    """The distance to the neighbour away from 0."""
    step = next_after(w, x, w.copysign(x.like(float("inf")), x)) - x
    return w.select(x.equals(0), w.absolute(step), step)


def rounded(w: Writer, x: Value) -> Value:
    """To the nearest whole number, ties to even; what becomes 0 becomes +0."""
    return w.select(x.equals(0), x, w.round_even(x) + 0.0)


def scaled(w: Writer, x: Value, n: Value) -> Value:
    """The product x · 2ⁿ, rounded once: by three powers of two, of which only the last may leave the normal numbers."""
    top, digits = {32: (127, 24), 64: (1023, 53)}[x.kind.bits]
    low = top - 1 - digits
    power = w.convert(n, I64)
    for _ in range(2):
        above, below = power > top, power < 1 - top
        x = x * w.select(above, x.like(2.0**top), w.select(below, x.like(2.0**-low), x.like(1.0)))
        power = w.select(above, power - top, w.select(below, power + low, power))
    power = w.select(power > top, power.like(top), w.select(power < 1 - top, power.like(1 - top), power))
    whole = w.convert(power, x.bits().kind) + top
    return x * (whole << (digits - 1)).as_float(x.kind)
