"""Logistic functions, entropies and the losses made of them: expit, logit, softplus, xlogy, entr, huber. Floor 2."""

from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Domain, Kink, Partial
from glassgrad.ops.compare import logical_and
from glassgrad.ops.elementwise import log, log1p, negative
from glassgrad.ops.extrema import maximum, minimum
from glassgrad.ops.leaves import ones, zeros
from glassgrad.ops.powers import sqrt
from glassgrad.ops.rounding import absolute
from glassgrad.ops.select import where
from glassgrad.ops.ufuncs import functions_of, own_row, ufunc_row

expit, logit, log_expit, softplus, xlogy, xlog1py = functions_of("expit logit log_expit softplus xlogy xlog1py")

# ------------------------------------------------------------------ logistic
EXPIT = ufunc_row(
    "expit",
    "scipy.special.expit",
    rule="derivative of the sigmoid",
    javascript="1 / (1 + Math.exp(-x))",
    why="the quotient rule for 1 / (1 + e⁻ˣ), written in the result itself: σ·(1 - σ)",
    x=Partial(lambda y: y * (1 - y)),
)
LOG_EXPIT = ufunc_row(
    "log_expit",
    "scipy.special.log_expit",
    rule="derivative of the logarithm of the sigmoid",
    why="σ·(1 - σ) / σ is 1 - σ(x), which is σ(-x)",
    x=Partial(lambda x: expit(-x)),
)
LOGIT = ufunc_row(
    "logit",
    "scipy.special.logit",
    rule="derivative of the logit",
    javascript="Math.log(x / (1 - x))",
    why="the inverse of the sigmoid: 1 / (σ·(1 - σ)), and σ is x",
    domain=Domain("(x > 0) & (x < 1)", (0.1, 0.9)),
    x=Partial(lambda x: 1 / (x * (1 - x))),
)
SOFTPLUS = own_row(
    "softplus",
    "np.logaddexp(x, 0)",
    rule="derivative of softplus",
    why="it is ln(1 + eˣ): eˣ / (1 + eˣ) is the sigmoid",
    javascript="Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))",
    x=Partial(lambda x: expit(x)),
)


# ------------------------------------------------------------------ x log y
def _quotient(x: Node, divisor: Node) -> Node:
    """The quotient x / divisor, and 0 where both are 0 (0·log 0 stays 0)."""
    equal = operators["equal"]
    return x / where(logical_and(equal(x, 0), equal(divisor, 0)), 1, divisor)


XLOGY = ufunc_row(
    "xlogy",
    "scipy.special.xlogy",
    "x, y -> z",
    rule="product rule",
    why="it is x·ln y, and 0 where x is 0",
    domain=Domain("(y > 0) | (x == 0)", (0.3, 3.0)),
    x=Partial(lambda y: log(y)),
    y=Partial(lambda x, y: _quotient(x, y)),
)
XLOG1PY = ufunc_row(
    "xlog1py",
    "scipy.special.xlog1py",
    "x, y -> z",
    rule="product rule",
    why="it is x·ln(1 + y), and 0 where x is 0",
    domain=Domain("(y > -1) | (x == 0)", (-0.7, 2.0)),
    x=Partial(lambda y: log1p(y)),
    y=Partial(lambda x, y: _quotient(x, 1 + y)),
)
ENTR = ufunc_row(
    "entr",
    "scipy.special.entr",
    rule="product rule",
    why="it is -x·ln x",
    domain=Domain("x >= 0", (0.2, 2.0)),
    kinks=(Kink("x == 0", "inf"),),
    x=Partial(lambda x: -log(x) - 1),
)
REL_ENTR = ufunc_row(
    "rel_entr",
    "scipy.special.rel_entr",
    "x, y -> z",
    rule="product rule",
    why="it is x·ln(x / y)",
    domain=Domain("(x >= 0) & (y > 0)", (0.3, 3.0)),
    x=Partial(lambda x, y: log(x / y) + 1),
    y=Partial(lambda x, y: negative(_quotient(x, y))),
)
KL_DIV = ufunc_row(
    "kl_div",
    "scipy.special.kl_div",
    "x, y -> z",
    rule="product rule",
    why="it is x·ln(x / y) - x + y",
    domain=Domain("(x >= 0) & (y > 0)", (0.3, 3.0)),
    x=Partial(lambda x, y: log(x / y)),
    y=Partial(lambda x, y: 1 - _quotient(x, y)),
)

# ------------------------------------------------------------------ losses
HUBER = ufunc_row(
    "huber",
    "scipy.special.huber",
    "delta, r -> y",
    rule="derivative of the Huber loss",
    why="a parabola up to delta, its tangent beyond",
    domain=Domain("delta >= 0", (0.3, 3.0)),
    delta=Partial(lambda delta, r: maximum(absolute(r) - delta, zeros(r.aval))),
    r=Partial(lambda delta, r: minimum(maximum(r, -delta), delta)),
)
PSEUDO_HUBER = ufunc_row(
    "pseudo_huber",
    "scipy.special.pseudo_huber",
    "delta, r -> y",
    rule="derivative of the pseudo-Huber loss",
    why="it is delta²·(√(1 + (r/delta)²) - 1)",
    domain=Domain("delta > 0", (0.5, 3.0)),
    delta=Partial(lambda delta, r, y: 2 * y / delta - r**2 / (delta * sqrt(1 + (r / delta) ** 2))),
    r=Partial(lambda delta, r: r / sqrt(1 + (r / delta) ** 2)),
)


def _power_slope(x: Node, lmbda: Node, y: Node, factor: Node) -> Node:
    """d((xˡ - 1) / l) / dl, with its limit ln²x / 2 at l = 0; `factor` is ln x."""
    flat = operators["equal"](lmbda, 0)
    exponent = where(flat, ones(lmbda.aval), lmbda)
    return where(flat, factor**2 / 2, ((1 + lmbda * y) * factor - y) / exponent)


BOXCOX = ufunc_row(
    "boxcox",
    "scipy.special.boxcox",
    "x, lmbda -> y",
    rule="derivative of the Box-Cox transform",
    why="it is (xˡ - 1) / l",
    domain=Domain("x > 0", (0.4, 2.0)),
    x=Partial(lambda x, lmbda: x ** (lmbda - 1)),
    lmbda=Partial(lambda x, lmbda, y: _power_slope(x, lmbda, y, log(x))),
)
BOXCOX1P = ufunc_row(
    "boxcox1p",
    "scipy.special.boxcox1p",
    "x, lmbda -> y",
    rule="derivative of the Box-Cox transform",
    why="it is ((1 + x)ˡ - 1) / l",
    domain=Domain("x > -1", (0.4, 2.0)),
    x=Partial(lambda x, lmbda: (1 + x) ** (lmbda - 1)),
    lmbda=Partial(lambda x, lmbda, y: _power_slope(x, lmbda, y, log1p(x))),
)
