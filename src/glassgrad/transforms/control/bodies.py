"""Pieces shared by the rules for loops and branches: pushing and pulling a body, finding what moves. Floor 3."""

from collections.abc import Iterable, Sequence
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


def residuals(pulled: Sequence[Node | None], cotangents: Sequence[Node], varying: Iterable[Node]) -> list[Node]:
    """The forward values that the backward nodes read directly and that vary from step to step."""
    outputs = [node for node in pulled if node is not None]
    order = reachable(outputs)
    backward = _closure(order, cotangents)
    changing = _closure(order, varying)
    found: dict[Node, None] = {}
    for node in order:
        if node in backward:
            found.update(dict.fromkeys(x for x in node.inputs if x not in backward and x in changing))
    found.update(dict.fromkeys(node for node in outputs if node not in backward and node in changing))
    return [node for node in found if node.op is not LITERAL]


def _closure(order: Sequence[Node], start: Iterable[Node]) -> set[Node]:
    """What depends on `start`."""
    found = set(start)
    for node in order:
        if not found.isdisjoint(node.inputs):
            found.add(node)
    return found
