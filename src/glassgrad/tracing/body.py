"""Tracing the body of a loop or branch: a function of values that have no numbers yet. Floor 3."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from glassgrad.base.avals import Aval
from glassgrad.base.trees import Structure, flatten, unflatten
from glassgrad.graph.closing import close
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, apart, fresh_serial
from glassgrad.tracing.trace import abstract_input, output_node
from glassgrad.tracing.tracer import Tracer


@dataclass(frozen=True, slots=True)
class Body:
    """A traced body: its graph (own inputs, then those from the surroundings) and the surroundings' nodes."""

    graph: Graph
    outside: list[Node]
    structure: Structure
    weak: list[type | None]


def trace_body(function: Callable[..., Any], structures: Sequence[Structure], avals: Sequence[Sequence[Aval]],
               weak: Sequence[Sequence[type | None]]) -> Body:
    """Calls the function on one tree of fresh inputs for each structure."""
    with apart():
        since = fresh_serial()
        groups = [[abstract_input(aval, kind) for aval, kind in zip(group, kinds, strict=True)]
                  for group, kinds in zip(avals, weak, strict=True)]
        inputs = [tracer.node for group in groups for tracer in group]
        result = function(*[unflatten(s, group) for s, group in zip(structures, groups, strict=True)])
        leaves, structure = flatten(result)
        outputs = [output_node(leaf) for leaf in leaves]
        graph, outside = close(inputs, outputs, since)
    kinds = [leaf.weak if isinstance(leaf, Tracer) else _weak(leaf) for leaf in leaves]
    return Body(graph, outside, structure, kinds)


def _weak(leaf: Any) -> type | None:
    return type(leaf) if type(leaf) in (bool, int, float, complex) else None


def share_outside(bodies: Sequence[Body], own: Sequence[int]) -> tuple[list[Graph], list[Node]]:
    """Graphs that take the same nodes from the surroundings, in the same order: `own[i]` inputs of body i are its own."""
    outside = list(dict.fromkeys(node for body in bodies for node in body.outside))
    graphs = []
    for body, count in zip(bodies, own, strict=True):
        mine = dict(zip(body.outside, body.graph.inputs[count:], strict=True))
        rest = [mine[node] if node in mine else abstract_input(node.aval).node for node in outside]
        graphs.append(Graph((*body.graph.inputs[:count], *rest), body.graph.outputs))
    return graphs, outside
