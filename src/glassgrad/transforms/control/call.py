"""Forward and reverse mode of calls: `checkpoint` (the inside is computed again) and custom derivatives. Floor 3."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from glassgrad.base.avals import is_inexact
from glassgrad.base.errors import ShapeError, UnsupportedError
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, apart, apply
from glassgrad.ops.control import CALL, CUSTOM
from glassgrad.ops.leaves import input_node, outputs_of, zeros
from glassgrad.transforms.control.bodies import depends, pull_body, push_body
from glassgrad.transforms.control.settle import supersede
from glassgrad.transforms.forms import pull_subgraph, push_subgraph
from glassgrad.transforms.reverse import pull


def make_call(graph: Graph, arguments: Sequence[Node]) -> Node:
    """A call whose inside is kept apart: nothing in it outlives it, and reverse mode computes it again."""
    return apply(CALL, *arguments, graph=graph, keep=False)


def push_call(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """A call of the function that also moves."""
    graph = node.param("graph")
    moving = [t is not None for t in tangents]
    wanted = depends(graph, moving)
    with apart():
        pushed = push_body(graph, moving, wanted)
        new = Graph((*graph.inputs, *pushed.inputs), (*pushed.primals, *pushed.tangents))
    results = outputs_of(make_call(new, [*node.inputs, *[t for t in tangents if t is not None]]))
    supersede(outputs_of(node), results)
    found = iter(results[len(wanted) :])
    return [next(found) if flag else None for flag in wanted]


def pull_call(node: Node, cotangents: Sequence[Node | None], wanted: Sequence[bool]) -> list[Node | None]:
    """A call that computes the inside again and pulls through it."""
    graph = node.param("graph")
    with apart():
        pulled = pull_body(graph, [ct is not None for ct in cotangents], wanted)
        outputs = tuple(node for node in pulled.pulled if node is not None)
        new = Graph((*graph.inputs, *pulled.cotangents), outputs)
    found = iter(outputs_of(make_call(new, [*node.inputs, *[ct for ct in cotangents if ct is not None]])))
    answers = iter(pulled.pulled)
    return [None if not flag or next(answers) is None else next(found) for flag in wanted]


# ------------------------------------------------------------------ custom derivatives
@dataclass(frozen=True, eq=False, slots=True)
class CustomRule:
    """A person's rule over nodes: `pullback(cts, inputs, outputs)` or `tangent(tangents, inputs, outputs)`."""

    name: str
    pullback: Callable[[Sequence[Node], Sequence[Node], Sequence[Node]], Sequence[Node | None]] | None = None
    tangent: Callable[[Sequence[Node], Sequence[Node], Sequence[Node]], Sequence[Node | None]] | None = None


def make_custom(graph: Graph, arguments: Sequence[Node], rule: CustomRule) -> Node:
    """A call whose derivative is the person's rule."""
    return apply(CUSTOM, *arguments, graph=graph, rule=rule)


def push_custom(node: Node, tangents: Sequence[Node | None]) -> list[Node | None]:
    """The tangent rule as written, or the pullback transposed."""
    rule: CustomRule = node.param("rule")
    moved = [zeros(x.aval) if t is None else t for x, t in zip(node.inputs, tangents, strict=True)]
    if rule.tangent is not None:
        return _checked(rule, rule.tangent(moved, node.inputs, outputs_of(node)), outputs_of(node))
    marks = [input_node(y.aval) for y in outputs_of(node)]
    pulled = _pulled(rule, node, marks)
    pairs = [(p, t) for p, t, given in zip(pulled, moved, tangents, strict=True) if p is not None and given is not None]
    return pull([p for p, _ in pairs], [t for _, t in pairs], marks)


def pull_custom(node: Node, cotangents: Sequence[Node | None], wanted: Sequence[bool]) -> list[Node | None]:
    """The pullback as written, or the tangent rule transposed."""
    rule: CustomRule = node.param("rule")
    outputs = outputs_of(node)
    cts = [zeros(y.aval) if ct is None else ct for y, ct in zip(outputs, cotangents, strict=True)]
    if rule.pullback is not None:
        pulled = _pulled(rule, node, cts)
        return [p if flag else None for p, flag in zip(pulled, wanted, strict=True)]
    if rule.tangent is None:
        raise UnsupportedError(f"{rule.name} has no derivative rule", hint="give one with @f.pullback or @f.tangent")
    marks = [input_node(x.aval) for x in node.inputs]
    moved = [mark if is_inexact(mark.dtype) else zeros(mark.aval) for mark in marks]
    pushed = rule.tangent(moved, node.inputs, outputs)
    found = pull(list(pushed), cts, marks)
    return [p if flag else None for p, flag in zip(found, wanted, strict=True)]


def _pulled(rule: CustomRule, node: Node, cts: Sequence[Node]) -> list[Node | None]:
    assert rule.pullback is not None
    return _checked(rule, rule.pullback(cts, node.inputs, outputs_of(node)), node.inputs)


def _checked(rule: CustomRule, given: Sequence[Node | None], like: Sequence[Node]) -> list[Node | None]:
    for found, expected in zip(given, like, strict=True):
        if found is not None and found.shape != expected.shape:
            raise ShapeError(
                f"the derivative rule of {rule.name} gives shape {found.shape} where {expected.shape} is expected"
            )
    return list(given)


push_subgraph[CALL] = push_call
pull_subgraph[CALL] = pull_call
push_subgraph[CUSTOM] = push_custom
pull_subgraph[CUSTOM] = pull_custom
