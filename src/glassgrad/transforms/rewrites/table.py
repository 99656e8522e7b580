"""The table of local rewrites: each looks at one op and its inputs and gives something smaller of the same value.

A rewrite never multiplies by zero away (0 · inf is NaN), never changes the sign of a zero (-0.0 + 0.0 is 0.0; but of
products of matrices and sums over axes that cancel) and never changes dtype or shape. Where it reckons in another
order, nothing overflows or loses digits that did not before.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from glassgrad.graph.node import Node
from glassgrad.graph.op import Op
from glassgrad.ops.elementwise import (
    ADD,
    DIVIDE,
    MULTIPLY,
    NEGATIVE,
    SUBTRACT,
)
from glassgrad.ops.leaves import LITERAL, is_literal, literal_value

Rewrite: TypeAlias = Callable[..., Node | None]
REWRITES: dict[Op, list[tuple[str, Rewrite]]] = {}
# Products and sums are most of every graph: their rewrites need one of these among the inputs.
NUMBERS = "numbers together"  # the rewrite that reckons; an explanation keeps numbers as they are written
TELLING: dict[Op, frozenset[Op]] = {}


def rewrites(op: Op, name: str) -> Callable[[Rewrite], Rewrite]:
    """Declares a rewrite of this op: called with the inputs and params, it gives the new node or None."""

    def declare(rule: Rewrite) -> Rewrite:
        REWRITES.setdefault(op, []).append((name, rule))
        return rule

    return declare


def negated(x: Node) -> Node | None:
    """U where x is -u."""
    if x.op is NEGATIVE:
        return x.inputs[0]
    return None


def is_neutral(number: Node, *, negative_zero: bool) -> bool:
    """Is this the zero that leaves all numbers as they are? That is -0.0 in x + 0, for -0.0 + 0.0 is 0.0."""
    if not is_literal(number, 0):
        return False
    value = literal_value(number)
    match number.dtype.kind:
        case "f":
            return bool(np.signbit(value)) is negative_zero
        case "c":
            return bool(np.signbit(value.real)) is bool(np.signbit(value.imag)) is negative_zero
        case _:
            return True


TELLING.update(
    {
        MULTIPLY: frozenset({LITERAL, NEGATIVE, DIVIDE}),
        ADD: frozenset({LITERAL, NEGATIVE}),
        SUBTRACT: frozenset({LITERAL, NEGATIVE}),
        DIVIDE: frozenset({LITERAL, NEGATIVE}),
    }
)


def fold_scalars(node_op: Op, inputs: tuple[Node, ...], params: tuple[tuple[str, Any], ...]) -> bool:
    """Is this arithmetic on bare numbers, to be done once?"""
    return (
        node_op in (ADD, SUBTRACT, MULTIPLY, DIVIDE)
        and not params
        and all(x.op is LITERAL and x.shape == () and x.dtype.kind in "fc" for x in inputs)
    )
