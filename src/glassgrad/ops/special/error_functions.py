"""The error function and its kin, and the normal distribution. Floor 2. Formulas: DLMF 7.

2/√π·exp(-x²) is the bell curve under which the error function measures the area.
"""

from math import pi, sqrt

from glassgrad.graph.op import Domain, Partial
from glassgrad.ops.elementwise import exp
from glassgrad.ops.ufuncs import functions_of, ufunc_row

_TWO_OVER_ROOT_PI = 2 / sqrt(pi)
_ROOT_TWO_PI = sqrt(2 * pi)
_AREA = "it is the area under the bell curve up to x, so it grows by the curve's height there"
_INVERSE = "the inverse function: 1 over the derivative at the result"

erf, erfcx = functions_of("erf erfcx")

ERF = ufunc_row(
    "erf",
    "scipy.special.erf",
    rule="derivative of the error function",
    why=_AREA,
    x=Partial(lambda x: _TWO_OVER_ROOT_PI * exp(-(x**2))),
)
ERFC = ufunc_row(
    "erfc",
    "scipy.special.erfc",
    rule="derivative of the error function",
    why="it is 1 - erf x",
    x=Partial(lambda x: -_TWO_OVER_ROOT_PI * exp(-(x**2))),
)
ERFCX = ufunc_row(
    "erfcx",
    "scipy.special.erfcx",
    rule="derivative of the error function",
    why="it is exp(x²)·erfc x: the product rule",
    x=Partial(lambda x, y: 2 * x * y - _TWO_OVER_ROOT_PI),
)
ERFI = ufunc_row(
    "erfi",
    "scipy.special.erfi",
    rule="derivative of the imaginary error function",
    why="it is -i·erf(ix): the error function along the imaginary axis",
    x=Partial(lambda x: _TWO_OVER_ROOT_PI * exp(x**2)),
)
ERFINV = ufunc_row(
    "erfinv",
    "scipy.special.erfinv",
    rule="derivative of an inverse function",
    why=_INVERSE,
    domain=Domain("np.abs(x) < 1", (-0.8, 0.8)),
    x=Partial(lambda y: exp(y**2) / _TWO_OVER_ROOT_PI),
)
ERFCINV = ufunc_row(
    "erfcinv",
    "scipy.special.erfcinv",
    rule="derivative of an inverse function",
    why=_INVERSE,
    domain=Domain("(x > 0) & (x < 2)", (0.2, 1.8)),
    x=Partial(lambda y: -exp(y**2) / _TWO_OVER_ROOT_PI),
)
DAWSN = ufunc_row(
    "dawsn",
    "scipy.special.dawsn",
    rule="derivative of Dawson's integral",
    why="it is exp(-x²) times the integral of exp(t²): the product rule",
    x=Partial(lambda x, y: 1 - 2 * x * y),
)
WOFZ = ufunc_row(
    "wofz",
    "scipy.special.wofz",
    rule="derivative of the Faddeeva function",
    why="it is exp(-x²)·erfc(-ix): the product rule",
    x=Partial(lambda x, y: 1j * _TWO_OVER_ROOT_PI - 2 * x * y),
)

# ------------------------------------------------------------------ the normal distribution
NDTR = ufunc_row(
    "ndtr",
    "scipy.special.ndtr",
    rule="derivative of the normal distribution",
    why=_AREA,
    x=Partial(lambda x: exp(x**2 / -2) / _ROOT_TWO_PI),
)
LOG_NDTR = ufunc_row(
    "log_ndtr",
    "scipy.special.log_ndtr",
    rule="derivative of the normal distribution",
    why="the density over the distribution, written so that neither is too small for its quotient",
    x=Partial(lambda x: sqrt(2 / pi) / erfcx(x / -sqrt(2))),
)
NDTRI = ufunc_row(
    "ndtri",
    "scipy.special.ndtri",
    rule="derivative of an inverse function",
    why=_INVERSE,
    domain=Domain("(x > 0) & (x < 1)", (0.1, 0.9)),
    x=Partial(lambda y: _ROOT_TWO_PI * exp(y**2 / 2)),
)
NDTRI_EXP = ufunc_row(
    "ndtri_exp",
    "scipy.special.ndtri_exp",
    rule="derivative of an inverse function",
    why=_INVERSE,
    domain=Domain("x < 0", (-3.0, -0.3)),
    x=Partial(lambda x, y: _ROOT_TWO_PI * exp(x + y**2 / 2)),
)
OWENS_T = ufunc_row(
    "owens_t",
    "scipy.special.owens_t",
    "h, a -> y",
    rule="derivative of Owen's T function",
    why="it is an integral over a up to its second argument; under the integral the first is differentiated",
    h=Partial(lambda h, a: erf(a * h / sqrt(2)) * exp(h**2 / -2) / (-2 * _ROOT_TWO_PI)),
    a=Partial(lambda h, a: exp(h**2 * (1 + a**2) / -2) / (2 * pi * (1 + a**2))),
)
