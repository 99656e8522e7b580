"""A graph made anew from its inputs on, a rule saying what comes in the place of a node. Floor 4."""

from collections.abc import Callable, Sequence

from glassgrad.graph.node import Node, make, workspace
from glassgrad.graph.notes import Notes

Now = Callable[[Node], Node]  # what has come in the place of a node before
Rule = Callable[[Node, Sequence[Node], Now], Node | None]  # for a node and its new inputs; None leaves its op as it is


def rebuilt(order: Sequence[Node], outputs: Sequence[Node], rule: Rule, notes: Notes | None) -> list[Node]:
    """The outputs after the rule at every node in `order`, inputs before users. What is in `notes` is passed on."""
    new: dict[Node, Node] = {}
    here = workspace()

    def now(node: Node) -> Node:
        return new.get(node, node)

    for node in order:
        if notes is not None and here is not None:
            here.origin = notes.origins.get(node)
        inputs = tuple([new.get(x, x) for x in node.inputs])
        found = rule(node, inputs, now)
        if found is not None:
            new[node] = found
        elif inputs != node.inputs:
            new[node] = make(node.op, inputs, node.params)
        if notes is not None and node in new:
            notes.pass_on(node, new[node])
    return [now(node) for node in outputs]
