"""Arithmetic, exponentials and logarithms: rows that work on each element by itself. Floor 2."""

from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Domain, Kink, Linear, Partial
from glassgrad.ops.compare import equal, isinf, logical_and
from glassgrad.ops.leaves import ones
from glassgrad.ops.select import where
from glassgrad.ops.ufuncs import functions_of, own_row, ufunc_row

__all__ = ["ufunc_row"]

add, subtract, multiply, divide, negative, positive = functions_of("add subtract multiply divide negative positive")
ratio, reciprocal, logaddexp, logaddexp2 = functions_of("ratio reciprocal logaddexp logaddexp2")
exp, exp2, expm1, log, log2, log10, log1p = functions_of("exp exp2 expm1 log log2 log10 log1p")

# ------------------------------------------------------------------ arithmetic
ADD = ufunc_row(
    "add",
    "np.add",
    "x, y -> z",
    numpy="x + y",
    rule="sum rule",
    javascript="x + y",
    x=Linear(lambda ct: ct),
    y=Linear(lambda ct: ct),
)
SUBTRACT = ufunc_row(
    "subtract",
    "np.subtract",
    "x, y -> z",
    numpy="x - y",
    rule="difference rule",
    javascript="x - y",
    x=Linear(lambda ct: ct),
    y=Linear(lambda ct: negative(ct)),
)
MULTIPLY = ufunc_row(
    "multiply",
    "np.multiply",
    "x, y -> z",
    numpy="x * y",
    rule="product rule",
    javascript="x * y",
    why="with the other factor held, the product grows by that factor for each unit",
    x=Partial(lambda y: y),
    y=Partial(lambda x: x),
)
DIVIDE = ufunc_row(
    "divide",
    "np.true_divide",
    "x, y -> z",
    numpy="x / y",
    rule="quotient rule",
    javascript="x / y",
    why="with the numerator held, a larger denominator makes the quotient smaller in proportion to the quotient itself",
    domain=Domain("y != 0", (0.5, 2.0)),
    x=Partial(lambda y: 1 / y),
    y=Partial(lambda y, z: -z / y),
)
NEGATIVE = ufunc_row(
    "negative", "np.negative", numpy="-x", rule="constant factor", javascript="-x", x=Linear(lambda ct: negative(ct))
)
POSITIVE = ufunc_row(
    "positive", "np.positive", numpy="+x", rule="the same value", javascript="x", x=Linear(lambda ct: ct)
)

operators.update(add=add, subtract=subtract, multiply=multiply, divide=divide, negative=negative)

# A quotient of two things that vanish together (the sides and the length of a vector): 0 there, not 0/0.
RATIO = own_row(
    "ratio",
    "np.where(y == 0, 0, x / np.where(y == 0, 1, y))",
    "x, y -> z",
    rule="quotient rule",
    why="it is x / y; where y is 0 so is x, and the quotient is taken as 0",
    tex=r"\frac{{{x}}}{{{y}}}",
    javascript="(y === 0 ? 0 : x / y)",
    domain=Domain("y != 0", (0.5, 2.0)),
    kinks=(Kink("y == 0", "0"),),
    x=Partial(lambda y: ratio(ones(y.aval), y)),
    y=Partial(lambda y, z: -ratio(z, y)),
)

RECIPROCAL = ufunc_row(
    "reciprocal",
    "np.reciprocal",
    numpy="1 / x",
    rule="reciprocal rule",
    javascript="1 / x",
    domain=Domain("x != 0", (0.4, 2.0)),
    x=Partial(lambda y: -(y * y)),
)

# ------------------------------------------------------------------ exponentials
LN2, LN10 = 0.6931471805599453, 2.302585092994046


def share(x: Node, y: Node, part: Node) -> Node:
    """`part`, and a half where x and y are infinite together (∞ - ∞ has no value)."""
    return where(logical_and(equal(x, y), isinf(x)), 0.5, part)


EXP = ufunc_row(
    "exp",
    "np.exp",
    rule="exponential rule",
    why="the exponential grows at a rate equal to its value",
    javascript="Math.exp(x)",
    x=Partial(lambda y: y),
)
EXP2 = ufunc_row(
    "exp2",
    "np.exp2",
    rule="exponential rule for base 2",
    why="2ˣ is e to the power x·ln 2",
    javascript="2 ** x",
    x=Partial(lambda y: y * LN2),
)
EXPM1 = ufunc_row(
    "expm1",
    "np.expm1",
    rule="exponential rule",
    why="it is eˣ - 1, and the constant drops out",
    javascript="Math.expm1(x)",
    x=Partial(lambda x: exp(x)),
)
LOGADDEXP = ufunc_row(
    "logaddexp",
    "np.logaddexp",
    "x, y -> z",
    rule="log-sum-exp rule",
    why="each exponent gets the share that its exponential has in the sum",
    x=Partial(lambda x, y, z: share(x, y, exp(x - z))),
    y=Partial(lambda x, y, z: share(x, y, exp(y - z))),
    kinks=(Kink("(x == y) & np.isinf(x)", "1/2"),),
)
LOGADDEXP2 = ufunc_row(
    "logaddexp2",
    "np.logaddexp2",
    "x, y -> z",
    rule="log-sum-exp rule",
    why="each exponent gets the share that its exponential has in the sum",
    x=Partial(lambda x, y, z: share(x, y, exp2(x - z))),
    y=Partial(lambda x, y, z: share(x, y, exp2(y - z))),
    kinks=(Kink("(x == y) & np.isinf(x)", "1/2"),),
)

# ------------------------------------------------------------------ logarithms
LOG = ufunc_row(
    "log",
    "np.log",
    rule="logarithm rule",
    javascript="Math.log(x)",
    domain=Domain("x > 0", (0.3, 3.0)),
    why="a step dx changes the logarithm by dx in proportion to x",
    x=Partial(lambda x: 1 / x),
)
LOG2 = ufunc_row(
    "log2",
    "np.log2",
    rule="logarithm rule for base 2",
    why="log₂ x is ln x / ln 2",
    javascript="Math.log2(x)",
    domain=Domain("x > 0", (0.3, 3.0)),
    x=Partial(lambda x: 1 / (x * LN2)),
)
LOG10 = ufunc_row(
    "log10",
    "np.log10",
    rule="logarithm rule for base 10",
    why="log₁₀ x is ln x / ln 10",
    javascript="Math.log10(x)",
    domain=Domain("x > 0", (0.3, 3.0)),
    x=Partial(lambda x: 1 / (x * LN10)),
)
LOG1P = ufunc_row(
    "log1p",
    "np.log1p",
    rule="logarithm rule",
    javascript="Math.log1p(x)",
    domain=Domain("x > -1", (-0.7, 3.0)),
    why="it is ln(1 + x)",
    x=Partial(lambda x: 1 / (1 + x)),
)
