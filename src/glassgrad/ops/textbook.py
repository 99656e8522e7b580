"""Functions that textbooks differentiate by name and NumPy has not: sec, csc, cot, their inverses and kin. Floor 2."""

from glassgrad.graph.op import Domain, Op, Partial
from glassgrad.ops.elementwise import negative
from glassgrad.ops.powers import sqrt
from glassgrad.ops.rounding import absolute
from glassgrad.ops.trigonometric import tan, tanh
from glassgrad.ops.ufuncs import functions_of, own_row

sec, csc, cot, sech, csch, coth = functions_of("sec csc cot sech csch coth")
asec, acsc, acot, asech, acsch, acoth = functions_of("asec acsc acot asech acsch acoth")

_POLE_0 = Domain("np.sin(x) != 0", (0.4, 2.5))
_POLE_90 = Domain("np.cos(x) != 0", (-1.2, 1.2))
_NONZERO = Domain("x != 0", (0.4, 2.0))
_OUTSIDE = Domain("np.abs(x) > 1", (1.2, 3.0))


def _row(name: str, spoken: str, text: str, form: Partial, domain: Domain | None, why: str = "") -> Op:
    javascript = text.replace("np.arc", "Math.a").replace("np.", "Math.")
    return own_row(name, text, rule=f"derivative of {spoken}", why=why, javascript=javascript, domain=domain, x=form)


# ------------------------------------------------------------------ circular
SEC = _row(
    "sec", "secant", "1 / np.cos(x)", Partial(lambda x, y: y * tan(x)), _POLE_90, "the reciprocal rule for 1 / cos x"
)
CSC = _row(
    "csc", "cosecant", "1 / np.sin(x)", Partial(lambda x, y: -y * cot(x)), _POLE_0, "the reciprocal rule for 1 / sin x"
)
COT = _row(
    "cot",
    "cotangent",
    "np.cos(x) / np.sin(x)",
    Partial(lambda x: negative(csc(x) ** 2)),
    _POLE_0,
    "the quotient rule for cos x / sin x gives -(sin²x + cos²x) / sin²x",
)
_INVERSE = "the inverse function: 1 over the derivative at the result, written in x"
ASEC = _row(
    "asec", "arcsecant", "np.arccos(1 / x)", Partial(lambda x: 1 / (absolute(x) * sqrt(x**2 - 1))), _OUTSIDE, _INVERSE
)
ACSC = _row(
    "acsc",
    "arccosecant",
    "np.arcsin(1 / x)",
    Partial(lambda x: -1 / (absolute(x) * sqrt(x**2 - 1))),
    _OUTSIDE,
    _INVERSE,
)
ACOT = _row("acot", "arccotangent", "np.arctan(1 / x)", Partial(lambda x: -1 / (1 + x**2)), _NONZERO, _INVERSE)

# ------------------------------------------------------------------ hyperbolic
SECH = _row(
    "sech",
    "hyperbolic secant",
    "1 / np.cosh(x)",
    Partial(lambda x, y: -y * tanh(x)),
    None,
    "the reciprocal rule for 1 / cosh x",
)
CSCH = _row(
    "csch",
    "hyperbolic cosecant",
    "1 / np.sinh(x)",
    Partial(lambda x, y: -y * coth(x)),
    _NONZERO,
    "the reciprocal rule for 1 / sinh x",
)
COTH = _row(
    "coth",
    "hyperbolic cotangent",
    "1 / np.tanh(x)",
    Partial(lambda x: negative(csch(x) ** 2)),
    _NONZERO,
    "the quotient rule for cosh x / sinh x gives (sinh²x - cosh²x) / sinh²x",
)
ASECH = _row(
    "asech",
    "inverse hyperbolic secant",
    "np.arccosh(1 / x)",
    Partial(lambda x: -1 / (x * sqrt(1 - x**2))),
    Domain("(x > 0) & (x <= 1)", (0.2, 0.8)),
    _INVERSE,
)
ACSCH = _row(
    "acsch",
    "inverse hyperbolic cosecant",
    "np.arcsinh(1 / x)",
    Partial(lambda x: -1 / (absolute(x) * sqrt(1 + x**2))),
    _NONZERO,
    _INVERSE,
)
ACOTH = _row(
    "acoth", "inverse hyperbolic cotangent", "np.arctanh(1 / x)", Partial(lambda x: 1 / (1 - x**2)), _OUTSIDE, _INVERSE
)
