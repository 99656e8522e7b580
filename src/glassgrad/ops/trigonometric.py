"""Circular and hyperbolic functions and their inverses, for real and complex numbers; sinc. Floor 2."""

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node
from glassgrad.graph.op import Domain, Kink, Partial
from glassgrad.ops.elementwise import negative, ratio
from glassgrad.ops.powers import sqrt
from glassgrad.ops.ufuncs import checked_alike, functions_of, own_row, ufunc_row

sin, cos, tan, arcsin, arccos, arctan = functions_of("sin cos tan arcsin arccos arctan")
sinh, cosh, tanh, arcsinh, arccosh, arctanh = functions_of("sinh cosh tanh arcsinh arccosh arctanh")
arctan2, sinc, unnormalised_sinc, _sinc_derivative = functions_of("arctan2 sinc unnormalised_sinc sinc_derivative")

# ------------------------------------------------------------------ circular
SIN = ufunc_row("sin", "np.sin", rule="derivative of sine", javascript="Math.sin(x)", x=Partial(lambda x: cos(x)))
COS = ufunc_row(
    "cos", "np.cos", rule="derivative of cosine", javascript="Math.cos(x)", x=Partial(lambda x: negative(sin(x)))
)
TAN = ufunc_row(
    "tan",
    "np.tan",
    rule="derivative of tangent",
    javascript="Math.tan(x)",
    domain=Domain("np.cos(x) != 0", (-1.2, 1.2)),
    why="the quotient rule for sin x / cos x gives (cos²x + sin²x) / cos²x = 1 + tan²x",
    x=Partial(lambda y: 1 + y**2),
)
ARCSIN = ufunc_row(
    "arcsin",
    "np.arcsin",
    rule="derivative of arcsine",
    javascript="Math.asin(x)",
    domain=Domain("np.abs(x) <= 1", (-0.8, 0.8)),
    why="the inverse of sine: 1 / cos y, and cos y is √(1 - x²)",
    x=Partial(lambda x: 1 / sqrt(1 - x**2)),
)
ARCCOS = ufunc_row(
    "arccos",
    "np.arccos",
    rule="derivative of arccosine",
    javascript="Math.acos(x)",
    domain=Domain("np.abs(x) <= 1", (-0.8, 0.8)),
    why="the inverse of cosine: -1 / sin y, and sin y is √(1 - x²)",
    x=Partial(lambda x: -1 / sqrt(1 - x**2)),
)
ARCTAN = ufunc_row(
    "arctan",
    "np.arctan",
    rule="derivative of arctangent",
    javascript="Math.atan(x)",
    why="the inverse of tangent: 1 / (1 + tan²y), and tan y is x",
    x=Partial(lambda x: 1 / (1 + x**2)),
)
ARCTAN2 = ufunc_row(
    "arctan2",
    "np.arctan2",
    "y, x -> z",
    rule="derivative of the angle",
    javascript="Math.atan2(y, x)",
    why="only the part of a step across the ray turns the angle, and the farther out the less",
    domain=Domain("(x != 0) | (y != 0)", (0.3, 2.0)),
    kinks=(Kink("(x == 0) & (y == 0)", "0"),),
    y=Partial(lambda y, x: ratio(x, x**2 + y**2)),
    x=Partial(lambda y, x: -ratio(y, x**2 + y**2)),
)

