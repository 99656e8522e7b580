"""In which order values are computed: late, where that keeps fewer bytes alive. Floor 4.

Nodes come in the order in which they were made. A factor of the backward pass (`1 - y * y`) may have been made early;
it is moved down to its first user unless that would keep more bytes of its inputs alive than it saves.
"""

from collections.abc import Collection, Sequence

from glassgrad.graph.node import Node

_UNMOVED = 1  # sorts behind everything that was moved to the same place


def late(order: Sequence[Node], outputs: Collection[Node], lasting: Collection[Node]) -> list[Node]:
    """The order with values moved towards their first use. `lasting` are alive all the time."""
    place = {node: index for index, node in enumerate(order)}
    first_use: dict[Node, int] = {}
    last_use: dict[Node, int] = dict.fromkeys(outputs, len(order))
    for index, node in enumerate(order):
        for x in node.inputs:
            last_use[x] = max(last_use.get(x, 0), index)
    key = {}
    for index in range(len(order) - 1, -1, -1):
        node = order[index]
        target = first_use.get(node, index)
        if target > index + 1 and node not in outputs and _is_worth_it(node, target, last_use, lasting):
            place[node] = target
            key[node] = (target, -len(order) + index)
            for x in node.inputs:
                last_use[x] = max(last_use[x], target)
        else:
            key[node] = (index, _UNMOVED)
        here = place[node]
        for x in node.inputs:
            first_use[x] = min(first_use.get(x, here), here)
    return sorted(order, key=key.__getitem__)


def _is_worth_it(node: Node, target: int, last_use: dict[Node, int], lasting: Collection[Node]) -> bool:
    """Does moving the node down to `target` keep no more bytes alive than before?"""
    if node.op.multiple or node.op.name == "project":
        return False
    lengthened = {x for x in node.inputs if last_use[x] < target and x not in lasting}
    if any(x.op.multiple for x in lengthened):
        return False
    return sum(x.aval.nbytes for x in lengthened) <= node.aval.nbytes
