"""What a division with a quotient cut toward 0 leaves. Floor 4."""

from glassgrad.engines.cpu.emit.maths.branches import where_any
from glassgrad.engines.cpu.emit.values import Value, Writer

_EXACT = {32: 2.0**22, 64: 2.0**51}  # quotients below this are found by one division and one fused step


def fmod(w: Writer, x: Value, y: Value) -> Value:
    """The rest x - y·trunc(x / y), exactly, with the sign of x.

    The rounded quotient is at most 1 away from the whole one; a fused step gives the rest without an error, and one
    correction puts it where it belongs. Where the quotient is too large for that, libm's loop is called.
    """
    a, b = w.absolute(x), w.absolute(y)
    quotient = w.intrinsic("trunc", a / b)
    left = w.fma(-quotient, b, a)
    left = w.select(left < 0, left + b, w.select(left >= b, left - b, left))
    plain = (quotient < _EXACT[x.kind.bits]) & y.differs(0) & (b < float("inf"))
    (left,) = where_any(w, ~plain, lambda: (w.made(x.type, f"frem {x.type.llvm} {a.text}, {b.text}"),), (left,))
    return w.copysign(left, x)
