"""x · gate(x) as it is in a book: the branches that only serve infinite x are taken away. Floor 7.

The activations `silu`, `gelu` and `mish` multiply only where |x| is below a bound beyond which the gate is 0 or 1 to
the last digit, so that no ∞ · 0 arises. For finite x the product alone gives the same numbers.
"""

from collections.abc import Sequence

from glassgrad.graph.graph import substitute
from glassgrad.graph.node import Node, reachable
from glassgrad.ops.leaves import LITERAL, is_literal, literal_value

_SETTLED = 40  # from here on the gates of those activations are 0 or 1; others, as hard_silu's, are settled earlier


def open_gates(outputs: Sequence[Node]) -> list[Node]:
    """The outputs without those branches."""
    found = list(outputs)
    while (pair := _gate(found)) is not None:
        chosen, near, x = pair
        (product,) = substitute([chosen.inputs[2]], {near: x})
        found = substitute(found, {chosen: product})
    return found


def _gate(outputs: Sequence[Node]) -> tuple[Node, Node, Node] | None:
    """where(|x| ≥ bound, relu(x), product) with a product over where(|x| ≥ bound, 0, x); the choice, that, and x."""
    nodes = reachable(outputs)
    near = {
        node.inputs[0]: node
        for node in nodes
        if node.op.name == "where" and is_literal(node.inputs[1], 0) and _bounded(node.inputs[0]) is node.inputs[2]
    }
    for node in nodes:
        if node.op.name == "where" and node.inputs[0] in near and near[node.inputs[0]] is not node:
            x = near[node.inputs[0]].inputs[2]
            if relu_of(node.inputs[1]) is x:
                return node, near[node.inputs[0]], x
    return None


def _bounded(mask: Node) -> Node | None:
    """The x of |x| ≥ bound, for a bound at which gates are settled."""
    if mask.op.name != "greater_equal" or mask.inputs[0].op.name != "absolute" or mask.inputs[1].op is not LITERAL:
        return None
    return mask.inputs[0].inputs[0] if literal_value(mask.inputs[1]) >= _SETTLED else None


def relu_of(node: Node) -> Node | None:
    """The x of where(x ≤ 0, 0, x)."""
    if node.op.name != "where" or not is_literal(node.inputs[1], 0) or node.inputs[0].op.name != "less_equal":
        return None
    mask, _, x = node.inputs
    return x if mask.inputs[0] is x and is_literal(mask.inputs[1], 0) else None
