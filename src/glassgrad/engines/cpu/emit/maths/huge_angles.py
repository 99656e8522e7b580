"""The reduction of huge angles by Payne and Hanek (1983), as scalar integer code behind a rarely taken branch. Floor 4.

x = m · 2^E with an integer m below 2^53. Of the digits of 2/π those before weight 2^(1−E) turn x by whole circles;
the 192 that follow, times m, modulo 2^192, are x · 2/π modulo 4. The upper 126 digits behind the point are kept:
no double is nearer than 2^-62 to a multiple of π/2, so that at least 60 of them are left.
"""

from glassgrad.engines.cpu.emit.maths.coefficients import HALF_PI, TWO_OVER_PI_WORDS
from glassgrad.engines.cpu.emit.types import F64, U64, number_text, register
from glassgrad.engines.cpu.emit.values import Writer

_WORDS = "glassgrad.two_over_pi"


def declare_huge_angles(w: Writer, lanes: int) -> str:
    """The name of the function that reduces these lanes; its text is kept beside the intrinsics.

    It gives the quadrant and the angle from its axis in two parts; where |x| < 1, infinite or NaN, they mean nothing.
    """
    texts = w.intrinsics
    name = f"glassgrad.huge_angle.v{lanes}"
    if name not in texts:
        words = ", ".join(f"i64 {word}" for word in TWO_OVER_PI_WORDS)
        texts[_WORDS] = f"@{_WORDS} = internal constant [{len(TWO_OVER_PI_WORDS)} x i64] [{words}]"
        texts["llvm.fshl.i64"] = "declare i64 @llvm.fshl.i64(i64, i64, i64)"
        texts.setdefault("llvm.fma.f64", "declare double @llvm.fma.f64(double, double, double)")
        texts.setdefault("llvm.fabs.f64", "declare double @llvm.fabs.f64(double)")
        texts[name] = _text(name, lanes)
    return name


def _text(name: str, lanes: int) -> str:
    """A loop over the lanes in memory, where a lane is found by its number; unoptimised, since it hardly ever runs."""
    floats, integers = register(F64, lanes).llvm, register(U64, lanes).llvm
    result = f"{{ {integers}, {floats}, {floats} }}"
    return f"""define internal {result} @{name}({floats} %given) noinline optnone cold {{
entry:
  %q.at = alloca {integers}
  %high.at = alloca {floats}
  %low.at = alloca {floats}
  store {floats} %given, ptr %high.at
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %q.i = getelementptr i64, ptr %q.at, i64 %i
  %high.i = getelementptr double, ptr %high.at, i64 %i
  %low.i = getelementptr double, ptr %low.at, i64 %i
  %x = load double, ptr %high.i
{_LANE}
  store i64 %q_signed, ptr %q.i
  store double %high_signed, ptr %high.i
  store double %low_signed, ptr %low.i
  %next = add i64 %i, 1
  %again = icmp ult i64 %next, {lanes}
  br i1 %again, label %loop, label %done
done:
  %q.all = load {integers}, ptr %q.at
  %high.all = load {floats}, ptr %high.at
  %low.all = load {floats}, ptr %low.at
  %s0 = insertvalue {result} poison, {integers} %q.all, 0
  %s1 = insertvalue {result} %s0, {floats} %high.all, 1
  %s2 = insertvalue {result} %s1, {floats} %low.all, 2
  ret {result} %s2
}}"""


def _power(exponent: int) -> str:
    return number_text(2.0**exponent, F64)


