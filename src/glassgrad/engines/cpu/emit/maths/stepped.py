"""exp by a table of powers of two, where processors look numbers up in registers. Floor 4.

x = k ln 2 + r with k a multiple of 1/16 and |r| ≤ ln 2 / 32: 2^k is a table's entry 2^(j/16) times a power of two, and
exp(r) a polynomial half as long as that for all of [−ln 2 / 2, ln 2 / 2] (P. T. P. Tang, "Table-driven implementation
of the exponential function in IEEE floating-point arithmetic", 1989). The table holds 2^(j/16) − 1, which has
more digits than 2^(j/16): the result is off by hardly more than a unit in the last place.
"""

from glassgrad.engines.cpu.emit.maths import avx512
from glassgrad.engines.cpu.emit.maths.coefficients import EXP_STEP, LN2, LOG2_E, STEPS
from glassgrad.engines.cpu.emit.maths.formats import format_of
from glassgrad.engines.cpu.emit.values import Value, Writer

_FAR = 1 / 32  # beyond ln 2 / 32


def exp(w: Writer, x: Value, key: str) -> Value:
    """The exponential of x with the polynomial of this key.

    Where x is so large that k has lost its last digits, so has r, and is bounded: 2^k makes 0, infinity or NaN of
    what exp(r) is then.
    """
    form = format_of(x)
    high, low = LN2[form.key]
    shift = form.rounding / avx512.ENTRIES
    moved = w.fma(x, LOG2_E[form.key][0], shift)
    k = moved - shift
    r = avx512.bounded(w, w.fma(k, -low, w.fma(k, -high, x)), _FAR)
    square = r * r
    growth = w.fma(square, w.polynomial_in_halves(r, square, EXP_STEP[key]), r)
    step = avx512.looked_up(w, STEPS[form.key], moved.bits(signed=False), x.kind)
    return avx512.scaled(w, 1.0 + w.fma(step + 1.0, growth, step), k)
