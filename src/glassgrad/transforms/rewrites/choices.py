"""Rewrites of choices, and of what loops record. Floor 3."""

from typing import Any

from glassgrad.graph.graph import Graph, substitute
from glassgrad.graph.node import Node, make, reachable
from glassgrad.ops.control import SCAN, WHILE
from glassgrad.ops.leaves import LITERAL, PROJECT, literal, literal_value
from glassgrad.ops.select import WHERE, where
from glassgrad.transforms.rewrites.table import rewrites


@rewrites(WHERE, "a choice that is always the same")
def where_always(c: Node, x: Node, y: Node) -> Node | None:
    return None if c.op is not LITERAL else x if literal_value(c) else y


@rewrites(WHERE, "the same choice made twice")
def where_twice(c: Node, x: Node, y: Node) -> Node | None:
    if x.op is WHERE and x.inputs[0] is c:
        return where(c, x.inputs[1], y)
    if y.op is WHERE and y.inputs[0] is c:
        return where(c, x, y.inputs[2])
    return x if x is y else None


@rewrites(SCAN, "a recorded constant is read as the constant")
def scan_recorded_literal(*operands: Node, **params: Any) -> Node | None:
    """Where a sequence is what a loop recorded and each step recorded the same number, the body has the number."""
    carries, sequences, body = params["carries"], params["sequences"], params["body"]
    numbers: dict[Node, Node] = {}
    for index in range(carries, carries + sequences):
        recorded = _recorded(operands[index])
        if recorded is not None and recorded.op is LITERAL:
            numbers[body.inputs[index]] = literal(literal_value(recorded), recorded.dtype, recorded.shape)
    used = set(reachable(body.outputs))
    if used.isdisjoint(numbers):
        return None
    new = Graph(body.inputs, tuple(substitute(body.outputs, numbers)))
    return make(SCAN, operands, tuple(sorted((params | {"body": new}).items())))


def _recorded(node: Node) -> Node | None:
    """What the body of a loop gives at each step, where the node is what a loop recorded."""
    if node.op is not PROJECT or node.inputs[0].op not in (SCAN, WHILE):
        return None
    body, carries = node.inputs[0].param("body"), node.inputs[0].param("carries")
    index = node.param("index")
    return body.outputs[index] if index >= carries else None
