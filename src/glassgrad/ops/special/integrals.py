"""Functions that are integrals or solve an equation: exponential, sine, Fresnel and elliptic integrals, Lambert W.

Floor 2. Formulas: DLMF 6, 7.2, 19.4, 25.12, 4.13, 15.5. The derivative of an integral up to x is what stands under it.
"""

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.base.errors import DtypeError
from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Domain, Op, Partial, Undefined
from glassgrad.ops.complex import magnitude
from glassgrad.ops.elementwise import exp, log, negative
from glassgrad.ops.leaves import is_literal, literal_value
from glassgrad.ops.select import where
from glassgrad.ops.special.orders import NO_ORDER, shift
from glassgrad.ops.trigonometric import cos, cosh, sin, sinh, unnormalised_sinc
from glassgrad.ops.ufuncs import checked_alike, function_of, own_row, ufunc_row

_INSIDE = "the derivative of an integral up to x is the function under the integral"
_RULE = "derivative of an integral"
_POSITIVE = Domain("x > 0", (0.4, 3.0))

expn = function_of("expn")

# ------------------------------------------------------------------ exponential integrals
EXP1 = ufunc_row(
    "exp1",
    "scipy.special.exp1",
    rule=_RULE,
    why="it is the integral of e⁻ᵗ/t from x on",
    domain=_POSITIVE,
    x=Partial(lambda x: -exp(-x) / x),
)
EXPI = ufunc_row(
    "expi",
    "scipy.special.expi",
    rule=_RULE,
    why=_INSIDE,
    domain=Domain("x != 0", (0.4, 3.0)),
    x=Partial(lambda x: exp(x) / x),
)


def _expn_slope(n: Node, x: Node, y: Node) -> Node:
    """-Eₙ₋₁(x); for n = 0, where E₀ = e⁻ˣ/x, the quotient rule."""
    if is_literal(n):
        return -(exp(-x) + y) / x if literal_value(n) == 0 else negative(expn(shift(n, -1), x))
    first = operators["equal"](n, 0)
    return where(first, -(exp(-x) + y) / x, negative(expn(where(first, 0, n - 1), x)))


EXPN = ufunc_row(
    "expn",
    "scipy.special.expn",
    "n, x -> y",
    rule=_RULE,
    why="it is the integral of e⁻ˣᵗ/tⁿ over t > 1",
    domain=_POSITIVE,
    n=Undefined(NO_ORDER),
    x=Partial(_expn_slope),
)


# ------------------------------------------------------------------ sine, hyperbolic sine and Fresnel integrals
def _integral(name: str, text: str, form: Partial, domain: Domain | None = None) -> Op:
    return own_row(name, text, rule=_RULE, why=_INSIDE, domain=domain, x=form)


def _sinhc(x: Node) -> Node:
    """sinh(x)/x; near 0 by its series, which is exact to rounding for |x| < 0.03."""
    near = operators["less"](magnitude(x), 0.03)
    square = where(near, x, 0) ** 2
    series = 1 + square / 6 * (1 + square / 20 * (1 + square / 42))
    away = where(near, 1, x)
    return where(near, series, sinh(away) / away)


SI = _integral("si", "scipy.special.sici(x)[0]", Partial(lambda x: unnormalised_sinc(x)))
CI = _integral("ci", "scipy.special.sici(x)[1]", Partial(lambda x: cos(x) / x), _POSITIVE)
SHI = _integral("shi", "scipy.special.shichi(x)[0]", Partial(_sinhc))
CHI = _integral("chi", "scipy.special.shichi(x)[1]", Partial(lambda x: cosh(x) / x), _POSITIVE)
FRESNELS = _integral("fresnels", "scipy.special.fresnel(x)[0]", Partial(lambda x: sin(x**2 * (np.pi / 2))))
FRESNELC = _integral("fresnelc", "scipy.special.fresnel(x)[1]", Partial(lambda x: cos(x**2 * (np.pi / 2))))


def _dilogarithm_slope(x: Node) -> Node:
    """ln(x) / (1 - x); near 1 by the series of ln(1 + u)/u."""
    u = x - 1
    near = operators["less"](magnitude(u), 2e-3)
    small = where(near, u, 0)
    series = -1 + small * (1 / 2 - small * (1 / 3 - small * (1 / 4 - small * (1 / 5 - small / 6))))
    return where(near, series, log(where(near, 2, x)) / (1 - where(near, 2, x)))


SPENCE = ufunc_row(
    "spence",
    "scipy.special.spence",
    rule=_RULE,
    why="it is the integral of ln t / (1 - t) from 1 to x",
    domain=Domain("x >= 0", (0.3, 3.0)),
    x=Partial(_dilogarithm_slope),
)


# ------------------------------------------------------------------ Lambert W
def _branch_aval(x: Aval, k: int) -> Aval:
    if x.dtype != np.dtype(np.complex128):
        raise DtypeError(f"the row `lambertw` takes complex128, found {x.dtype}")
    return x


def _real_branch_aval(x: Aval, k: int) -> Aval:
    if k not in (0, -1):
        raise DtypeError(f"Lambert's W has two real branches, 0 and -1; found {k}", hint="lambertw of a complex number")
    return checked_alike("lambertw_real", x)


_LAMBERT = "derivative of an inverse function"
_WHY_LAMBERT = "W solves W·e^W = x; differentiating that gives W'·(e^W + x) = 1"
LAMBERTW = own_row(
    "lambertw",
    "scipy.special.lambertw(x, k)",
    infer=_branch_aval,
    rule=_LAMBERT,
    why=_WHY_LAMBERT,
    x=Partial(lambda x, y: 1 / (x + exp(y))),
)
LAMBERTW_REAL = own_row(
    "lambertw_real",
    "np.where((x < -np.exp(-1)) | ((k < 0) & (x >= 0)), np.nan, np.real(scipy.special.lambertw(x, k))).astype(x.dtype)",
    infer=_real_branch_aval,
    rule=_LAMBERT,
    why=_WHY_LAMBERT,
    domain=Domain("(x > -np.exp(-1.0)) & ((k == 0) | (x < 0))", (-0.3, 2.0)),
    x=Partial(lambda x, y: 1 / (x + exp(y))),
)
WRIGHTOMEGA = ufunc_row(
    "wrightomega",
    "scipy.special.wrightomega",
    rule=_LAMBERT,
    why="ω solves ω + ln ω = x",
    x=Partial(lambda y: y / (1 + y)),
)
