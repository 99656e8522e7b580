"""Rewrites of sums, differences, products and quotients. Floor 3."""

from typing import Any

import numpy as np

from glassgrad.graph.node import Node
from glassgrad.ops.elementwise import (
    ADD,
    DIVIDE,
    MULTIPLY,
    NEGATIVE,
    SUBTRACT,
    add,
    divide,
    multiply,
    negative,
    subtract,
)
from glassgrad.ops.leaves import LITERAL, is_literal, literal, literal_value
from glassgrad.transforms.rewrites.table import NUMBERS, is_neutral, negated, rewrites


# ------------------------------------------------------------------ sums and differences
@rewrites(ADD, "x + 0 = x")
def add_zero(x: Node, y: Node) -> Node | None:
    if is_neutral(x, negative_zero=True):
        return y
    return x if is_neutral(y, negative_zero=True) else None


@rewrites(ADD, "x + (-y) = x - y")
def add_negative(x: Node, y: Node) -> Node | None:
    if (u := negated(y)) is not None:
        return subtract(x, u)
    return subtract(y, u) if (u := negated(x)) is not None else None


@rewrites(SUBTRACT, "x - 0 = x")
def subtract_zero(x: Node, y: Node) -> Node | None:
    if is_neutral(y, negative_zero=False):
        return x
    return negative(y) if is_neutral(x, negative_zero=True) else None


@rewrites(SUBTRACT, "x - (-y) = x + y")
def subtract_negative(x: Node, y: Node) -> Node | None:
    u = negated(y)
    return None if u is None else add(x, u)


@rewrites(NEGATIVE, "-(-x) = x")
def negative_twice(x: Node) -> Node | None:
    return negated(x)


@rewrites(NEGATIVE, "-(x - y) = y - x")
def negative_difference(x: Node) -> Node | None:
    """For whole numbers: of others 0.0 would become -0.0."""
    return subtract(x.inputs[1], x.inputs[0]) if x.op is SUBTRACT and x.dtype.kind in "iu" else None


@rewrites(NEGATIVE, "the negative of a number")
def negative_literal(x: Node) -> Node | None:
    return literal(-literal_value(x), x.dtype, x.shape) if x.op is LITERAL and x.dtype.kind in "fic" else None


# ------------------------------------------------------------------ products and quotients
@rewrites(MULTIPLY, "1 · x = x")
def multiply_one(x: Node, y: Node) -> Node | None:
    if x.dtype.kind == "c":  # (inf + 0i) · 1 is inf + NaN i
        return None
    return y if is_literal(x, 1) else x if is_literal(y, 1) else None


@rewrites(MULTIPLY, "(-1) · x = -x")
def multiply_minus_one(x: Node, y: Node) -> Node | None:
    if x.dtype.kind == "c":
        return None
    return negative(y) if is_literal(x, -1) else negative(x) if is_literal(y, -1) else None


@rewrites(MULTIPLY, "x · (-y) = -(x · y)")
def multiply_negative(x: Node, y: Node) -> Node | None:
    if x.op is LITERAL or y.op is LITERAL:
        other, number = (x, y) if y.op is LITERAL else (y, x)
        u = negated(other)
        return None if u is None else multiply(negative_literal(number) or number, u)
    if (u := negated(y)) is not None:
        return negative(multiply(x, u))
    return negative(multiply(u, y)) if (u := negated(x)) is not None else None


@rewrites(MULTIPLY, "x · (1 / y) = x / y")
def multiply_reciprocal(x: Node, y: Node) -> Node | None:
    for a, b in ((x, y), (y, x)):
        if b.op is DIVIDE and is_literal(b.inputs[0], 1) and b.dtype.kind == "f":
            return divide(a, b.inputs[1])
    return None


@rewrites(MULTIPLY, NUMBERS)
def multiply_numbers(x: Node, y: Node) -> Node | None:
    for number, other in ((x, y), (y, x)):
        if number.op is LITERAL and other.op is MULTIPLY and number.dtype.kind == "f":
            for inner, rest in (other.inputs, other.inputs[::-1]):
                if inner.op is LITERAL:
                    value = _product(literal_value(number), literal_value(inner))
                    return None if value is None else multiply(literal(value, number.dtype, number.shape), rest)
    return None


def _product(a: Any, b: Any) -> Any:
    """The product of two numbers; None where it overflows or loses digits to underflow, which x may make up for."""
    with np.errstate(all="ignore"):
        value = a * b
    lost = abs(value) < np.finfo(value.dtype).tiny and a != 0 and b != 0
    return None if lost or not np.isfinite(value) else value


@rewrites(DIVIDE, "x / 1 = x")
def divide_one(x: Node, y: Node) -> Node | None:
    return x if is_literal(y, 1) and x.dtype.kind == "f" else None


@rewrites(DIVIDE, "(-x) / y = -(x / y)")
def divide_negative(x: Node, y: Node) -> Node | None:
    if (u := negated(x)) is not None:
        return negative(divide(u, y))
    return negative(divide(x, u)) if (u := negated(y)) is not None else None