_HIGH, _LOW = (number_text(part, F64) for part in HALF_PI["f64"][:2])
_LANE = f"""  %size = call double @llvm.fabs.f64(double %x)
  %bits = bitcast double %size to i64
  %stored_any = lshr i64 %bits, 52
  %from = icmp uge i64 %stored_any, 1023
  %upto = icmp ult i64 %stored_any, 2047
  %fits = and i1 %from, %upto
  %stored = select i1 %fits, i64 %stored_any, i64 1023
  %fraction = and i64 %bits, {(1 << 52) - 1}
  %m = or i64 %fraction, {1 << 52}
  ; the first digit wanted, after the word of zeros before the point: E - 2 + 64 with E = stored - 1075
  %first = sub i64 %stored, {1075 + 2 - 64}
  %word = lshr i64 %first, 6
  %within = and i64 %first, 63
  %p0 = getelementptr i64, ptr @{_WORDS}, i64 %word
  %p1 = getelementptr i64, ptr %p0, i64 1
  %p2 = getelementptr i64, ptr %p0, i64 2
  %p3 = getelementptr i64, ptr %p0, i64 3
  %w0 = load i64, ptr %p0
  %w1 = load i64, ptr %p1
  %w2 = load i64, ptr %p2
  %w3 = load i64, ptr %p3
  %d0 = call i64 @llvm.fshl.i64(i64 %w0, i64 %w1, i64 %within)
  %d1 = call i64 @llvm.fshl.i64(i64 %w1, i64 %w2, i64 %within)
  %d2 = call i64 @llvm.fshl.i64(i64 %w2, i64 %w3, i64 %within)
  ; m times the digits: the upper 128 of 192 bits, 2 of them before the point
  %factor = zext i64 %m to i128
  %x1 = zext i64 %d1 to i128
  %x2 = zext i64 %d2 to i128
  %m0 = mul i64 %m, %d0
  %m1 = mul i128 %factor, %x1
  %m2 = mul i128 %factor, %x2
  %m2_shifted = lshr i128 %m2, 64
  %m2_high = trunc i128 %m2_shifted to i64
  %m1_low = trunc i128 %m1 to i64
  %m1_shifted = lshr i128 %m1, 64
  %m1_high = trunc i128 %m1_shifted to i64
  %lower = add i64 %m1_low, %m2_high
  %carries = icmp ult i64 %lower, %m2_high
  %carry = zext i1 %carries to i64
  %upper_sum = add i64 %m0, %m1_high
  %upper = add i64 %upper_sum, %carry
  ; the nearest quadrant, and the rest, negated bit by bit (off by 2^-126) where it is negative
  %rounded = add i64 %upper, {1 << 61}
  %q = lshr i64 %rounded, 62
  %whole = shl i64 %q, 62
  %rest = sub i64 %upper, %whole
  %signs = ashr i64 %rest, 63
  %negative = icmp slt i64 %rest, 0
  %rest_upper = xor i64 %rest, %signs
  %rest_lower = xor i64 %lower, %signs
  ; its digits in four doubles, and these in two
  %i1 = lshr i64 %rest_upper, 30
  %i2 = and i64 %rest_upper, {(1 << 30) - 1}
  %i3 = lshr i64 %rest_lower, 32
  %i4 = and i64 %rest_lower, {(1 << 32) - 1}
  %n1 = sitofp i64 %i1 to double
  %n2 = sitofp i64 %i2 to double
  %n3 = sitofp i64 %i3 to double
  %n4 = sitofp i64 %i4 to double
  %f1 = fmul double %n1, {_power(-32)}
  %f2 = fmul double %n2, {_power(-62)}
  %f3 = fmul double %n3, {_power(-94)}
  %f4 = fmul double %n4, {_power(-126)}
  %u = fadd double %f1, %f2
  %u_part = fsub double %u, %f1
  %u_low = fsub double %f2, %u_part
  %v = fadd double %f3, %f4
  %v_part = fsub double %v, %f3
  %v_low = fsub double %f4, %v_part
  %g1 = fadd double %u, %v
  %g_part = fsub double %g1, %u
  %g_low = fsub double %v, %g_part
  %uv_low = fadd double %u_low, %v_low
  %g2 = fadd double %g_low, %uv_low
  ; times pi/2
  %high = fmul double %g1, {_HIGH}
  %back = fneg double %high
  %error = call double @llvm.fma.f64(double %g1, double {_HIGH}, double %back)
  %more = call double @llvm.fma.f64(double %g1, double {_LOW}, double %error)
  %low = call double @llvm.fma.f64(double %g2, double {_HIGH}, double %more)
  %below = fcmp olt double %x, 0.0
  %flip = xor i1 %below, %negative
  %high_minus = fneg double %high
  %low_minus = fneg double %low
  %high_signed = select i1 %flip, double %high_minus, double %high
  %low_signed = select i1 %flip, double %low_minus, double %low
  %q_minus = sub i64 0, %q
  %q_signed = select i1 %below, i64 %q_minus, i64 %q"""
