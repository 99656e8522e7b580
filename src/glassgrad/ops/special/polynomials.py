"""Orthogonal polynomials: the derivative of each is one of a lower degree. Floor 2. Formulas: DLMF 18.9."""

from collections.abc import Callable
from typing import Any

from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Op, Partial, Undefined
from glassgrad.ops.extrema import maximum
from glassgrad.ops.select import where
from glassgrad.ops.special.orders import NO_ORDER, number_like, shift
from glassgrad.ops.structure import cast
from glassgrad.ops.ufuncs import functions_of, ufunc_row

jacobi, gegenbauer, genlaguerre = functions_of("eval_jacobi eval_gegenbauer eval_genlaguerre")
chebyu, hermite, hermitenorm = functions_of("eval_chebyu eval_hermite eval_hermitenorm")


def _row(name: str, inputs: str, slope: Callable[..., Node]) -> Op:
    held: dict[str, Any] = {parameter: Undefined(NO_ORDER) for parameter in inputs.split(", ")[:-1]}
    return ufunc_row(
        f"eval_{name}",
        f"scipy.special.eval_{name}",
        f"{inputs} -> y",
        rule="derivative of an orthogonal polynomial",
        why="the derivatives of orthogonal polynomials are orthogonal polynomials of one degree less",
        **held,
        x=Partial(slope),
    )


def _lower(n: Node, slope: Callable[[Node], Node]) -> Node:
    """A slope that uses the degree n - 1, and is 0 for n = 0."""
    return where(operators["greater"](n, 0), slope(maximum(n - 1, number_like(0, n))), 0)


def _degree(n: Node, x: Node) -> Node:
    return cast(n, x.dtype)


def _jacobi_slope(n: Node, a: Node, b: Node, x: Node) -> Node:
    return (_degree(n, x) + a + b + 1) / 2 * _lower(n, lambda m: jacobi(m, shift(a, 1), shift(b, 1), x))


JACOBI = _row("jacobi", "n, a, b, x", _jacobi_slope)
LEGENDRE = _row("legendre", "n, x", lambda n, x: _jacobi_slope(n, number_like(0, x), number_like(0, x), x))
GEGENBAUER = _row("gegenbauer", "n, a, x", lambda n, a, x: 2 * a * _lower(n, lambda m: gegenbauer(m, shift(a, 1), x)))
CHEBYT = _row("chebyt", "n, x", lambda n, x: _degree(n, x) * _lower(n, lambda m: chebyu(m, x)))
CHEBYU = _row("chebyu", "n, x", lambda n, x: 2 * _lower(n, lambda m: gegenbauer(m, number_like(2, x), x)))
GENLAGUERRE = _row("genlaguerre", "n, a, x", lambda n, a, x: -_lower(n, lambda m: genlaguerre(m, shift(a, 1), x)))
LAGUERRE = _row("laguerre", "n, x", lambda n, x: -_lower(n, lambda m: genlaguerre(m, number_like(1, x), x)))
HERMITE = _row("hermite", "n, x", lambda n, x: 2 * _degree(n, x) * _lower(n, lambda m: hermite(m, x)))
HERMITENORM = _row("hermitenorm", "n, x", lambda n, x: _degree(n, x) * _lower(n, lambda m: hermitenorm(m, x)))
