"""Smaller graphs with the same values: one pass, inputs before users, every rewrite recorded. Floor 3."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, apart, fresh_serial, make, reachable, workspace
from glassgrad.ops.control import CALL, COND, CUSTOM, SCAN, WHILE
from glassgrad.ops.elementwise import ADD, DIVIDE, MULTIPLY, SUBTRACT
from glassgrad.ops.leaves import literal, literal_value
from glassgrad.transforms.rewrites import NUMBERS, REWRITES, TELLING, fold_scalars


@dataclass(frozen=True, slots=True)
class Rewritten:
    """One rewrite that was made: its name, what stood there and what stands there now."""

    name: str
    before: Node
    after: Node


def simplify(outputs: Sequence[Node], *, frozen: int = -1, record: list[Rewritten] | None = None) -> list[Node]:
    """The outputs by a smaller graph.

    Nodes made before `frozen` stay as they are and numbers are not reckoned together (the forward pass as a person
    wrote it, in an explanation). Each rewrite is added to `record`.
    """
    new: dict[Node, Node] = {}
    here = workspace()
    notes = here.notes if here is not None else None
    for node in reachable(outputs, frozen):
        inputs = node.inputs
        changed = tuple([new.get(x, x) for x in inputs])
        if notes is not None:
            here.origin = notes.origins.get(node)  # type: ignore[union-attr]  # notes come from here
        result = node if changed == inputs else make(node.op, changed, node.params)
        if result.op in REWRITES or result.op in _BODIES:
            result = _rewrite_until_settled(result, record, frozen=frozen)
        if result is not node:
            new[node] = result
            if notes is not None:
                notes.pass_on(node, result)
    return [new.get(node, node) for node in outputs]


def _rewrite_until_settled(node: Node, record: list[Rewritten] | None, *, frozen: int) -> Node:
    """Applies rewrites at this node until none fits, and at the nodes that a rewrite makes below it."""
    while True:
        since = fresh_serial()
        after, name = _rewrite_once(node, frozen=frozen)
        if after is None or after is node:
            return node
        if record is not None:
            record.append(Rewritten(name, node, after))
        node = _settle_below(after, since, record, frozen=frozen)


def _settle_below(node: Node, since: int, record: list[Rewritten] | None, *, frozen: int) -> Node:
    """The node over the simplest forms of the inputs that a rewrite has just made."""
    fresh = [x for x in node.inputs if x.serial > since and x.op in REWRITES]
    if not fresh:
        return node
    swap = {x: _rewrite_until_settled(x, record, frozen=frozen) for x in fresh}
    inputs = tuple([swap.get(x, x) for x in node.inputs])
    return node if inputs == node.inputs else make(node.op, inputs, node.params)


def _rewrite_once(node: Node, *, frozen: int) -> tuple[Node | None, str]:
    op = node.op
    rules = REWRITES.get(op)
    if rules is not None:
        telling = TELLING.get(op)
        if telling is not None and telling.isdisjoint([x.op for x in node.inputs]):
            return None, ""
        for name, rule in rules:
            if frozen >= 0 and name == NUMBERS:
                continue
            after = rule(*node.inputs, **dict(node.params)) if node.params else rule(*node.inputs)
            if after is not None:
                return after, name
        if frozen < 0 and fold_scalars(op, node.inputs, node.params):
            return _fold(node), "arithmetic on numbers"
    if op in _BODIES:
        return _simplify_bodies(node, frozen), "inside of a loop or branch"
    return None, ""


_ARITHMETIC = {ADD: np.add, SUBTRACT: np.subtract, MULTIPLY: np.multiply, DIVIDE: np.true_divide}
_BODIES = frozenset({CALL, COND, CUSTOM, SCAN, WHILE})


def _fold(node: Node) -> Node:
    with np.errstate(all="ignore"):
        value = _ARITHMETIC[node.op](*[literal_value(x) for x in node.inputs])
    return literal(value, node.dtype)


def _simplify_bodies(node: Node, frozen: int) -> Node | None:
    """The same op with simplified graphs; None where they are already simple."""
    params = dict(node.params)
    changed = False
    for name, value in node.params:
        if isinstance(value, Graph):
            params[name] = simple_graph(value, frozen)
        elif name == "branches":
            params[name] = tuple(simple_graph(graph, frozen) for graph in value)
        changed = changed or params[name] != value
    return make(node.op, node.inputs, tuple(params.items())) if changed else None


def simple_graph(graph: Graph, frozen: int = -1) -> Graph:
    """The graph simplified, itself where there is nothing to do."""
    with apart():
        outputs = tuple(simplify(graph.outputs, frozen=frozen))
    return graph if outputs == graph.outputs else Graph(graph.inputs, outputs, graph.notes)
