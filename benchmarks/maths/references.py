"""Values with more digits than a double: mpmath's, and the C library's long doubles for millions of points."""

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np
from mpmath import mp, mpf

from benchmarks.maths.arrays import BINARY
from glassgrad.engines.cpu.native import compiler

LIBRARY = {  # long double functions of the C library
    "exp": "expl", "exp2": "exp2l", "expm1": "expm1l", "tanh": "tanhl", "log": "logl", "log2": "log2l",
    "log10": "log10l", "log1p": "log1pl", "sin": "sinl", "cos": "cosl", "tan": "tanl", "arcsin": "asinl",
    "arccos": "acosl", "arctan": "atanl", "arctan2": "atan2l", "sinh": "sinhl", "cosh": "coshl", "arcsinh": "asinhl",
    "arccosh": "acoshl", "arctanh": "atanhl", "erf": "erfl", "erfc": "erfcl", "gammaln": "lgammal", "power": "powl",
    "sqrt": "sqrtl", "cbrt": "cbrtl", "hypot": "hypotl", "fmod": "fmodl",
}  # fmt: skip

PRECISE: dict[str, Callable[..., mpf]] = {  # in mpmath
    "exp": mp.exp, "exp2": lambda x: mp.power(2, x), "expm1": mp.expm1, "tanh": mp.tanh,
    "expit": lambda x: 1 / (1 + mp.exp(-x)), "log": mp.log, "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10), "log1p": mp.log1p, "softplus": lambda x: mp.log1p(mp.exp(x)),
    "logaddexp": lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "arcsin": mp.asin, "arccos": mp.acos, "arctan": mp.atan,
    "arctan2": mp.atan2, "sinh": mp.sinh, "cosh": mp.cosh, "arcsinh": mp.asinh, "arccosh": mp.acosh,
    "arctanh": mp.atanh, "erf": mp.erf,
    "erfc": lambda x: mp.erfc(max(min(x, mpf(200)), mpf(-200))),  # mpmath stops at huge numbers
    "gammaln": lambda x: mp.re(mp.loggamma(x)),
    "digamma": mp.digamma, "power": mp.power, "sqrt": mp.sqrt, "rsqrt": lambda x: 1 / mp.sqrt(x),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)), "hypot": mp.hypot,
    "fmod": lambda x, y: _rest(x, y),
}  # fmt: skip


def _rest(x: mpf, y: mpf) -> mpf:
    """What a division leaves: the quotient has up to 1,300 digits."""
    with mp.workdps(1400):
        return mp.sign(x) * (abs(x) % abs(y))


def errors(name: str, got: np.ndarray, *arguments: np.ndarray) -> np.ndarray:
    """The distance of each value from mpmath's, in units in the last place; infinite where only one is finite."""
    with mp.workdps(40):
        return np.array([
            _error(value, got.dtype, PRECISE[name](*[mpf(float(x)) for x in given]), scale_of(name, given))
            for value, *given in zip(got, *arguments, strict=True)
        ])  # fmt: skip


def scale_of(name: str, given: list[float]) -> float:
    """Where a result near zero is the difference of larger numbers, the error is counted in units of these."""
    if name == "logaddexp":
        return float(np.max(np.abs(given)))
    return 1.0 if name in {"gammaln", "digamma"} and given[0] < 0 else 0.0


def _error(value: float, dtype: np.dtype, wanted: mpf, scale: float) -> float:
    form = np.finfo(dtype)
    if abs(wanted) >= mpf(float(form.max)) * (1 + mpf(2) ** -(form.nmant + 2)):
        return 0.0 if np.isinf(value) and (value > 0) == (wanted > 0) else np.inf
    if not np.isfinite(value):
        return np.inf
    exponent = mp.frexp(max(abs(wanted), mpf(scale)))[1] - 1 if wanted or scale else form.minexp
    unit = mpf(2) ** (max(exponent, form.minexp) - form.nmant)
    return float(abs(mpf(float(value)) - wanted) / unit)


