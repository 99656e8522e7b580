"""A graph is a function as data: inputs and outputs, and whatever nodes stand between. Floor 1."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, make, reachable, workspace
from glassgrad.graph.notes import Notes


@dataclass(frozen=True, eq=False, slots=True)
class Graph:
    """A function as data. Equal only to itself, so that it can be a parameter of an op."""

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    notes: Notes = field(default_factory=Notes, repr=False)

    def nodes(self) -> list[Node]:
        """Every node from the inputs to the outputs, inputs before users."""
        found = reachable(self.outputs)
        used = set(found)
        return [*[node for node in self.inputs if node not in used], *found]

    @property
    def avals(self) -> tuple[Aval, ...]:
        """Shapes and dtypes of the outputs."""
        return tuple(node.aval for node in self.outputs)


def substitute(
    outputs: Sequence[Node],
    replacement: Mapping[Node, Node],
    rebuild: Callable[[Node, tuple[Node, ...]], Node] | None = None,
) -> list[Node]:
    """The outputs with some nodes replaced and everything that depends on them made anew.

    `rebuild(node, inputs)` makes a node from its new inputs; it is asked for every node above the first replaced one.
    """
    if not replacement:
        return list(outputs)
    since = min(node.serial for node in replacement) - 1
    here = workspace()
    origin = None if here is None else here.origin
    new = dict(replacement)
    for node in reachable(outputs, since):
        if node in new:
            continue
        inputs = tuple([new.get(x, x) for x in node.inputs])
        if inputs != node.inputs:
            if here is not None:  # what takes a node's place comes from the same line
                here.origin = here.notes.origins.get(node, origin)
            new[node] = make(node.op, inputs, node.params) if rebuild is None else rebuild(node, inputs)
            if here is not None:
                here.notes.pass_on(node, new[node])
    if here is not None:
        here.origin = origin
    return [new.get(node, node) for node in outputs]


def inline(graph: Graph, arguments: Sequence[Node]) -> list[Node]:
    """The graph's outputs with `arguments` in place of its inputs."""
    return substitute(graph.outputs, dict(zip(graph.inputs, arguments, strict=True)))
