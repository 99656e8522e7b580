"""Several quotients by one square root, from one division. Floor 4.

A derivative divides by 1 √u, 2 √u, 4 √u … again and again: each of these is a power of two times one reciprocal. That
holds for roots, which lie so far from the ends of the number line that neither they nor their reciprocals are lost
there. x / √u itself stays a division, for it promises more: that x is not greater than √u shows in the quotient.
"""

from collections import Counter
from collections.abc import Sequence
from math import frexp

from glassgrad.engines.cpu.rebuilt import Now, rebuilt
from glassgrad.graph.node import Node, reachable
from glassgrad.graph.notes import Notes
from glassgrad.ops.elementwise import DIVIDE, MULTIPLY, divide, multiply
from glassgrad.ops.leaves import LITERAL, literal, literal_value

_FARTHEST = 2.0**32  # a factor that keeps a root of single precision far from the ends


def with_shared_reciprocals(outputs: Sequence[Node], notes: Notes | None) -> list[Node]:
    """The outputs with a product by the reciprocal where it serves at least two quotients."""
    order = reachable(outputs)
    found = {node: parts for node in order if (parts := _parts(node)) is not None}
    served = Counter([root for root, _ in found.values()])
    found = {node: (root, factor) for node, (root, factor) in found.items() if served[root] > 1}
    if not found:
        return list(outputs)

    def rule(node: Node, inputs: Sequence[Node], now: Now) -> Node | None:
        if node not in found:
            return None
        root, factor = found[node]
        return _product(inputs[0], now(root), factor)

    return rebuilt(order, outputs, rule, notes)


def _parts(node: Node) -> tuple[Node, float] | None:
    """The root behind x / (factor · root), with x a power of two or factor not 1."""
    if node.op is not DIVIDE or node.dtype.char not in "fd":
        return None
    x, y = node.inputs
    root, factor = y, 1.0
    if y.op is MULTIPLY:
        for number, other in (y.inputs, y.inputs[::-1]):
            if (power := _power_of_two(number)) is not None:
                root, factor = other, power
    if root.op.name != "sqrt" or root.aval != node.aval or not (factor != 1 or _power_of_two(x) is not None):
        return None
    return root, factor


def _power_of_two(number: Node) -> float | None:
    """Its value, if it is one that is near enough to 1."""
    if number.op is not LITERAL or number.dtype.kind != "f":
        return None
    value = float(literal_value(number))
    near = 1 / _FARTHEST <= abs(value) <= _FARTHEST
    return value if near and abs(frexp(value)[0]) == 0.5 else None


def _product(x: Node, root: Node, factor: float) -> Node:
    reciprocal = divide(literal(1, root.dtype, root.shape), root)
    power = _power_of_two(x)
    if power is not None:
        return _times(reciprocal, power / factor)
    return multiply(x, _times(reciprocal, 1 / factor))


def _times(x: Node, factor: float) -> Node:
    return x if factor == 1 else multiply(x, literal(factor, x.dtype, x.shape))
