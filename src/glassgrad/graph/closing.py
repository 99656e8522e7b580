"""From nodes that lean on their surroundings to a closed graph: what is older becomes further inputs. Floor 1."""

from collections.abc import Sequence

from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, make, reachable, workspace
from glassgrad.graph.op import OPS


def close(inputs: Sequence[Node], outputs: Sequence[Node], since: int) -> tuple[Graph, list[Node]]:
    """The graph of `outputs` over `inputs` and what they use from outside, and those outside nodes in order.

    Outside is what was made before `since` and is not a leaf of its own (a literal stays inside).
    """
    own = set(inputs)
    here = workspace()
    inside = [node for node in reachable(outputs, since - 1) if node not in own]
    outside: dict[Node, Node] = {}
    new: dict[Node, Node] = {}
    for node in (*[x for user in inside for x in user.inputs], *outputs):
        if node.serial < since and node not in own and node not in outside and node.op.name != "literal":
            outside[node] = _placeholder(node)
            if here is not None:
                here.notes.before[outside[node]] = node
    new.update(outside)
    origin = None if here is None else here.origin
    for node in inside:
        changed = tuple([new.get(x, x) for x in node.inputs])
        if changed != node.inputs:
            if here is not None:  # what takes a node's place comes from the same line
                here.origin = here.notes.origins.get(node, origin)
            new[node] = make(node.op, changed, node.params)
            if here is not None:
                here.notes.pass_on(node, new[node])
    if here is not None:
        here.origin = origin
    graph = Graph((*inputs, *outside.values()), tuple([new.get(node, node) for node in outputs]))
    return graph, list(outside)


def _placeholder(node: Node) -> Node:
    return Node(OPS["input"], (), (), node.aval)
