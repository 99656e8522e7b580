"""Pieces shared by the rules for loops and branches: pushing and pulling a body, finding what moves. Floor 3."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from glassgrad.base.avals import is_inexact
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, reachable
from glassgrad.ops.leaves import LITERAL, input_node, zeros
from glassgrad.transforms.control.settle import settle
from glassgrad.transforms.forward import push
from glassgrad.transforms.reverse import pull


def moving_inputs(body: Graph, moving: Sequence[bool], carries: int) -> tuple[list[bool], list[bool]]:
    """Which inputs and outputs move, when a carry that moves after a step moves before the next one."""
    flags = list(moving)
    while True:
        outputs = depends(body, flags)
        grown = [a or b for a, b in zip(flags[:carries], outputs[:carries], strict=True)]
        if grown == flags[:carries]:
            return flags, outputs
        flags[:carries] = grown


def depends(graph: Graph, flags: Sequence[bool]) -> list[bool]:
    """Which outputs depend, through values that can carry a derivative, on the flagged inputs."""
    active = {x for x, flag in zip(graph.inputs, flags, strict=True) if flag}
    for node in reachable(graph.outputs):
        if node not in active and not active.isdisjoint(node.inputs) and _may_move(node):
            active.add(node)
    return [node in active for node in graph.outputs]


def _may_move(node: Node) -> bool:
    if type(node.aval) is tuple:
        return True
    return is_inexact(node.dtype)


@dataclass(frozen=True, slots=True)
class Pushed:
    """A body that also moves: tangents' inputs, and the tangents of the outputs that move."""

    inputs: list[Node]
    primals: list[Node]
    tangents: list[Node]


def push_body(body: Graph, moving: Sequence[bool], wanted: Sequence[bool]) -> Pushed:
    """Forward mode inside a body. Call within `apart()`."""
    marks = {x: input_node(x.aval) for x, flag in zip(body.inputs, moving, strict=True) if flag}
    found = push(body.outputs, marks)
    tangents = [
        zeros(y.aval) if d is None else d for y, d, want in zip(body.outputs, found, wanted, strict=True) if want
    ]
    settled = settle([*body.outputs, *tangents])
    count = len(body.outputs)
    return Pushed(list(marks.values()), settled[:count], settled[count:])


@dataclass(frozen=True, slots=True)
class Pulled:
    """A body backwards: the cotangents' inputs, the pulled cotangents, and the forward outputs settled with them."""

    cotangents: list[Node]
    primals: list[Node]
    pulled: list[Node | None]


def pull_body(body: Graph, given: Sequence[bool], wrt: Sequence[bool]) -> Pulled:
    """Reverse mode inside a body, from the given outputs to the wanted inputs. Call within `apart()`."""
    marks = [input_node(y.aval) if flag else None for y, flag in zip(body.outputs, given, strict=True)]
    wanted = [x for x, flag in zip(body.inputs, wrt, strict=True) if flag]
    found = pull(body.outputs, marks, wanted)
    real = [node for node in found if node is not None]
    settled = settle([*body.outputs, *real])
    rest = iter(settled[len(body.outputs) :])
    pulled = [None if node is None else next(rest) for node in found]
    return Pulled([m for m in marks if m is not None], settled[: len(body.outputs)], pulled)


# Arithmetic costs no more than keeping its result and reading it back.
_LIGHT = {
    *("add", "subtract", "multiply", "divide", "negative", "positive", "absolute", "square", "reciprocal", "sign"),
    *("maximum", "minimum", "where", "cast", "reshape", "broadcast", "logical_and", "logical_or", "logical_not"),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
}
_FAR = 16  # how many values to look through for what makes one: the search stays in proportion to the body


def residuals(
    pulled: Sequence[Node | None], cotangents: Sequence[Node], carries: Sequence[Node], sequences: Sequence[Node]
) -> list[Node]:
    """The forward values to keep for the backward nodes: what they read and what varies from step to step, less what
    a little arithmetic makes again from the rest. Sequences are among them; they are there anyway.
    """
    outputs = [node for node in pulled if node is not None]
    order = reachable(outputs)
    backward = _closure(order, cotangents)
    changing = _closure(order, [*carries, *sequences])
    found: dict[Node, None] = {}
    for node in order:
        if node in backward:
            found.update(dict.fromkeys(x for x in node.inputs if x not in backward and x in changing))
    found.update(dict.fromkeys(node for node in outputs if node not in backward and node in changing))
    kept = dict.fromkeys(node for node in found if node.op is not LITERAL)
    for node in sorted(kept, key=lambda node: node.serial, reverse=True):
        del kept[node]
        read = _makers(node, kept, changing, set(sequences))
        kept.update(dict.fromkeys([node] if read is None else read))
    return [node for node in dict.fromkeys((*found, *sequences)) if node in kept]


def _makers(node: Node, kept: Container[Node], changing: Container[Node], free: Container[Node]) -> list[Node] | None:
    """The sequences that, with what is kept, make a value by light operations; None where that is not enough."""
    waiting, seen, read = [node], {node}, []
    while waiting:
        here = waiting.pop()
        if here in free:
            read.append(here)
            continue
        if here.op.name not in _LIGHT or len(seen) > _FAR:
            return None
        inputs = [x for x in here.inputs if x in changing and x not in kept and x not in seen]
        waiting += inputs
        seen.update(inputs)
    return read


def _closure(order: Sequence[Node], start: Iterable[Node]) -> set[Node]:
    """What depends on `start`."""
    found = set(start)
    for node in order:
        if not found.isdisjoint(node.inputs):
            found.add(node)
    return found
