"""Incomplete gamma and beta functions: areas under the gamma and the beta density. Floor 2. Formulas: DLMF 8."""

import numpy as np

from glassgrad.graph.node import Node
from glassgrad.graph.op import Domain, Partial, Undefined, Zero
from glassgrad.ops.elementwise import exp, log, log1p
from glassgrad.ops.rounding import floor
from glassgrad.ops.special.entropies import xlog1py, xlogy
from glassgrad.ops.special.gamma_functions import digamma, gammaln
from glassgrad.ops.ufuncs import functions_of, own_row, ufunc_row

_AREA = "it is the area under a density up to x, so it grows by the density there"
_INVERSE = "the inverse function: 1 over the derivative at the result"
_SHAPE = "its second derivative with respect to the shape has no closed form; hold the shape constant"
_BETA_SHAPE = "its derivative with respect to the shape has no closed form; hold the shape constant"

betaln, _by_shape = functions_of("betaln gammainc_by_shape")


def gamma_density(a: Node, x: Node) -> Node:
    """xᵃ⁻¹·e⁻ˣ / Γ(a), by its logarithm so that no factor overflows."""
    return exp(xlogy(a - 1, x) - x - gammaln(a))


def beta_density(a: Node, b: Node, x: Node) -> Node:
    """xᵃ⁻¹·(1 - x)ᵇ⁻¹ / B(a, b), by its logarithm."""
    return exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))


# ------------------------------------------------------------------ gamma
GAMMAINC = ufunc_row(
    "gammainc",
    "scipy.special.gammainc",
    "a, x -> y",
    rule="derivative of an area",
    why=_AREA,
    domain=Domain("(a > 0) & (x >= 0)", (0.5, 3.0)),
    a=Partial(lambda a, x: _by_shape(a, x)),
    x=Partial(gamma_density),
)
GAMMAINCC = ufunc_row(
    "gammaincc",
    "scipy.special.gammaincc",
    "a, x -> y",
    rule="derivative of an area",
    why="it is 1 - gammainc(a, x)",
    domain=Domain("(a > 0) & (x >= 0)", (0.5, 3.0)),
    a=Partial(lambda a, x: -_by_shape(a, x)),
    x=Partial(lambda a, x: -gamma_density(a, x)),
)
GAMMAINCINV = ufunc_row(
    "gammaincinv",
    "scipy.special.gammaincinv",
    "a, x -> y",
    rule="derivative of an inverse function",
    why=_INVERSE,
    domain=Domain("(a > 0) & (x >= 0) & (x < 1)", (0.2, 0.8)),
    a=Partial(lambda a, y: -_by_shape(a, y) / gamma_density(a, y)),
    x=Partial(lambda a, y: 1 / gamma_density(a, y)),
)
GAMMAINCCINV = ufunc_row(
    "gammainccinv",
    "scipy.special.gammainccinv",
    "a, x -> y",
    rule="derivative of an inverse function",
    why=_INVERSE,
    domain=Domain("(a > 0) & (x > 0) & (x <= 1)", (0.2, 0.8)),
    a=Partial(lambda a, y: -_by_shape(a, y) / gamma_density(a, y)),
    x=Partial(lambda a, y: -1 / gamma_density(a, y)),
)


def shape_series(a: np.ndarray, x: np.ndarray, psi: np.ndarray) -> np.ndarray:
    """The derivative of a·Σ xⁿ / (a (a + 1) … (a + n)) in its shape, to be scaled (DLMF 8.7.1, term by term)."""
    term, harmonic = np.ones_like(a), psi + 1 / a  # harmonic is ψ(a + n + 1)
    total = term * (np.log(x) - harmonic)
    for n in range(1, 20000):
        term = term * x / (a + n)
        harmonic = harmonic + 1 / (a + n)
        step = term * (np.log(x) - harmonic)
        total = total + step
        if np.all(np.abs(step) <= 1e-17 * np.abs(total)):
            break
    return np.asarray(total / a)


def shape_fraction(a: np.ndarray, x: np.ndarray, psi: np.ndarray) -> np.ndarray:
    """The derivative of the continued fraction of 1 - gammainc in its shape, to be scaled (DLMF 8.9.2, by Lentz)."""
    b = x + 1 - a
    c, d = np.full_like(b, 1e300), 1 / b
    value, dc, dd = d, np.zeros_like(b), d**2
    slope = dd
    for n in range(1, 20000):
        numerator = -n * (n - a)
        b = b + 2
        next_c, next_d = b + numerator / c, 1 / (numerator * d + b)
        dc = -1 + n / c - numerator * dc / c / c
        dd = -(next_d**2) * (n * d + numerator * dd - 1)
        c, d = next_c, next_d
        factor, change = d * c, dd * c + d * dc
        value, slope = value * factor, slope * factor + value * change
        if np.all(np.abs(factor - 1) + np.abs(change) <= 1e-16):
            break
    return np.asarray((np.log(x) - psi) * value + slope)


