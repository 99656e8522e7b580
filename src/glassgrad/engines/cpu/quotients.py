"""Many numbers divided by few: the inverse of each divisor is found once, and multiplied with. Floor 4.

A processor divides several times as slowly as it multiplies; `emit/quotients.py` says how the product is made as exact.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Op
from glassgrad.ops.leaves import LITERAL, literal, literal_value

_LEAST_FOR_EACH = 16  # numbers by the same divisor from which its inverse pays
_LEAST = 256  # numbers altogether


def _of_first(x: Aval, *_: Aval, **__: Any) -> Aval:
    return x


def _own(name: str, inputs: tuple[str, ...]) -> Op:
    """An op of this engine alone: it has no row in the table, for no person and no transform meets it."""
    return Op(name, inputs, ("y",), _of_first, "", {}, None)


INVERSE = _own("inverse", ("s",))  # of a divisor
QUOTIENT = _own("quotient", ("x", "s", "r"))  # x / s, given s's inverse


def _quotient(node: Node, inputs: Sequence[Node]) -> Node:
    x, s = inputs
    inverse = None
    if node.dtype.char == "d" and x.dtype == s.dtype == node.dtype and node.aval.size >= _LEAST:
        inverse = _inverse(s)
    if inverse is not None:
        return make(QUOTIENT, (x, s, inverse))
    return node if tuple(inputs) == node.inputs else make(node.op, tuple(inputs), node.params)


def _inverse(s: Node) -> Node | None:
    """The inverses of divisors, where each stands for many numbers."""
    if s.op is LITERAL:
        return _inverse_of_number(s)
    if s.op.name == "broadcast" and s.inputs[0].aval.size * _LEAST_FOR_EACH <= s.aval.size:
        return make(s.op, (make(INVERSE, s.inputs),), s.params)
    return None


def _inverse_of_number(s: Node) -> Node | None:
    """A power of two needs none: its exact inverse is taken in any case."""
    ends = np.finfo(s.dtype)
    number = literal_value(s)
    if not ends.tiny <= abs(number) <= 1 / ends.tiny or abs(np.frexp(number)[0]) == 0.5:
        return None
    return literal(s.dtype.type(1) / number, s.dtype, s.shape)


RULES: dict[str, Callable[[Node, Sequence[Node]], Node]] = {"divide": _quotient}