# ---------------------------------------------------------------------------- long double
def long_double(name: str, *arguments: np.ndarray) -> np.ndarray:
    """The function in the C library's (x86: 64-bit mantissa) long double."""
    if name in LIBRARY:
        return _from_library(name, *arguments)
    x = [array.astype(np.longdouble) for array in arguments]
    match name:
        case "expit":
            return 1 / (1 + np.exp(-x[0]))
        case "softplus":
            return np.logaddexp(np.longdouble(0), x[0])
        case "logaddexp":
            return np.logaddexp(*x)
        case "rsqrt":
            return 1 / np.sqrt(x[0])
    return _digamma(x[0])


def _digamma(x: np.ndarray) -> np.ndarray:
    """For x > 0: the recurrence up to 30, then the asymptotic series (Abramowitz and Stegun 6.3.18)."""
    total = np.zeros_like(x)
    for _ in range(30):
        near = x < 30
        total = np.where(near, total - 1 / x, total)
        x = np.where(near, x + 1, x)
    ratios = [(1, 12), (-1, 120), (1, 252), (-1, 240), (1, 132), (-691, 32760), (1, 12), (-3617, 8160)]
    square, series = 1 / (x * x), np.longdouble(0)
    for above, below in reversed(ratios):
        series = series * square + np.longdouble(above) / np.longdouble(below)
    return np.log(x) - 1 / (2 * x) - series * square + total


def units(got: np.ndarray, wanted: np.ndarray, scale: np.ndarray | float = 0.0) -> np.ndarray:
    """The distance of doubles or floats from long doubles, in units in the last place."""
    form = np.finfo(got.dtype)
    with np.errstate(all="ignore"):
        rounded = wanted.astype(got.dtype)
        exponent = np.frexp(np.maximum(np.abs(wanted), scale))[1] - 1
        unit = np.ldexp(np.longdouble(1), np.maximum(exponent, form.minexp) - form.nmant)
        distance = np.abs(got - wanted) / unit
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    distance = np.where(same & ~np.isfinite(rounded), 0, distance)
    return np.where(np.isnan(distance), np.inf, distance)


def _from_library(name: str, *arguments: np.ndarray) -> np.ndarray:
    arrays = [np.ascontiguousarray(array, np.float64) for array in arguments]
    result = np.empty(arrays[0].size, np.longdouble)
    types = [ctypes.c_void_p] * (len(arrays) + 1)
    function = ctypes.CFUNCTYPE(None, *types, ctypes.c_int64)(_loops().addresses[f"f.{name}"])
    function(*[array.ctypes.data for array in (*arrays, result)], result.size)
    return result


@cache
def _loops() -> compiler.Library:
    texts = [_loop(name, symbol, 2 if name in BINARY else 1) for name, symbol in LIBRARY.items()]
    return compiler.load(compiler.object_code("\n".join(texts)), [f"f.{name}" for name in LIBRARY])


def _loop(name: str, symbol: str, count: int) -> str:
    """A loop in LLVM text, because ctypes rounds long doubles to doubles."""
    places = range(count)
    loads = "\n".join(
        f"  %p{i} = getelementptr double, ptr %a{i}, i64 %i\n  %d{i} = load double, ptr %p{i}\n"
        f"  %x{i} = fpext double %d{i} to x86_fp80"
        for i in places
    )
    given = ", ".join(f"x86_fp80 %x{i}" for i in places)
    return f"""declare x86_fp80 @{symbol}({", ".join("x86_fp80" for _ in places)})
define void @f.{name}({", ".join(f"ptr %a{i}" for i in places)}, ptr %result, i64 %n) {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
{loads}
  %y = call x86_fp80 @{symbol}({given})
  %to = getelementptr x86_fp80, ptr %result, i64 %i
  store x86_fp80 %y, ptr %to, align 16
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}}"""
