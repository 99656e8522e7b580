"""Powers with an exponent that is a small whole number, or half of one, as products and a root. Floor 4."""

from collections.abc import Sequence

import numpy as np

from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import OPS
from glassgrad.ops.compare import equal
from glassgrad.ops.elementwise import add, divide, multiply
from glassgrad.ops.leaves import LITERAL, literal, literal_value
from glassgrad.ops.rounding import absolute
from glassgrad.ops.select import where
from glassgrad.ops.structure import cast

_LARGEST_WHOLE = 8
_LARGEST_HALF = 3.5  # x⁴ may leave the range of float32 where 1 / x⁴·⁵ has not yet


def power(node: Node, inputs: Sequence[Node]) -> Node:
    """The power as products and a root where the exponent allows it, else as it is."""
    x, exponent = inputs
    if exponent.op is LITERAL and node.dtype.char in "fd":
        number = float(literal_value(exponent))
        base = cast(x, node.dtype)
        if number == 0.5:
            return apply(OPS["sqrt"], base)
        if (2 * number).is_integer() and not number.is_integer() and abs(number) <= _LARGEST_HALF:
            return _with_a_root(base, number)
        if number.is_integer() and 1 <= abs(number) <= _LARGEST_WHOLE:
            return _product(base, int(number)) if number > 0 else _reciprocal(base, int(-number))
    return make(node.op, tuple(inputs), node.params)


def _with_a_root(x: Node, number: float) -> Node:
    """A power between two whole numbers, within 4 units in the last place.

    Powers of -0 and of -inf are those of 0 and of inf (C99 F.9.4.4), which a root does not know. Below zero x is
    divided by first: where 1 / xⁿ is no longer held in full, the result is zero or infinite.
    """
    zero, infinity = literal(0, x.dtype, x.shape), literal(np.inf, x.dtype, x.shape)
    x = add(where(equal(x, -infinity), infinity, x), zero)
    root = apply(OPS["sqrt"], x)
    count = int(abs(number))
    if number > 0:
        return multiply(_product(x, count), root)
    one = literal(1, x.dtype, x.shape)
    return divide(divide(one, _product(x, count)) if count else one, root)


def _reciprocal(x: Node, count: int) -> Node:
    """1 / xⁿ; a large x is made smaller before and the result after, for 1 / xⁿ may be held where xⁿ is not."""
    one = literal(1, x.dtype, x.shape)
    if count == 1:
        return divide(one, x)
    ends = np.finfo(x.dtype)
    large = literal(2.0 ** ((ends.maxexp - 24) // count), x.dtype, x.shape)
    step = -(-(ends.nmant + 12) // count)
    is_large = absolute(x) > large
    smaller = where(is_large, multiply(x, literal(2.0**-step, x.dtype, x.shape)), x)
    found = divide(one, _product(smaller, count))
    return where(is_large, multiply(found, literal(2.0 ** (-step * count), x.dtype, x.shape)), found)


def _product(x: Node, count: int) -> Node:
    """The factor so many times, by squares."""
    result: Node | None = None
    while True:
        if count & 1:
            result = x if result is None else multiply(result, x)
        count >>= 1
        if not count:
            assert result is not None, "the exponent is not 0"
            return result
        x = multiply(x, x)
