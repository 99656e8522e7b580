"""A division by a number whose inverse is known, as exact as the processor's own and several times as fast. Floor 4.

With r = 1 / s the product q = x · r is at most a unit and a half off; a fused multiply-add knows what it leaves,
x − q · s, without an error, and a step with that gives the quotient as a division rounds it (P. W. Markstein,
"Computation of elementary functions on the IBM RISC System/6000 processor", 1990). Only where that rest is too small to
be held, beside subnormal numbers, may the result be a unit off.
"""

from glassgrad.engines.cpu.emit.maths.formats import format_of
from glassgrad.engines.cpu.emit.values import Value, Writer


def _lift(w: Writer, s: Value) -> Value:
    """A power of two by which a subnormal divisor is normal, so that its inverse can be held; else 1."""
    form = format_of(s)
    return w.select(w.absolute(s) < form.smallest_normal, s.like(2.0 ** (form.mantissa + 2)), s.like(1.0))


def inverse(w: Writer, s: Value) -> Value:
    """What `quotient` multiplies with: the inverse of the divisor, of a subnormal one lifted first."""
    return 1.0 / (s * _lift(w, s))


def quotient(w: Writer, x: Value, s: Value, r: Value) -> Value:
    """The quotient x / s, given the inverse r.

    A product that is zero, infinite or no number is the quotient already: the step would lose its sign, or make NaN.
    """
    lift = _lift(w, s)
    x, s = x * lift, s * lift
    product = x * r
    corrected = w.fma(w.fma(-product, s, x), r, product)
    return w.select((corrected < 0.0) | (corrected > 0.0), corrected, product)
