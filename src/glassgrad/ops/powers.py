"""Powers and roots. Floor 2."""

from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Domain, Kink, Partial
from glassgrad.ops.elementwise import log, ratio
from glassgrad.ops.leaves import is_literal, literal_value, ones, zeros
from glassgrad.ops.select import where
from glassgrad.ops.ufuncs import functions_of, ufunc_row

square, sqrt, cbrt, hypot, _power = functions_of("square sqrt cbrt hypot power")


def _slope_in_base(x: Node, y: Node) -> Node:
    """y·x^(y-1); where y is 0 the power is constant, also at x = 0, where x^(y-1) is infinite."""
    if is_literal(y):
        number = literal_value(y).item()
        match number:
            case 0:
                return zeros(x.aval)
            case 1:
                return ones(x.aval)
            case 2:
                return 2 * x
        return y * power(x, number - 1)
    constant = operators["equal"](y, 0)
    return where(constant, 0, y * power(x, where(constant, 1, y - 1)))


def _slope_in_exponent(x: Node, z: Node) -> Node:
    """x^y·ln x; 0 at x = 0, where 0^y stays 0 for every y > 0."""
    return z * log(where(operators["equal"](x, 0), 1, x))


POWER = ufunc_row(
    "power",
    "np.power",
    "x, y -> z",
    numpy="x ** y",
    rule="power rule",
    javascript="x ** y",
    why="xⁿ is a product of n factors x; each in turn gives xⁿ⁻¹. As a function of y, xʸ is e to the power y·ln x",
    domain=Domain("(x > 0) | ((x == 0) & (y >= 0)) | (y == np.rint(y))", (0.4, 2.0)),
    kinks=(Kink("(x == 0) & (y > 0) & (y < 1)", "inf"),),
    x=Partial(_slope_in_base),
    y=Partial(_slope_in_exponent),
)
SQUARE = ufunc_row(
    "square",
    "np.square",
    numpy="x ** 2",
    rule="power rule",
    javascript="x * x",
    why="x² is x times x; each factor in turn gives x",
    x=Partial(lambda x: 2 * x),
)
SQRT = ufunc_row(
    "sqrt",
    "np.sqrt",
    rule="square root rule",
    javascript="Math.sqrt(x)",
    domain=Domain("x >= 0", (0.3, 3.0)),
    why="√x is x to the power 1/2",
    kinks=(Kink("x == 0", "inf"),),
    x=Partial(lambda y: 1 / (2 * y)),
)
CBRT = ufunc_row(
    "cbrt",
    "np.cbrt",
    rule="cube root rule",
    javascript="Math.cbrt(x)",
    domain=Domain("x != 0", (0.3, 3.0)),
    why="∛x is x to the power 1/3",
    kinks=(Kink("x == 0", "inf"),),
    x=Partial(lambda y: 1 / (3 * y**2)),
)
HYPOT = ufunc_row(
    "hypot",
    "np.hypot",
    "x, y -> z",
    rule="length of a vector",
    javascript="Math.hypot(x, y)",
    why="the length grows by the cosine of the angle between the side and the vector",
    domain=Domain("(x != 0) | (y != 0)", (0.3, 2.0)),
    kinks=(Kink("(x == 0) & (y == 0)", "0"),),
    x=Partial(lambda x, z: ratio(x, z)),
    y=Partial(lambda y, z: ratio(y, z)),
)


def power(x: Node | float, y: Node | float) -> Node:
    """`x ** y`; a square by itself, which costs one product."""
    return square(x) if isinstance(y, int | float) and y == 2 else _power(x, y)


operators["power"] = power
