"""Which steps may write their result into the buffer of an input that dies there. Floor 4."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LEAVES

# Ops whose result is a fresh array that nobody else can see.
_VIEWS = frozenset({"broadcast", "reshape", "transpose", "mark", "project", "real", "imag", "index", "diagonal", "flip"})


def reusable_inputs(order: Sequence[Node], last_use: Mapping[Node, int], kept: Collection[Node],
                    known: Mapping[Node, Any]) -> dict[Node, int]:
    """For each elementwise node that may overwrite an input: that input's position."""
    viewed = {x for node in order if node.op.name in _VIEWS or node.op.ufunc is None for x in node.inputs}
    found = {}
    for index, node in enumerate(order):
        if node.op.ufunc is None or not node.shape:
            continue
        for position, x in enumerate(node.inputs):
            mine = x.op.ufunc is not None and x.op not in LEAVES and x not in viewed and x not in kept and x not in known
            if mine and last_use.get(x) == index and x.aval == node.aval:
                found[node] = position
                break
    return found
