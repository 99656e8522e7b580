"""The reduction of huge angles by Payne and Hanek (1983), as scalar integer code behind a rarely taken branch. Floor 4.

x = m · 2^E with an integer m below 2^53. Of the digits of 2/π those before weight 2^(1−E) turn x by whole circles;
the 192 that follow, times m, modulo 2^192, are x · 2/π modulo 4 with more than 120 correct digits behind the point.
"""

from glassgrad.engines.cpu.emit.maths.coefficients import HALF_PI, TWO_OVER_PI_WORDS
from glassgrad.engines.cpu.emit.types import F64, U64, register
from glassgrad.engines.cpu.emit.values import Writer, number_text

_SCALAR = "glassgrad.huge_angle"
_WORDS = "glassgrad.two_over_pi"
_RESULT = "{ i64, double, double }"


def declare_huge_angles(w: Writer, lanes: int) -> str:
    """The name of the function that reduces these lanes, |x| ≥ 1 and finite; its text is kept beside the intrinsics."""
    texts = w.intrinsics
    if _SCALAR not in texts:
        words = ", ".join(f"i64 {word}" for word in TWO_OVER_PI_WORDS)
        texts[_WORDS] = f"@{_WORDS} = internal constant [{len(TWO_OVER_PI_WORDS)} x i64] [{words}]"
        texts["llvm.ctlz.i192"] = "declare i192 @llvm.ctlz.i192(i192, i1)"
        texts.setdefault("llvm.fma.f64", "declare double @llvm.fma.f64(double, double, double)")
        texts.setdefault("llvm.fabs.f64", "declare double @llvm.fabs.f64(double)")
        texts[_SCALAR] = _scalar_text()
    if lanes == 1:
        return _SCALAR
    name = f"{_SCALAR}.v{lanes}"
    if name not in texts:
        texts[name] = _lanes_text(name, lanes)
    return name


def _scalar_text() -> str:
    high, low = (number_text(part, F64) for part in HALF_PI["f64"][:2])
    return f"""define internal {_RESULT} @{_SCALAR}(double %x) noinline cold {{
entry:
  %size = call double @llvm.fabs.f64(double %x)
  %bits = bitcast double %size to i64
  %stored = lshr i64 %bits, 52
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
  %a0 = zext i64 %w0 to i256
  %a1 = zext i64 %w1 to i256
  %a2 = zext i64 %w2 to i256
  %a3 = zext i64 %w3 to i256
  %s0 = shl i256 %a0, 192
  %s1 = shl i256 %a1, 128
  %s2 = shl i256 %a2, 64
  %o1 = or i256 %s0, %s1
  %o2 = or i256 %o1, %s2
  %o3 = or i256 %o2, %a3
  %wide = zext i64 %within to i256
  %moved = shl i256 %o3, %wide
  %topmost = lshr i256 %moved, 64
  %digits = trunc i256 %topmost to i192
  %factor = zext i64 %m to i192
  %turns = mul i192 %digits, %factor
  ; the nearest quadrant, and the signed rest of 190 digits
  %half = add i192 %turns, {1 << 189}
  %q192 = lshr i192 %half, 190
  %whole = shl i192 %q192, 190
  %rest = sub i192 %turns, %whole
  %q = trunc i192 %q192 to i64
  %negative = icmp slt i192 %rest, 0
  %opposite = sub i192 0, %rest
  %distance = select i1 %negative, i192 %opposite, i192 %rest
  ; its 106 leading digits as two doubles
  %zeros192 = call i192 @llvm.ctlz.i192(i192 %distance, i1 false)
  %zeros = trunc i192 %zeros192 to i64
  %front = shl i192 %distance, %zeros192
  %t1 = lshr i192 %front, 139
  %i1 = trunc i192 %t1 to i64
  %t2 = lshr i192 %front, 86
  %t3 = trunc i192 %t2 to i64
  %i2 = and i64 %t3, {(1 << 53) - 1}
  %f1 = uitofp i64 %i1 to double
  %f2 = uitofp i64 %i2 to double
  %e1 = sub i64 {1023 - 51}, %zeros
  %e2 = sub i64 {1023 - 104}, %zeros
  %b1 = shl i64 %e1, 52
  %b2 = shl i64 %e2, 52
  %c1 = bitcast i64 %b1 to double
  %c2 = bitcast i64 %b2 to double
  %g1 = fmul double %f1, %c1
  %g2 = fmul double %f2, %c2
  ; times pi/2
  %high = fmul double %g1, {high}
  %back = fneg double %high
  %error = call double @llvm.fma.f64(double %g1, double {high}, double %back)
  %more = call double @llvm.fma.f64(double %g1, double {low}, double %error)
  %low = call double @llvm.fma.f64(double %g2, double {high}, double %more)
  %below = fcmp olt double %x, 0.0
  %flip = xor i1 %below, %negative
  %high_minus = fneg double %high
  %low_minus = fneg double %low
  %high_signed = select i1 %flip, double %high_minus, double %high
  %low_signed = select i1 %flip, double %low_minus, double %low
  %q_minus = sub i64 0, %q
  %q_signed = select i1 %below, i64 %q_minus, i64 %q
  %r0 = insertvalue {_RESULT} poison, i64 %q_signed, 0
  %r1 = insertvalue {_RESULT} %r0, double %high_signed, 1
  %r2 = insertvalue {_RESULT} %r1, double %low_signed, 2
  ret {_RESULT} %r2
}}"""


def _lanes_text(name: str, lanes: int) -> str:
    """A loop over the lanes. Lanes below 1, infinite or NaN are passed as 1 and mean nothing."""
    floats, integers = register(F64, lanes).llvm, register(U64, lanes).llvm
    result = f"{{ {integers}, {floats}, {floats} }}"
    return f"""define internal {result} @{name}({floats} %x) noinline cold {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %q = phi {integers} [ zeroinitializer, %entry ], [ %q_more, %loop ]
  %high = phi {floats} [ zeroinitializer, %entry ], [ %high_more, %loop ]
  %low = phi {floats} [ zeroinitializer, %entry ], [ %low_more, %loop ]
  %given = extractelement {floats} %x, i64 %i
  %size = call double @llvm.fabs.f64(double %given)
  %from = fcmp oge double %size, 1.0
  %upto = fcmp olt double %size, 0x7FF0000000000000
  %fits = and i1 %from, %upto
  %one = select i1 %fits, double %given, double 1.0
  %r = call {_RESULT} @{_SCALAR}(double %one)
  %rq = extractvalue {_RESULT} %r, 0
  %rh = extractvalue {_RESULT} %r, 1
  %rl = extractvalue {_RESULT} %r, 2
  %q_more = insertelement {integers} %q, i64 %rq, i64 %i
  %high_more = insertelement {floats} %high, double %rh, i64 %i
  %low_more = insertelement {floats} %low, double %rl, i64 %i
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, {lanes}
  br i1 %more, label %loop, label %done
done:
  %s0 = insertvalue {result} poison, {integers} %q_more, 0
  %s1 = insertvalue {result} %s0, {floats} %high_more, 1
  %s2 = insertvalue {result} %s1, {floats} %low_more, 2
  ret {result} %s2
}}"""
