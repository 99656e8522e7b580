"""Formulas of complex ops in real and imaginary parts. Floor 4.

Products are the plain ones and quotients Smith's ("Algorithm 116: Complex division", 1962), as NumPy computes them.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import OPS
from glassgrad.ops.compare import equal, isfinite, isinf, isnan, logical_and, logical_or
from glassgrad.ops.leaves import literal
from glassgrad.ops.select import where
from glassgrad.ops.structure import cast

Pair: TypeAlias = tuple[Node, Node]


def parts_as(node: Node, x: Node, pair: Pair) -> Pair:
    """The parts of an operand at the dtype in which the op computes; conditions and indices stay as they are."""
    if node.op.name == "where" and x is node.inputs[0]:
        return pair
    kinds = [y.dtype for y in (node, *node.inputs) if y.dtype.kind in "fc"]
    dtype = np.empty(0, np.result_type(*kinds)).real.dtype
    real, imaginary = pair
    return cast(real, dtype), cast(imaginary, dtype)


def _f(name: str, *inputs: Node) -> Node:
    return apply(OPS[name], *inputs)


def _constant(x: Node, number: float) -> Node:
    return literal(number, x.dtype, x.shape)


# ------------------------------------------------------------------ arithmetic
def _multiply(node: Node, x: Pair, y: Pair) -> Pair:
    (a, b), (c, d) = x, y
    return a * c - b * d, a * d + b * c


def _divide(node: Node, x: Pair, y: Pair) -> Pair:
    """Scaled by the larger part of the divisor, so that no square leaves the format."""
    (a, b), (c, d) = x, y
    wide = _f("absolute", c) >= _f("absolute", d)
    large, small = where(wide, c, d), where(wide, d, c)
    zero = equal(large, 0.0)
    ratio = small / where(zero, _constant(large, 1.0), large)
    scale = 1.0 / (large + small * ratio)
    real = where(wide, a + b * ratio, a * ratio + b) * scale
    imaginary = where(wide, b - a * ratio, b * ratio - a) * scale
    size = _f("absolute", large)
    return where(zero, a / size, real), where(zero, b / size, imaginary)


def _ratio(node: Node, x: Pair, y: Pair) -> Pair:
    """The quotient, 0 where the divisor is 0."""
    zero = logical_and(equal(y[0], 0.0), equal(y[1], 0.0))
    none = _constant(y[0], 0.0)
    real, imaginary = _divide(node, x, (where(zero, _constant(y[0], 1.0), y[0]), y[1]))
    return where(zero, none, real), where(zero, none, imaginary)


def _reciprocal(node: Node, x: Pair) -> Pair:
    return _divide(node, (_constant(x[0], 1.0), _constant(x[0], 0.0)), x)


def _square(node: Node, x: Pair) -> Pair:
    a, b = x
    return a * a - b * b, a * b + b * a


def _contract(node: Node, x: Pair, y: Pair) -> Pair:
    def product(first: Node, second: Node) -> Node:
        return make(node.op, (first, second), node.params)

    (a, b), (c, d) = x, y
    return product(a, c) - product(b, d), product(a, d) + product(b, c)


# ------------------------------------------------------------------ parts and tests
def _cast(node: Node, x: Pair) -> Pair | Node:
    if node.dtype.kind == "b":
        return logical_or(_f("not_equal", x[0], _constant(x[0], 0)), _f("not_equal", x[1], _constant(x[1], 0)))
    if node.dtype.kind != "c":
        return cast(x[0], node.dtype)
    dtype = np.empty(0, node.dtype).real.dtype
    return cast(x[0], dtype), cast(x[1], dtype)


def _where(node: Node, condition: Pair, x: Pair, y: Pair) -> Pair:
    return where(condition[0], x[0], y[0]), where(condition[0], x[1], y[1])


def _equal(node: Node, x: Pair, y: Pair) -> Node:
    return logical_and(equal(x[0], y[0]), equal(x[1], y[1]))


def _not_equal(node: Node, x: Pair, y: Pair) -> Node:
    return logical_or(_f("not_equal", x[0], y[0]), _f("not_equal", x[1], y[1]))


# ------------------------------------------------------------------ functions
def _exp(node: Node, x: Pair) -> Pair:
    size, real_only = _f("exp", x[0]), equal(x[1], 0.0)
    return (
        where(real_only, size, size * _f("cos", x[1])),
        where(real_only, x[1], size * _f("sin", x[1])),
    )


def _log(node: Node, x: Pair) -> Pair:
    """The logarithm of the modulus beside 1 from its distance to 1."""
    a, b = _f("absolute", x[0]), _f("absolute", x[1])
    larger, smaller = _f("maximum", a, b), _f("minimum", a, b)
    modulus = _f("hypot", a, b)
    beside = logical_and(modulus > 0.5, modulus < 2.0)
    near = 0.5 * _f("log1p", (larger - 1.0) * (larger + 1.0) + smaller * smaller)
    return where(beside, near, _f("log", modulus)), _f("arctan2", x[1], x[0])


def _sqrt(node: Node, x: Pair) -> Pair:
    a, b = x
    half = _f("sqrt", 0.5 * _f("absolute", a) + 0.5 * _f("hypot", a, b))
    zero = equal(half, 0.0)
    other = b / (2.0 * where(zero, _constant(a, 1.0), half))
    right = a >= 0.0
    return where(right, half, _f("absolute", other)), where(right, other, _f("copysign", half, b))


def _sin(node: Node, x: Pair) -> Pair:
    a, b = x
    return _f("sin", a) * _f("cosh", b), _f("cos", a) * _f("sinh", b)


def _cos(node: Node, x: Pair) -> Pair:
    a, b = x
    return _f("cos", a) * _f("cosh", b), -_f("sin", a) * _f("sinh", b)


def _sinh(node: Node, x: Pair) -> Pair:
    a, b = x
    return _f("sinh", a) * _f("cos", b), _f("cosh", a) * _f("sin", b)


def _cosh(node: Node, x: Pair) -> Pair:
    a, b = x
    return _f("cosh", a) * _f("cos", b), _f("sinh", a) * _f("sin", b)


FORMULAS: dict[str, Callable[..., Pair | Node]] = {
    "add": lambda node, x, y: (x[0] + y[0], x[1] + y[1]),
    "subtract": lambda node, x, y: (x[0] - y[0], x[1] - y[1]),
    "multiply": _multiply,
    "divide": _divide,
    "ratio": _ratio,
    "reciprocal": _reciprocal,
    "square": _square,
    "contract": _contract,
    "cast": _cast,
    "where": _where,
    "equal": _equal,
    "not_equal": _not_equal,
    "real": lambda node, x: x[0],
    "imag": lambda node, x: x[1],
    "conjugate": lambda node, x: (x[0], -x[1]),
    "modulus": lambda node, x: _f("hypot", *x),
    "isnan": lambda node, x: logical_or(isnan(x[0]), isnan(x[1])),
    "isinf": lambda node, x: logical_or(isinf(x[0]), isinf(x[1])),
    "isfinite": lambda node, x: logical_and(isfinite(x[0]), isfinite(x[1])),
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "sinh": _sinh,
    "cosh": _cosh,
}
