"""Sequences that are the same at every step: the steps read one element, and no memory is filled. Floor 4."""

from collections.abc import Sequence
from math import prod

from glassgrad.engines.cpu.motion.loop import Loop
from glassgrad.engines.cpu.motion.twice import count_once
from glassgrad.graph.node import Node, apart, make, reachable, workspace
from glassgrad.graph.op import Elementwise
from glassgrad.ops.leaves import LITERAL, MARK, input_node
from glassgrad.ops.structure import BROADCAST, CAST, RESHAPE, TRANSPOSE, broadcast, reshape, transpose

_Along = tuple[Node, int]  # a value and the axis of it that the steps run along


def fix_sequences(loop: Loop) -> None:
    """Sequences that repeat a number or an array along the steps become a number or a constant."""
    elements: dict[_Along, Node] = {}
    read = set(reachable(loop.results()))
    found = {x: _element(stack, elements) for x, stack in loop.sequences.items() if x in read}
    still = {x: element for x, element in found.items() if element is not None}
    if still:
        with apart():
            loop.replace({x: _inside(loop, element) for x, element in still.items()})
        count_once(loop)


def _inside(loop: Loop, element: Node) -> Node:
    """An element in the body: a number stays a number, and what is spread is spread there."""
    if element.op is LITERAL:
        return make(LITERAL, (), element.params)
    if element.op is BROADCAST:
        return broadcast(_inside(loop, element.inputs[0]), element.shape)
    x = input_node(element.aval)
    loop.constants[x] = element
    return x


def _element(stack: Node, elements: dict[_Along, Node]) -> Node | None:
    """The element that all steps read, if they all read the same; `elements` holds those found on the way."""
    here = workspace()
    waiting: list[_Along] = [(stack, 0)]
    while waiting:
        node, axis = waiting[-1]
        read = _read_along(node, axis)
        if read is None:
            return None
        missing = next((place for place in read if place not in elements), None)
        if missing is None:
            if here is not None:
                here.origin = here.notes.origins.get(node)
            elements[node, axis] = _at_one_place(node, axis, [elements[place] for place in read])
            waiting.pop()
        else:
            waiting.append(missing)
    return elements[stack, 0]


def _read_along(node: Node, axis: int) -> list[_Along] | None:
    """The inputs that are run along with this axis: none where the node repeats what it reads; None if unknown."""
    if node.op is LITERAL:
        return []
    if node.op is BROADCAST:
        own = _own_axis(node, axis)
        return [] if own is None else [(node.inputs[0], own)]
    if node.op is TRANSPOSE:
        return [(node.inputs[0], node.param("axes")[axis])]
    if node.op is RESHAPE:
        (x,) = node.inputs
        before, size = prod(node.shape[:axis]), node.shape[axis]
        same = [k for k, s in enumerate(x.shape) if s == size and prod(x.shape[:k]) == before]
        return [(x, same[0])] if same else None
    if node.op in (CAST, MARK) or isinstance(node.op.batching, Elementwise):
        return [(x, axis) for x in node.inputs]
    return None


def _own_axis(node: Node, axis: int) -> int | None:
    """The axis of a broadcast value that this one is, if it is not repeated along it."""
    (x,) = node.inputs
    own = axis - (node.ndim - x.ndim)
    return own if own >= 0 and x.shape[own] == node.shape[axis] else None


def _at_one_place(node: Node, axis: int, inputs: Sequence[Node]) -> Node:
    """The node at any one place along the axis, from what it reads there."""
    shape = _without(node.shape, axis)
    if node.op is LITERAL:
        return make(LITERAL, (), (*node.params[:2], ("shape", shape)))
    if node.op is BROADCAST:
        (x,) = inputs or node.inputs
        if not inputs and (own := axis - (node.ndim - x.ndim)) >= 0:
            x = reshape(x, _without(x.shape, own))
        return broadcast(x, shape)
    if node.op is RESHAPE:
        return reshape(inputs[0], shape)
    if node.op is TRANSPOSE:
        axes = node.param("axes")
        return transpose(inputs[0], tuple([a - (a > axes[axis]) for a in _without(axes, axis)]))
    return make(node.op, tuple(inputs), node.params)


def _without(entries: tuple[int, ...], at: int) -> tuple[int, ...]:
    return entries[:at] + entries[at + 1 :]
