"""Tracing the body of a loop or branch: a function of values that have no numbers yet. Floor 3."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from glassgrad.base.avals import Aval
from glassgrad.base.trees import Structure, flatten, unflatten
from glassgrad.graph.closing import close
from glassgrad.graph.graph import Graph, substitute
from glassgrad.graph.node import Node, apart, fresh_serial
from glassgrad.tracing.trace import abstract_input, called, known_input, output_node, wrap_arguments
from glassgrad.tracing.tracer import weak_type


@dataclass(frozen=True, slots=True)
class Body:
    """A traced body: its graph (own inputs, then those from the surroundings) and the surroundings' nodes."""

    graph: Graph
    outside: list[Node]
    structure: Structure
    weak: list[type | None]


def trace_body(
    function: Callable[..., Any],
    structures: Sequence[Structure],
    avals: Sequence[Sequence[Aval]],
    weak: Sequence[Sequence[type | None]],
) -> Body:
    """Calls the function on one tree of fresh inputs for each structure."""
    with apart():
        since = fresh_serial()
        groups = [
            [abstract_input(aval, kind) for aval, kind in zip(group, kinds, strict=True)]
            for group, kinds in zip(avals, weak, strict=True)
        ]
        inputs = [tracer.node for group in groups for tracer in group]
        result = called(function, *[unflatten(s, group) for s, group in zip(structures, groups, strict=True)])
        leaves, structure = flatten(result)
        outputs = [output_node(leaf) for leaf in leaves]
        graph, outside = close(inputs, outputs, since)
    return Body(graph, outside, structure, [weak_type(leaf) for leaf in leaves])


def trace_inside(function: Callable[..., Any], arguments: Sequence[Any]) -> tuple[Body, list[Node]]:
    """The graph of a call whose inside is to be kept apart, and the nodes of its arguments.

    Unlike in a loop's body the values are known where the arguments' are, so Python's `if` works inside.
    """
    with apart():
        since = fresh_serial()
        wrapped, tracers = wrap_arguments(arguments, known_input, lambda _: True)
        marks = [tracer.node for tracer in tracers]
        given = [argument_node(mark) for mark in marks]
        leaves, structure = flatten(called(function, *wrapped))
        outputs = [output_node(leaf) for leaf in leaves]
        graph, outside = close(marks, outputs, since)
        inputs = [abstract_input(mark.aval).node for mark in marks]
        renamed = substitute(graph.outputs, dict(zip(marks, inputs, strict=True)))
    graph = Graph((*inputs, *graph.inputs[len(marks) :]), tuple(renamed))
    return Body(graph, outside, structure, [weak_type(leaf) for leaf in leaves]), given


def argument_node(mark: Node) -> Node:
    """What a fresh name stands for: the outer node, or the leaf itself where the argument was a plain array."""
    return mark.inputs[0] if mark.inputs else mark


def share_outside(bodies: Sequence[Body], own: Sequence[int]) -> tuple[list[Graph], list[Node]]:
    """Graphs that take the same nodes from the surroundings, in one order; the first `own[i]` inputs of body i stay."""
    outside = list(dict.fromkeys(node for body in bodies for node in body.outside))
    graphs = []
    for body, count in zip(bodies, own, strict=True):
        mine = dict(zip(body.outside, body.graph.inputs[count:], strict=True))
        rest = [mine[node] if node in mine else abstract_input(node.aval).node for node in outside]
        graphs.append(Graph((*body.graph.inputs[:count], *rest), body.graph.outputs))
    return graphs, outside
