"""scipy.special's variants of elementary functions that are accurate near 0 or in degrees. Floor 2."""

from math import log as ln
from math import pi

from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Domain, Partial, Zero
from glassgrad.ops.elementwise import exp, log, negative
from glassgrad.ops.rounding import absolute
from glassgrad.ops.select import where
from glassgrad.ops.trigonometric import sin
from glassgrad.ops.ufuncs import functions_of, ufunc_row

sindg, cosdg = functions_of("sindg cosdg")

EXP10 = ufunc_row(
    "exp10",
    "scipy.special.exp10",
    rule="exponential rule for base 10",
    why="10ˣ is e to the power x·ln 10",
    x=Partial(lambda y: y * ln(10)),
)


def _exprel_slope(x: Node, y: Node) -> Node:
    """(eˣ - y)/x with y = (eˣ - 1)/x; near 0 by the series Σ (n + 1)·xⁿ/(n + 2)!."""
    near = operators["less"](absolute(x), 0.05)
    small, away = where(near, x, 0), where(near, 1, x)
    series = 1 / 2 + small * (1 / 3 + small * (1 / 8 + small * (1 / 30 + small * (1 / 144 + small * (1 / 840)))))
    return where(near, series + small**6 / 5760, (exp(away) - y) / away)


EXPREL = ufunc_row(
    "exprel", "scipy.special.exprel", rule="quotient rule", why="it is (eˣ - 1) / x", x=Partial(_exprel_slope)
)
COSM1 = ufunc_row(
    "cosm1",
    "scipy.special.cosm1",
    rule="derivative of cosine",
    why="it is cos x - 1",
    x=Partial(lambda x: negative(sin(x))),
)
POWM1 = ufunc_row(
    "powm1",
    "scipy.special.powm1",
    "x, y -> z",
    rule="power rule",
    why="it is xʸ - 1",
    domain=Domain("x > 0", (0.4, 2.0)),
    x=Partial(lambda x, y: y * x ** (y - 1)),
    y=Partial(lambda x, z: (1 + z) * log(x)),
)
SINDG = ufunc_row(
    "sindg",
    "scipy.special.sindg",
    rule="derivative of sine",
    why="it is sin of x·π/180",
    x=Partial(lambda x: cosdg(x) * (pi / 180)),
)
COSDG = ufunc_row(
    "cosdg",
    "scipy.special.cosdg",
    rule="derivative of cosine",
    why="it is cos of x·π/180",
    x=Partial(lambda x: sindg(x) * (-pi / 180)),
)
TANDG = ufunc_row(
    "tandg",
    "scipy.special.tandg",
    rule="derivative of tangent",
    why="it is tan of x·π/180",
    x=Partial(lambda y: (1 + y**2) * (pi / 180)),
)
COTDG = ufunc_row(
    "cotdg",
    "scipy.special.cotdg",
    rule="derivative of cotangent",
    why="it is cot of x·π/180",
    domain=Domain("x % 180 != 0", (0.5, 2.0)),
    x=Partial(lambda y: (1 + y**2) * (-pi / 180)),
)
ROUND = ufunc_row("round", "scipy.special.round", rule="flat between its steps", x=Zero("it is flat between its jumps"))
INV_BOXCOX = ufunc_row(
    "inv_boxcox",
    "scipy.special.inv_boxcox",
    "y, lmbda -> x",
    rule="derivative of an inverse function",
    why="it is (l·y + 1) to the power 1/l",
    domain=Domain("lmbda * y > -1", (0.4, 2.0)),
    y=Partial(lambda x, lmbda: x ** (1 - lmbda)),
    lmbda=Partial(lambda x, y, lmbda: x * (y / (1 + lmbda * y) - log(x)) / lmbda),
)
INV_BOXCOX1P = ufunc_row(
    "inv_boxcox1p",
    "scipy.special.inv_boxcox1p",
    "y, lmbda -> x",
    rule="derivative of an inverse function",
    why="it is (l·y + 1) to the power 1/l, less 1",
    domain=Domain("lmbda * y > -1", (0.4, 2.0)),
    y=Partial(lambda x, lmbda: (1 + x) ** (1 - lmbda)),
    lmbda=Partial(lambda x, y, lmbda: (1 + x) * (y / (1 + lmbda * y) - log(1 + x)) / lmbda),
)