# ------------------------------------------------------------------ hyperbolic
SINH = ufunc_row(
    "sinh", "np.sinh", rule="derivative of hyperbolic sine", javascript="Math.sinh(x)", x=Partial(lambda x: cosh(x))
)
COSH = ufunc_row(
    "cosh", "np.cosh", rule="derivative of hyperbolic cosine", javascript="Math.cosh(x)", x=Partial(lambda x: sinh(x))
)
TANH = ufunc_row(
    "tanh",
    "np.tanh",
    rule="derivative of hyperbolic tangent",
    javascript="Math.tanh(x)",
    why="the quotient rule for sinh x / cosh x gives (cosh²x - sinh²x) / cosh²x = 1 - tanh²x",
    x=Partial(lambda y: 1 - y**2),
)
ARCSINH = ufunc_row(
    "arcsinh",
    "np.arcsinh",
    rule="derivative of inverse hyperbolic sine",
    javascript="Math.asinh(x)",
    why="the inverse of sinh: 1 / cosh y, and cosh y is √(x² + 1)",
    x=Partial(lambda x: 1 / sqrt(x**2 + 1)),
)
ARCCOSH = ufunc_row(
    "arccosh",
    "np.arccosh",
    rule="derivative of inverse hyperbolic cosine",
    javascript="Math.acosh(x)",
    domain=Domain("x >= 1", (1.2, 3.0)),
    why="the inverse of cosh: 1 / sinh y, and sinh y is √(x² - 1) = √(x - 1)·√(x + 1)",
    x=Partial(lambda x: 1 / (sqrt(x - 1) * sqrt(x + 1))),
)
ARCTANH = ufunc_row(
    "arctanh",
    "np.arctanh",
    rule="derivative of inverse hyperbolic tangent",
    javascript="Math.atanh(x)",
    domain=Domain("np.abs(x) < 1", (-0.8, 0.8)),
    why="the inverse of tanh: 1 / (1 - tanh²y), and tanh y is x",
    x=Partial(lambda x: 1 / (1 - x**2)),
)


# ------------------------------------------------------------------ sin(x) / x
def sinc_derivative(x: np.ndarray, order: int) -> np.ndarray:
    """The derivative of sin(x) / x of this order: a power series near 0, the product rule of x·f = sin x beyond."""
    near = np.abs(x) < order + 2.0
    small, large = np.where(near, x, 0), np.where(near, order + 2.0, x)
    term = np.ones_like(small) / (order + 1)
    if order % 2:
        term = small * (1 / (order + 2))
    series = (-1) ** ((order + 1) // 2) * term
    for k in range(order % 2 + 2, 60, 2):
        # the coefficient of x^k is ± 1 / (k! (order + k + 1))
        term = -term * small**2 * ((order + k - 1) / ((order + k + 1) * k * (k - 1)))
        series = series + (-1) ** ((order + 1) // 2) * term
    value = np.sin(large) / large
    for n in range(1, order + 1):
        turned = (np.sin, np.cos, np.sin, np.cos)[n % 4](large) * (1, 1, -1, -1)[n % 4]
        value = (turned - n * value) / large
    return np.where(near, series, value).astype(x.dtype)[()]


def _sinc_aval(x: Aval, order: int) -> Aval:
    del order
    return checked_alike("sinc_derivative", x)


SINC_DERIVATIVE = own_row(
    "sinc_derivative",
    "sinc_derivative(np.asarray(x), order)",
    infer=_sinc_aval,
    kernels=(sinc_derivative,),
    rule="derivative of sine cardinal",
    why="the quotient rule for sin x / x, carried through 0 by its power series",
    x=Partial(lambda x, order: sinc_slope(x, order + 1)),
)
UNNORMALISED_SINC = own_row(
    "unnormalised_sinc",
    "np.sinc(x / np.pi)",
    rule="derivative of sine cardinal",
    why="the quotient rule for sin x / x gives (cos x - sin x / x) / x, which is 0 at 0",
    javascript="(x === 0 ? 1 : Math.sin(x) / x)",
    x=Partial(lambda x: sinc_slope(x, 1)),
)
SINC = own_row(
    "sinc",
    "np.sinc(x)",
    rule="derivative of sine cardinal",
    why="it is sin(πx) / (πx): the quotient rule, and the factor π from inside",
    javascript="(x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))",
    x=Partial(lambda x: np.pi * sinc_slope(np.pi * x, 1)),
)


def sinc_slope(x: Node, order: int) -> Node:
    """The derivative of sin(x) / x of this order."""
    return _sinc_derivative(x, order=order)
