"""Forward and reverse mode of `cond`: the branch that was taken is pushed or pulled. Floor 3."""

from collections.abc import Sequence

from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, apart, apply
from glassgrad.ops.control import COND
from glassgrad.ops.leaves import outputs_of, zeros
from glassgrad.transforms.control.bodies import depends, pull_body, push_body
from glassgrad.transforms.control.settle import supersede
from glassgrad.transforms.forms import pull_subgraph, push_subgraph


def make_cond(index: Node, operands: Sequence[Node], branches: Sequence[Graph]) -> Node:
    """A cond node: branch `index` (clipped into range) applied to the operands."""
    return apply(COND, index, *operands, branches=tuple(branches))


def push_cond(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """Each branch with its tangents; an output that stands still in one branch and moves in another gets zeros."""
    branches = node.param("branches")
    moving = [t is not None for t in tangents[1:]]
    wanted = [any(flags) for flags in zip(*[depends(graph, moving) for graph in branches], strict=True)]
    if not any(wanted):
        return [None] * len(wanted)
    new = []
    for graph in branches:
        with apart():
            pushed = push_body(graph, moving, wanted)
            new.append(Graph((*graph.inputs, *pushed.inputs), (*pushed.primals, *pushed.tangents)))
    moved = [t for t in tangents[1:] if t is not None]
    results = outputs_of(make_cond(node.inputs[0], [*node.inputs[1:], *moved], new))
    supersede(outputs_of(node), results)
    found = iter(results[len(wanted) :])
    return [next(found) if flag else None for flag in wanted]


def pull_cond(node: Node, cotangents: Sequence[Node | None], wanted: Sequence[bool]) -> list[Node | None]:
    """A cond over the branches backwards; each computes again what it needs of its forward values."""
    branches = node.param("branches")
    given = [ct is not None for ct in cotangents]
    flags = list(wanted[1:])
    new = []
    for graph in branches:
        with apart():
            pulled = pull_body(graph, given, flags)
            inputs = [x for x, flag in zip(graph.inputs, flags, strict=True) if flag]
            outputs = [zeros(x.aval) if d is None else d for x, d in zip(inputs, pulled.pulled, strict=True)]
            new.append(Graph((*graph.inputs, *pulled.cotangents), tuple(outputs)))
    incoming = [ct for ct in cotangents if ct is not None]
    results = iter(outputs_of(make_cond(node.inputs[0], [*node.inputs[1:], *incoming], new)))
    return [None, *[next(results) if flag else None for flag in flags]]


push_subgraph[COND] = push_cond
pull_subgraph[COND] = pull_cond