def gammainc_by_shape(a: np.ndarray, x: np.ndarray, psi: np.ndarray, gammaln: np.ndarray) -> np.ndarray:
    """The derivative of gammainc(a, x) in a, given ψ(a) and ln Γ(a): up to x = a + 1 a series, then a fraction."""
    dtype = np.result_type(a, x)
    a, x, psi, gammaln = np.broadcast_arrays(*[np.asarray(part, np.float64) for part in (a, x, psi, gammaln)])
    result = np.where(np.isnan(a + x), np.nan, np.zeros(a.shape))
    inside = (x > 0) & np.isfinite(x)
    few = inside & (x <= a + 1)
    many = inside & ~few
    scale = np.exp(a * np.log(np.where(inside, x, 1)) - x - gammaln)
    if np.any(few):
        result[few] = scale[few] * shape_series(a[few], x[few], psi[few])
    if np.any(many):
        result[many] = -scale[many] * shape_fraction(a[many], x[many], psi[many])
    return result.astype(dtype)[()]


GAMMAINC_BY_SHAPE = own_row(
    "gammainc_by_shape",
    "gammainc_by_shape(a, x, scipy.special.digamma(a), scipy.special.gammaln(a))",
    "a, x -> y",
    kernels=(gammainc_by_shape, shape_series, shape_fraction),
    rule="derivative of an area with respect to the shape of its density",
    domain=Domain("(a > 0) & (x >= 0)", (0.5, 3.0)),
    a=Undefined(_SHAPE),
    x=Partial(lambda a, x: gamma_density(a, x) * (log(x) - digamma(a))),
)

# ------------------------------------------------------------------ beta
_UNIT = Domain("(a > 0) & (b > 0) & (x >= 0) & (x <= 1)", (0.2, 0.8))
BETAINC = ufunc_row(
    "betainc",
    "scipy.special.betainc",
    "a, b, x -> y",
    rule="derivative of an area",
    why=_AREA,
    domain=_UNIT,
    a=Undefined(_BETA_SHAPE),
    b=Undefined(_BETA_SHAPE),
    x=Partial(beta_density),
)
BETAINCC = ufunc_row(
    "betaincc",
    "scipy.special.betaincc",
    "a, b, x -> y",
    rule="derivative of an area",
    why="it is 1 - betainc(a, b, x)",
    domain=_UNIT,
    a=Undefined(_BETA_SHAPE),
    b=Undefined(_BETA_SHAPE),
    x=Partial(lambda a, b, x: -beta_density(a, b, x)),
)
BETAINCINV = ufunc_row(
    "betaincinv",
    "scipy.special.betaincinv",
    "a, b, x -> y",
    rule="derivative of an inverse function",
    why=_INVERSE,
    domain=_UNIT,
    a=Undefined(_BETA_SHAPE),
    b=Undefined(_BETA_SHAPE),
    x=Partial(lambda a, b, y: 1 / beta_density(a, b, y)),
)

# ------------------------------------------------------------------ distributions
_CHI2 = Domain("(v > 0) & (x >= 0)", (0.5, 3.0))
CHDTR = ufunc_row(
    "chdtr",
    "scipy.special.chdtr",
    "v, x -> y",
    rule="derivative of a distribution",
    why=_AREA,
    domain=_CHI2,
    v=Partial(lambda v, x: _by_shape(v / 2, x / 2) / 2),
    x=Partial(lambda v, x: gamma_density(v / 2, x / 2) / 2),
)
CHDTRC = ufunc_row(
    "chdtrc",
    "scipy.special.chdtrc",
    "v, x -> y",
    rule="derivative of a distribution",
    why="it is 1 - chdtr(v, x)",
    domain=_CHI2,
    v=Partial(lambda v, x: -_by_shape(v / 2, x / 2) / 2),
    x=Partial(lambda v, x: -gamma_density(v / 2, x / 2) / 2),
)
PDTR = ufunc_row(
    "pdtr",
    "scipy.special.pdtr",
    "k, m -> y",
    rule="derivative of a distribution",
    why="as the mean grows, what flows over from k to k + 1 is the probability of k",
    domain=Domain("(k >= 0) & (m >= 0)", (0.3, 3.0)),
    k=Zero("it is flat between whole numbers"),
    m=Partial(lambda k, m: -gamma_density(floor(k) + 1, m)),
)
PDTRC = ufunc_row(
    "pdtrc",
    "scipy.special.pdtrc",
    "k, m -> y",
    rule="derivative of a distribution",
    why="it is 1 - pdtr(k, m)",
    domain=Domain("(k >= 0) & (m >= 0)", (0.3, 3.0)),
    k=Zero("it is flat between whole numbers"),
    m=Partial(lambda k, m: gamma_density(floor(k) + 1, m)),
)


def _student_density(df: Node, t: Node) -> Node:
    """The density of Student's t: exp(-(df + 1)/2·ln(1 + t²/df) - ln B(df/2, 1/2)) / √df."""
    return exp(-(df + 1) / 2 * log1p(t**2 / df) - betaln(df / 2, 0.5) - log(df) / 2)


STDTR = ufunc_row(
    "stdtr",
    "scipy.special.stdtr",
    "df, t -> y",
    rule="derivative of a distribution",
    why=_AREA,
    domain=Domain("df > 0", (0.5, 3.0)),
    df=Undefined(_BETA_SHAPE),
    t=Partial(_student_density),
)
STDTRIT = ufunc_row(
    "stdtrit",
    "scipy.special.stdtrit",
    "df, p -> y",
    rule="derivative of an inverse function",
    why=_INVERSE,
    domain=Domain("(df > 0) & (p > 0) & (p < 1)", (0.2, 0.8)),
    df=Undefined(_BETA_SHAPE),
    p=Partial(lambda df, y: 1 / _student_density(df, y)),
)
