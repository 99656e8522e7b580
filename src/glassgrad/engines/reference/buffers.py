"""Which steps may write their result into the buffer of an input that dies there. Floor 4."""

from collections.abc import Collection, Mapping, Sequence
from glassgrad.graph.node import Node

# Ops besides ufuncs whose result is a fresh array, so that an input's buffer is free after its last use.
_FRESH = frozenset({"sum", "contract", "cast"})


def reusable_inputs(computed: Sequence[Node], last_use: Mapping[Node, Node], kept: Collection[Node]) -> dict[Node, int]:
    """For each elementwise node that may overwrite an input: that input's position."""
    large = [node for node in computed if node.op.ufunc is not None and node.aval.shape]
    if not large:
        return {}
    seen_by_others = {x for node in computed if node.op.ufunc is None and node.op.name not in _FRESH for x in node.inputs}
    found = {}
    for node in large:
        for position, x in enumerate(node.inputs):
            if x.op.ufunc is None or x.aval != node.aval or last_use.get(x) is not node:
                continue
            if x not in seen_by_others and x not in kept:
                found[node] = position
                break
    return found
