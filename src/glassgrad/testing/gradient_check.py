"""Does a derivative agree with numbers, and do forward and reverse mode agree with each other? Floor 6.

A `Map` is anything that has a value, a pushforward and a pullback: a graph, or a Python function under jvp and vjp.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.avals import is_inexact
from glassgrad.base.errors import DisagreementError
from glassgrad.engines.differences import Arrays, Estimate, complex_step, richardson
from glassgrad.engines.reference import compile_graph
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import input_node, zeros
from glassgrad.testing.numeric import distance, pairing, random_like
from glassgrad.transforms.forward import push
from glassgrad.transforms.reverse import pull


@dataclass(frozen=True, slots=True)
class Map:
    """What is checked: `value(x)`, `push(x, dx) -> dy`, `pull(x, ct) -> x̄`, all over lists of arrays."""

    value: Callable[[Arrays], Arrays]
    push: Callable[[Arrays, Arrays], Arrays]
    pull: Callable[[Arrays, Arrays], Arrays]


# ------------------------------------------------------------------ maps from graphs
def tangent_graph(graph: Graph, held: Sequence[int] = ()) -> Graph:
    """(x, dx) -> dy, `dx` for the inputs that can move and are not `held`."""
    moving = movable(graph, held)
    tangents = [input_node(node.aval) for node in moving]
    pushed = push(graph.outputs, dict(zip(moving, tangents, strict=True)))
    return Graph((*graph.inputs, *tangents), tuple(_or_zeros(pushed, graph.outputs)))


def cotangent_graph(graph: Graph, held: Sequence[int] = ()) -> Graph:
    """(x, ct) -> x̄, `ct` for the outputs that can move, x̄ for the inputs that can move and are not `held`."""
    moving = movable(graph, held)
    outputs = [node for node in graph.outputs if is_inexact(node.dtype)]
    cotangents = [input_node(node.aval) for node in outputs]
    pulled = pull(outputs, cotangents, moving)
    return Graph((*graph.inputs, *cotangents), tuple(_or_zeros(pulled, moving)))


def movable(graph: Graph, held: Sequence[int] = ()) -> list[Node]:
    """The inputs that can carry a derivative."""
    return [node for index, node in enumerate(graph.inputs) if is_inexact(node.dtype) and index not in held]


def _or_zeros(found: Sequence[Node | None], like: Sequence[Node]) -> list[Node]:
    return [zeros(x.aval) if node is None else node for node, x in zip(found, like, strict=True)]


def graph_map(graph: Graph, held: Sequence[int] = ()) -> Map:
    """The map of a graph over its movable inputs' values and outputs (all inputs are given, in order)."""
    run = compile_graph(graph)
    forward, reverse = compile_graph(tangent_graph(graph, held)), compile_graph(cotangent_graph(graph, held))
    moving = set(movable(graph, held))
    moves = [node in moving for node in graph.inputs]
    inexact = [is_inexact(node.dtype) for node in graph.outputs]

    def only(values: Arrays, wanted: Sequence[bool]) -> list[Any]:
        return [value for value, want in zip(values, wanted, strict=True) if want]

    def pull_back(point: Arrays, ct: Arrays) -> list[Any]:
        found = iter(reverse(*point, *only(ct, inexact)))
        return [next(found) if moves_it else np.zeros_like(x) for x, moves_it in zip(point, moves, strict=True)]

    return Map(
        value=lambda point: run(*point),
        push=lambda point, direction: forward(*point, *only(direction, moves)),
        pull=pull_back,
    )


# ------------------------------------------------------------------ the checks
def forward_meets_reverse(checked: Map, point: Arrays, generator: np.random.Generator) -> float:
    """How far Re Σ ct·(J dx) is from Re Σ (ct J)·dx, relative to their size, for random dx and ct."""
    direction = random_like(generator, point)
    pushed = checked.push(point, direction)
    cotangents = random_like(generator, pushed)
    pulled = checked.pull(point, cotangents)
    forward, reverse = pairing(cotangents, pushed), pairing(pulled, direction)
    if not np.isfinite(forward) or not np.isfinite(reverse):
        return np.inf
    size = max(_size(pushed), _size(pulled), 1e-3)
    return abs(forward - reverse) / size


def _size(values: Arrays) -> float:
    return float(np.sqrt(sum(float(np.sum(np.abs(value) ** 2)) for value in values)))


def forward_meets_numbers(checked: Map, point: Arrays, direction: Arrays, estimate: Estimate) -> float:
    """How far J dx is from its estimate by numbers, relative to its size, beyond what the estimate may be off."""
    scale = max([1e-3, *[float(np.max(np.abs(value), initial=0.0)) for value in estimate.values]])
    doubt = max([0.0, *[float(np.max(error, initial=0.0)) for error in estimate.errors]])
    if not doubt <= 1e-5 * scale:
        raise DisagreementError(
            f"the numeric derivative does not settle: it is {scale:.3g} ± {doubt:.3g}",
            hint="is the point at a kink, or at the edge of the domain?",
        )
    return max(0.0, distance(checked.push(point, direction), estimate.values) - 10 * doubt / scale)


def numeric(checked: Map, point: Arrays, direction: Arrays, *, analytic: bool) -> Estimate:
    """The derivative along `direction` by the complex step where the map is analytic, else by differences."""
    if analytic:
        return complex_step(checked.value, point, direction)
    return richardson(checked.value, point, direction)
