"""A graph as a list of steps over numbered slots, each value dropped (or its buffer reused) after its last use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from glassgrad.base.errors import LeakedTracerError
from glassgrad.engines.kernels import kernel, overwriting_kernel
from glassgrad.engines.reference.buffers import Reuse, reusable_inputs
from glassgrad.engines.reference.refusal import refused
from glassgrad.engines.reference.schedule import late
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.graph.op import Op
from glassgrad.ops.leaves import ARRAY, INPUT, LITERAL, literal_value

Kernel = Callable[..., Any]
# How an op that carries graphs runs: given the node and a way to compile its graphs, a kernel. Filled by `control.py`.
subgraph_kernels: dict[Op, Callable[[Node], Kernel]] = {}


class Step(NamedTuple):
    """One value: `compute` of the values in `sources`, put into `target`; the slots in `dead` are dropped after."""

    compute: Kernel
    sources: tuple[int, ...]
    target: int
    dead: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """What runs: constants already in their slots, then the steps."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: tuple[tuple[int, Any], ...]
    steps: tuple[Step, ...]
    nodes: tuple[Node, ...]  # one for each slot

    def __call__(self, *arguments: Any) -> list[Any]:
        """The outputs for these arguments."""
        slots: list[Any] = [None] * len(self.nodes)
        for slot, value in self.constants:
            slots[slot] = value
        for slot, argument in zip(self.inputs, arguments, strict=True):
            slots[slot] = argument
        del arguments
        with np.errstate(all="ignore"):
            try:
                for compute, sources, target, dead in self.steps:
                    slots[target] = compute(*[slots[source] for source in sources])
                    for slot in dead:
                        slots[slot] = None
            except np.linalg.LinAlgError as error:
                raise refused(self.nodes[target], error) from error
        return [slots[slot] for slot in self.outputs]


def compile_graph(graph: Graph, known: dict[Node, Any] | None = None) -> Program:
    """The program for a graph; values in `known` need not be computed again."""
    known = known or {}
    order = _needed(graph, known)
    slot = {node: index for index, node in enumerate(order)}
    given = {*graph.inputs, *known}
    arguments = set(graph.inputs)
    constants, computed = [], []
    for node in order:
        if node in arguments:
            continue
        if node in known or node.op is LITERAL or node.op is ARRAY:
            constants.append((slot[node], constant(node, known)))
        else:
            computed.append(node)
    computed = late(computed, set(graph.outputs), {*given, *[node for node in order if node.op in (LITERAL, ARRAY)]})
    last_use = {x: node for node in computed for x in node.inputs}
    kept = {*graph.outputs, *graph.inputs}
    reuse = reusable_inputs(computed, last_use, {*kept, *given})
    dying: dict[Node, list[int]] = {}
    for x, node in last_use.items():
        if x not in kept:
            dying.setdefault(node, []).append(slot[x])
    steps = [
        Step(_reusing(node, reuse), tuple([slot[x] for x in node.inputs]), slot[node], tuple(dying.get(node, ())))
        for node in computed
    ]
    return Program(
        tuple([slot[node] for node in graph.inputs]),
        tuple([slot[node] for node in graph.outputs]),
        tuple(constants),
        tuple(steps),
        tuple(order),
    )


def _reusing(node: Node, reuse: Reuse) -> Kernel:
    """The node's kernel, writing into the buffer of an input where that is allowed."""
    position = reuse.inputs.get(node)
    if position is None:
        return partial(_copied, kernel(node)) if node in reuse.copied else kernel_of(node)
    return partial(_change, overwriting_kernel(node)) if node.op.overwrites else partial(_into, kernel(node), position)


def _copied(read: Kernel, x: Any, *indices: Any) -> Any:
    return np.array(read(x, *indices))


def _change(change: Kernel, x: Any, *others: Any) -> Any:
    """The first input changed in place, for nobody reads it later."""
    return change(x if type(x) is np.ndarray and x.flags.writeable else np.array(x), *others)


def _into(ufunc: Kernel, position: int, *values: Any) -> Any:
    """The ufunc written into the buffer of the input at `position`, which nobody reads later."""
    out = values[position]
    return ufunc(*values, out=out) if type(out) is np.ndarray and out.flags.writeable else ufunc(*values)


def _needed(graph: Graph, known: dict[Node, Any]) -> list[Node]:
    """The nodes to have at hand, inputs before users; nothing below a known value."""
    stops = {*graph.inputs, *known}
    seen = {*graph.inputs, *graph.outputs}
    stack = [node for node in graph.outputs if node not in stops]
    while stack:
        for node in stack.pop().inputs:
            if node not in seen:
                seen.add(node)
                if node not in stops:
                    stack.append(node)
    return sorted(seen, key=lambda node: node.serial)


def constant(node: Node, known: dict[Node, Any]) -> Any:
    """The value of a node that needs no computing."""
    if node in known:
        return known[node]
    if node.op is ARRAY:
        return node.param("held").values
    value = literal_value(node)
    return np.broadcast_to(value, node.shape) if node.shape and min(node.shape) >= 0 else value


def kernel_of(node: Node) -> Kernel:
    """The function that computes a node from its inputs' values."""
    if node.op is INPUT:
        raise LeakedTracerError(
            "a value from inside a loop, a branch, or a function under jit or vmap is used outside of it",
            hint="return it; an array that is written inside is part of the loop's state: take it as an argument, "
            "write into it and return it",
        )
    return subgraph_kernels[node.op](node) if node.op in subgraph_kernels else kernel(node)


def run(graph: Graph, arguments: Sequence[Any]) -> list[Any]:
    """The graph's outputs for these arguments."""
    return compile_graph(graph)(*arguments)
