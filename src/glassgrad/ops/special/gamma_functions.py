"""The gamma function and what is built of it: digamma, beta, binomials, zeta. Floor 2. Formulas: DLMF 5."""

from glassgrad.base.errors import NotDifferentiableError
from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Domain, Partial, Undefined, Zero
from glassgrad.ops.select import where
from glassgrad.ops.special.orders import NO_ORDER, shift
from glassgrad.ops.trigonometric import cos, sin
from glassgrad.ops.ufuncs import functions_of, own_row, ufunc_row

_PI = 3.141592653589793
_DIGAMMA = "the digamma function is by definition the slope of ln Γ"

gamma, gammaln, digamma, polygamma, zeta = functions_of("gamma gammaln digamma polygamma zeta")

GAMMA = ufunc_row(
    "gamma",
    "scipy.special.gamma",
    rule="derivative of the gamma function",
    why=_DIGAMMA,
    domain=Domain("(x > 0) | (x != np.floor(x))", (0.3, 4.0)),
    x=Partial(lambda x, y: y * digamma(x)),
)
GAMMALN = ufunc_row(
    "gammaln",
    "scipy.special.gammaln",
    rule="derivative of ln Γ",
    why=_DIGAMMA,
    domain=Domain("(x > 0) | (x != np.floor(x))", (0.3, 4.0)),
    x=Partial(lambda x: digamma(x)),
)
LOGGAMMA = ufunc_row(
    "loggamma",
    "scipy.special.loggamma",
    rule="derivative of ln Γ",
    why=_DIGAMMA,
    domain=Domain("x > 0", (0.3, 4.0)),
    x=Partial(lambda x: digamma(x)),
)


def _reciprocal_slope(x: Node, y: Node) -> Node:
    """-ψ(x)/Γ(x); left of 1/2 by reflection, 1/Γ(x) = sin(πx)·Γ(1 - x)/π, which holds at the poles of ψ as well."""
    if x.dtype.kind == "c":
        return -y * digamma(x)
    left = operators["less"](x, 0.5)
    mirrored, safe = 1 - where(left, x, 0), where(left, 1, x)
    reflected = gamma(mirrored) * (cos(_PI * mirrored) + sin(_PI * mirrored) * digamma(mirrored) / _PI)
    return where(left, -reflected, -y * digamma(safe))


RGAMMA = ufunc_row(
    "rgamma",
    "scipy.special.rgamma",
    rule="derivative of 1/Γ",
    why="the reciprocal rule, and Γ' is Γ·ψ",
    x=Partial(_reciprocal_slope),
)
GAMMASGN = ufunc_row(
    "gammasgn",
    "scipy.special.gammasgn",
    rule="flat between its steps",
    domain=Domain("x != 0", (0.3, 4.0)),
    x=Zero("it is flat between its jumps"),
)


def _trigamma(x: Node) -> Node:
    if x.dtype.kind == "c":
        raise NotDifferentiableError(
            "digamma of a complex number has no derivative here: SciPy has no complex polygamma",
            hint="differentiate gamma and gammaln of complex numbers once",
        )
    return polygamma(1, x)


DIGAMMA = ufunc_row(
    "digamma",
    "scipy.special.psi",
    numpy="scipy.special.digamma(x)",
    rule="derivative of the digamma function",
    why="the polygamma functions are by definition its derivatives",
    domain=Domain("(x > 0) | (x != np.floor(x))", (0.3, 4.0)),
    x=Partial(_trigamma),
)


POLYGAMMA = own_row(
    "polygamma",
    "scipy.special.polygamma(n, x)",
    "n, x -> y",
    rule="derivative of a polygamma function",
    why="each polygamma function is by definition the derivative of the one before",
    domain=Domain("x > 0", (0.4, 4.0)),
    n=Undefined(NO_ORDER),
    x=Partial(lambda n, x: polygamma(shift(n, 1), x)),
)
ZETA = own_row(
    "zeta",
    "scipy.special.zeta(x, q)",
    "x, q -> y",
    rule="derivative of the Hurwitz zeta function",
    why="each term (k + q)⁻ˣ by the power rule",
    domain=Domain("(x > 1) & (q > 0)", (1.5, 4.0)),
    x=Undefined(NO_ORDER),
    q=Partial(lambda x, q: -x * zeta(x + 1, q)),
)

# ------------------------------------------------------------------ of two arguments
_BETA = "B(x, y) is Γ(x)·Γ(y) / Γ(x + y), and the slope of ln Γ is ψ"
_POSITIVE = Domain("(x > 0) & (y > 0)", (0.4, 3.0))
BETA = ufunc_row(
    "beta",
    "scipy.special.beta",
    "x, y -> z",
    rule="derivative of the beta function",
    why=_BETA,
    domain=_POSITIVE,
    x=Partial(lambda x, y, z: z * (digamma(x) - digamma(x + y))),
    y=Partial(lambda x, y, z: z * (digamma(y) - digamma(x + y))),
)
BETALN = ufunc_row(
    "betaln",
    "scipy.special.betaln",
    "x, y -> z",
    rule="derivative of the beta function",
    why=_BETA,
    domain=_POSITIVE,
    x=Partial(lambda x, y: digamma(x) - digamma(x + y)),
    y=Partial(lambda x, y: digamma(y) - digamma(x + y)),
)
BINOM = ufunc_row(
    "binom",
    "scipy.special.binom",
    "n, k -> y",
    rule="derivative of the binomial coefficient",
    why="it is Γ(n + 1) / (Γ(k + 1)·Γ(n - k + 1)), and the slope of ln Γ is ψ",
    domain=Domain("(n > k) & (k >= 0)", (0.4, 3.0)),
    n=Partial(lambda n, k, y: y * (digamma(n + 1) - digamma(n - k + 1))),
    k=Partial(lambda n, k, y: y * (digamma(n - k + 1) - digamma(k + 1))),
)
POCH = ufunc_row(
    "poch",
    "scipy.special.poch",
    "x, n -> y",
    rule="derivative of the rising factorial",
    why="it is Γ(x + n) / Γ(x), and the slope of ln Γ is ψ",
    domain=Domain("(x > 0) & (x + n > 0)", (0.4, 3.0)),
    x=Partial(lambda x, n, y: y * (digamma(x + n) - digamma(x))),
    n=Partial(lambda x, n, y: y * digamma(x + n)),
)
