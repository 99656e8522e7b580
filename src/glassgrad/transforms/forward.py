"""Forward mode: a graph's tangents from its inputs' tangents, inputs before users. Floor 3.

A tangent of None is an exact zero; it never meets a number, so 0 · inf cannot arise from it.
"""

from collections.abc import Mapping, Sequence

from glassgrad.graph.node import Node, make, reachable, workspace
from glassgrad.graph.notes import Backward
from glassgrad.graph.op import Bilinear, Linear, Partial, Pullback, Subgraph, Tangent
from glassgrad.ops.elementwise import add, multiply
from glassgrad.ops.leaves import PROJECT, input_node, outputs_of, zeros
from glassgrad.transforms.forms import carries_derivative, express, form_of, push_subgraph
from glassgrad.transforms.reverse import pull

Many = list[Node | None]


def push(outputs: Sequence[Node], tangents: Mapping[Node, Node]) -> list[Node | None]:
    """The tangents of `outputs` when the nodes in `tangents` move as given; None for an exact zero."""
    if not tangents:
        return [None] * len(outputs)
    moving: dict[Node, Node | None] = dict(tangents)
    several: dict[Node, Many] = {}
    since = min(node.serial for node in tangents) - 1
    for node in reachable(outputs, since):
        if node in moving:
            continue
        if node.op is PROJECT:
            if node.inputs[0] in several:
                moving[node] = several[node.inputs[0]][node.param("index")]
            continue
        given = [moving.get(x) for x in node.inputs]
        if all(d is None for d in given) or not carries_derivative(node):
            continue
        pushed = push_node(node, given)
        if node.op.multiple:
            several[node] = pushed
        else:
            moving[node] = pushed[0]
    return [moving.get(node) for node in outputs]


def push_node(node: Node, tangents: Sequence[Node | None]) -> Many:
    """The tangents of a node's outputs from those of its inputs."""
    here = workspace()
    if node.op in push_subgraph:
        return push_subgraph[node.op](node, tangents)
    total: Many = [None] * len(node.avals)
    linear = [False] * len(node.inputs)
    for position, tangent in enumerate(tangents):
        form = None if tangent is None else form_of(node, position)
        if form is None:
            continue
        if isinstance(form, Linear):
            linear[position] = True
            continue
        if here is not None:
            here.origin = Backward(node, position)
        total = [_plus(a, b) for a, b in zip(total, _push_form(form, node, position, tangent), strict=True)]  # type: ignore[arg-type]  # not None here
    if any(linear):
        total = [_plus(a, b) for a, b in zip(total, _push_linear(node, tangents, linear), strict=True)]
    return total


def _push_form(form: object, node: Node, position: int, tangent: Node) -> Many:
    match form:
        case Partial():
            return [multiply(express(form, node, position), tangent)]
        case Bilinear():
            return _outputs(
                make(node.op, (*node.inputs[:position], tangent, *node.inputs[position + 1 :]), node.params)
            )
        case Tangent():
            return _as_list(express(form, node, position, **{f"d{node.op.slot_name(position)}": tangent}))
        case Pullback():
            marks = [input_node(aval) for aval in node.avals]
            pulled = express(form, node, position, ct=marks if node.op.multiple else marks[0])
            return pull([pulled], [tangent], marks)
        case Subgraph():
            raise AssertionError(f"{node.op.name} has no way to push its graphs")
    raise AssertionError(f"unknown form {form!r}")


def _push_linear(node: Node, tangents: Sequence[Node | None], linear: Sequence[bool]) -> Many:
    """All Linear inputs at once: the op itself applied to their tangents, zero for those that stand still."""
    inputs = []
    for position, (x, tangent) in enumerate(zip(node.inputs, tangents, strict=True)):
        if linear[position] and tangent is not None:
            inputs.append(tangent)
        elif isinstance(node.op.form(position), Linear):
            inputs.append(zeros(x.aval))
        else:
            inputs.append(x)
    return _outputs(make(node.op, tuple(inputs), node.params))


def _outputs(node: Node) -> Many:
    return list(outputs_of(node)) if node.op.multiple else [node]


def _as_list(value: object) -> Many:
    return list(value) if isinstance(value, tuple | list) else [value]  # type: ignore[list-item]  # a rule gives nodes


def _plus(a: Node | None, b: Node | None) -> Node | None:
    return b if a is None else a if b is None else add(a, b)
