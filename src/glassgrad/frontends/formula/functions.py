"""The closed list of functions that a canonical formula calls, each with its meaning as NumPy text. Floor 5.

`np.` and `scipy.special.` names mean what NumPy and SciPy mean; `special.` names are Glassgrad's own, for
functions that a person differentiates by name (sec, acoth, sinc) and NumPy or SciPy has not as a ufunc.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Function:
    """One canonical function: its dotted name, its parameters, and NumPy text for real and for complex numbers.

    `continued` continues the function analytically off the real axis, which is what a complex step
    needs; None says that there is no such continuation at hand.
    """

    name: str
    parameters: str
    numpy: str
    continued: str | None


_AS_NUMPY = "the same text"


def _function(name: str, parameters: str = "x", numpy: str = "", *, continued: str | None = _AS_NUMPY) -> Function:
    text = numpy or f"{name}({parameters})"
    return Function(name, parameters, text, text if continued is _AS_NUMPY else continued)


def _many(prefix: str, names: str, *, continued: str | None = _AS_NUMPY) -> tuple[Function, ...]:
    return tuple(_function(f"{prefix}.{name}", continued=continued) for name in names.split())


_ROWS: tuple[Function, ...] = (
    # ---------------------------------------------------------------- NumPy
    *_many("np", "sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh"),
    *_many("np", "exp exp2 expm1 log log2 log10 log1p sqrt sinc"),
    _function("np.arctan2", "y, x", continued="arctan2(y, x)"),
    _function("np.hypot", "x, y", continued="np.sqrt(x * x + y * y)"),
    _function("np.cbrt", continued="np.sign(np.real(x)) * (np.sign(np.real(x)) * x) ** (1 / 3)"),
    _function("np.abs", continued="np.where(np.real(x) < 0, -x, x)"),
    _function("np.sign", continued="np.sign(np.real(x))"),
    _function("np.floor", continued="np.floor(np.real(x))"),
    _function("np.ceil", continued="np.ceil(np.real(x))"),
    _function("np.trunc", continued="np.trunc(np.real(x))"),
    _function("np.rint", continued="np.rint(np.real(x))"),
    _function("np.heaviside", "x, h", continued="np.heaviside(np.real(x), np.real(h))"),
    _function("np.maximum", "x, y", continued="np.where(np.real(x) >= np.real(y), x, y)"),
    _function("np.minimum", "x, y", continued="np.where(np.real(x) <= np.real(y), x, y)"),
    _function("np.logaddexp", "x, y", continued="np.log(np.exp(x) + np.exp(y))"),
    _function("np.where", "condition, x, y"),
    _function("np.logical_and", "x, y"),
    _function("np.logical_or", "x, y"),
    _function("np.logical_not", "x"),
    # ---------------------------------------------------------------- SciPy
    *_many("scipy.special", "erf erfc erfcx erfi dawsn digamma exp1 ndtr log_ndtr"),
    *_many("scipy.special", "erfinv erfcinv ndtri i0e i1e ellipk ellipe expi j0 j1 y0 y1", continued=None),
    _function("scipy.special.expit", continued="1 / (1 + np.exp(-x))"),
    _function("scipy.special.log_expit", continued="-np.log(1 + np.exp(-x))"),
    _function("scipy.special.logit", continued="np.log(x / (1 - x))"),
    _function("scipy.special.gamma", continued="gamma(x)"),
    _function("scipy.special.rgamma", continued="1 / gamma(x)"),
    _function("scipy.special.gammaln", continued="loggamma(x)"),
    _function("scipy.special.polygamma", "n, x", continued=None),
    _function("scipy.special.beta", "x, y", continued="gamma(x) * gamma(y) / gamma(x + y)"),
    _function("scipy.special.betaln", "x, y", continued="loggamma(x) + loggamma(y) - loggamma(x + y)"),
    _function("scipy.special.binom", "n, k", continued=None),
    _function("scipy.special.gammainc", "a, x", continued=None),
    _function("scipy.special.gammaincc", "a, x", continued=None),
    _function("scipy.special.expn", "n, x", continued=None),
    _function("scipy.special.xlogy", "x, y"),
    _function("scipy.special.xlog1py", "x, y"),
    _function("scipy.special.entr", continued="-scipy.special.xlogy(x, x)"),
    *(_function(f"scipy.special.{f}v", "n, x", continued=None) for f in "jy"),
    *(_function(f"scipy.special.{f}v", "n, x", continued=f"scipy.special.{f}v(np.real(n), x)") for f in "ik"),
    *(_function(f"scipy.special.{f}{n}", continued=f"scipy.special.{f}v({n}, x)") for f in "ik" for n in (0, 1)),
    # ---------------------------------------------------------------- Glassgrad's own
    _function("special.sec", numpy="1 / np.cos(x)"),
    _function("special.csc", numpy="1 / np.sin(x)"),
    _function("special.cot", numpy="np.cos(x) / np.sin(x)"),
    _function("special.asec", numpy="np.arccos(1 / x)"),
    _function("special.acsc", numpy="np.arcsin(1 / x)"),
    _function("special.acot", numpy="np.arctan(1 / x)"),  # in (-pi/2, pi/2], as SymPy
    _function("special.sech", numpy="1 / np.cosh(x)"),
    _function("special.csch", numpy="1 / np.sinh(x)"),
    _function("special.coth", numpy="1 / np.tanh(x)"),
    _function("special.asech", numpy="np.arccosh(1 / x)"),
    _function("special.acsch", numpy="np.arcsinh(1 / x)"),
    _function("special.acoth", numpy="np.arctanh(1 / x)"),
    _function("special.sinc", numpy="np.sinc(x / np.pi)"),  # sin(x)/x, as SymPy; np.sinc is sin(pi x)/(pi x)
    _function("special.softplus", numpy="np.logaddexp(0, x)", continued="np.log(1 + np.exp(x))"),
    _function("special.lambertw", "x, k", "real_lambertw(x, k)", continued="lambertw(x, k)"),
    _function("special.fresnels", numpy="scipy.special.fresnel(x)[0]"),
    _function("special.fresnelc", numpy="scipy.special.fresnel(x)[1]"),
    _function("special.si", numpy="scipy.special.sici(x)[0]", continued=None),
    _function("special.ci", numpy="scipy.special.sici(x)[1]", continued=None),
    _function("special.shi", numpy="scipy.special.shichi(x)[0]", continued=None),
    _function("special.chi", numpy="scipy.special.shichi(x)[1]", continued=None),
    _function("special.airyai", numpy="scipy.special.airy(x)[0]", continued=None),
    _function("special.airyaiprime", numpy="scipy.special.airy(x)[1]", continued=None),
    _function("special.airybi", numpy="scipy.special.airy(x)[2]", continued=None),
    _function("special.airybiprime", numpy="scipy.special.airy(x)[3]", continued=None),
)

FUNCTIONS = MappingProxyType({row.name: row for row in _ROWS})
CONSTANTS = MappingProxyType(
    {"np.pi": np.pi, "np.e": np.e, "np.inf": np.inf, "np.nan": np.nan, "np.euler_gamma": np.euler_gamma}
)


@cache
def real_function(name: str) -> Callable[..., Any]:
    """The function of that canonical name, for real numbers."""
    row = FUNCTIONS[name]
    return _compiled(row.parameters, row.numpy)


@cache
def complex_function(name: str) -> Callable[..., Any] | None:
    """The function of that canonical name, continued to complex numbers, or None."""
    row = FUNCTIONS[name]
    return None if row.continued is None else _compiled(row.parameters, row.continued)


def _compiled(parameters: str, text: str) -> Callable[..., Any]:
    """Our own row's text as a function; no text of a user's comes here."""
    import scipy.special

    scope = {
        "np": np,
        "scipy": scipy,
        "gamma": _gamma,
        "loggamma": _loggamma,
        "arctan2": _arctan2,
        "lambertw": _lambertw,
        "real_lambertw": real_lambertw,
    }
    function: Callable[..., Any] = eval(f"lambda {parameters}: {text}", scope)  # noqa: S307 - our own text
    return function


# ---------------------------------------------------------------------- continued so that a step of 1e-30 survives
def _arctan2(y: complex, x: complex) -> Any:
    """Turn by the real angle first; then the arctangent is far from its cut."""
    angle = np.arctan2(np.real(y), np.real(x))
    cosine, sine = np.cos(angle), np.sin(angle)
    return angle + np.arctan((y * cosine - x * sine) / (x * cosine + y * sine))


def _gamma(x: complex) -> Any:
    """Left of zero by reflection, DLMF 5.5.3: SciPy's own loses the step there."""
    import scipy.special

    if np.real(x) > 0:
        return scipy.special.gamma(x)
    return np.pi / (np.sin(np.pi * x) * scipy.special.gamma(1 - x))


def _loggamma(x: complex) -> Any:
    """The continuation of log |gamma(x)|, not of log gamma(x), which turns by i pi at each pole. DLMF 5.5.3."""
    import scipy.special

    if np.real(x) > 0:
        return scipy.special.loggamma(x)
    sine = np.sin(np.pi * x)
    return np.log(np.pi / (np.sign(np.real(sine)) * sine)) - scipy.special.loggamma(1 - x)


def _lambertw(x: complex, k: complex) -> Any:
    """SciPy stops when the real part is right; one Newton step brings the imaginary part. DLMF 4.13.1."""
    import scipy.special

    w = scipy.special.lambertw(x, int(np.real(k)))
    return w - (w * np.exp(w) - x) / (np.exp(w) * (w + 1))


def real_lambertw(x: float, k: float) -> float:
    """The real branches of W: 0 on [-1/e, inf), -1 on [-1/e, 0); not a number elsewhere."""
    import scipy.special

    inside = x >= -np.exp(-1.0) and (k == 0 or (k == -1 and x < 0))
    return float(np.real(scipy.special.lambertw(x, int(k)))) if inside else float("nan")
