"""Elliptic integrals and hypergeometric functions. Floor 2. Formulas: DLMF 19.4, 13.3, 15.5."""

from collections.abc import Callable
from math import pi
from typing import Any

from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Domain, Op, Partial, Undefined
from glassgrad.ops.powers import sqrt
from glassgrad.ops.rounding import absolute
from glassgrad.ops.select import where
from glassgrad.ops.special.orders import NO_ORDER, number_like, shift
from glassgrad.ops.trigonometric import sin
from glassgrad.ops.ufuncs import functions_of, ufunc_row

_RULE = "derivative of an elliptic integral"
_INSIDE = "differentiate under the integral; the result is made of the same integrals"
_PARAMETER = Domain("m < 1", (-1.5, 0.8))

ellipk, ellipe, ellipkinc, ellipeinc = functions_of("ellipk ellipe ellipkinc ellipeinc")
hyp0f1, hyp1f1, hyp2f1 = functions_of("hyp0f1 hyp1f1 hyp2f1")


# ------------------------------------------------------------------ elliptic
def _off_zero(m: Node, formula: Callable[[Node], Node], series: Callable[[Node], Node]) -> Node:
    """A formula that divides by m; near m = 0, where that loses all digits, a hypergeometric series."""
    near = operators["less"](absolute(m), 0.05)
    return where(near, series(where(near, m, 0)), formula(where(near, 0.5, m)))


def _series(m: Node, a: float, b: float) -> Node:
    return hyp2f1(number_like(a, m), number_like(b, m), number_like(2, m), m)


ELLIPK = ufunc_row(
    "ellipk",
    "scipy.special.ellipk",
    "m -> y",
    rule=_RULE,
    why=_INSIDE,
    domain=_PARAMETER,
    m=Partial(
        lambda m: _off_zero(
            m, lambda m: (ellipe(m) / (1 - m) - ellipk(m)) / (2 * m), lambda m: pi / 8 * _series(m, 1.5, 1.5)
        )
    ),
)
ELLIPE = ufunc_row(
    "ellipe",
    "scipy.special.ellipe",
    "m -> y",
    rule=_RULE,
    why=_INSIDE,
    domain=_PARAMETER,
    m=Partial(
        lambda m: _off_zero(m, lambda m: (ellipe(m) - ellipk(m)) / (2 * m), lambda m: -pi / 8 * _series(m, 0.5, 1.5))
    ),
)
_INCOMPLETE = Domain("(m < 1) & (m != 0)", (0.2, 0.8))
ELLIPKINC = ufunc_row(
    "ellipkinc",
    "scipy.special.ellipkinc",
    "phi, m -> y",
    rule=_RULE,
    why=_INSIDE,
    domain=_INCOMPLETE,
    phi=Partial(lambda phi, m: 1 / sqrt(1 - m * sin(phi) ** 2)),
    m=Partial(
        lambda phi, m, y: (
            ellipeinc(phi, m) / (2 * m * (1 - m))
            - y / (2 * m)
            - sin(2 * phi) / (4 * (1 - m) * sqrt(1 - m * sin(phi) ** 2))
        )
    ),
)
ELLIPEINC = ufunc_row(
    "ellipeinc",
    "scipy.special.ellipeinc",
    "phi, m -> y",
    rule=_RULE,
    why=_INSIDE,
    domain=_INCOMPLETE,
    phi=Partial(lambda phi, m: sqrt(1 - m * sin(phi) ** 2)),
    m=Partial(lambda phi, m, y: (y - ellipkinc(phi, m)) / (2 * m)),
)


# ------------------------------------------------------------------ hypergeometric
def _hypergeometric(name: str, parameters: str, slope: Callable[..., Node]) -> Op:
    held: dict[str, Any] = {parameter: Undefined(NO_ORDER) for parameter in parameters.split(", ")}
    return ufunc_row(
        name,
        f"scipy.special.{name}",
        f"{parameters}, x -> y",
        rule="derivative of a hypergeometric series",
        why="each term xⁿ gives n·xⁿ⁻¹: the series of the same kind with every parameter raised by 1",
        domain=Domain("np.abs(x) < 1", (0.2, 0.8)),
        **held,
        x=Partial(slope),
    )


HYP0F1 = _hypergeometric("hyp0f1", "b", lambda b, x: hyp0f1(shift(b, 1), x) / b)
HYP1F1 = _hypergeometric("hyp1f1", "a, b", lambda a, b, x: a / b * hyp1f1(shift(a, 1), shift(b, 1), x))
HYP2F1 = _hypergeometric(
    "hyp2f1", "a, b, c", lambda a, b, c, x: a * b / c * hyp2f1(shift(a, 1), shift(b, 1), shift(c, 1), x)
)
