"""Batching: a graph for one example becomes a graph for many, with the batch axis in front. Floor 3.

Only what depends on a mapped input gets the axis; the rest is computed once for all examples.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from glassgrad.base.errors import UnsupportedError
from glassgrad.graph.node import Node, make, reachable, workspace
from glassgrad.graph.op import Batched, Elementwise, Op, Shifted, Stacked
from glassgrad.ops.leaves import MARK, PROJECT, outputs_of
from glassgrad.ops.structure import repeated, shifted

Outputs: TypeAlias = list[tuple[Node, bool]]
# For ops that carry graphs: (node, inputs, which are mapped, size) -> the outputs, each with whether it is mapped.
batch_subgraph: dict[Op, Callable[[Node, Sequence[Node], Sequence[bool], int], Outputs]] = {}


def batch(outputs: Sequence[Node], mapped: Mapping[Node, Node], size: int) -> Outputs:
    """The outputs for `size` examples at once.

    `mapped` gives for each mapped input the node that holds all its examples (batch axis in front). The result says
    for each output whether it has the batch axis or is the same for all examples.
    """
    new: dict[Node, tuple[Node, bool]] = {old: (many, True) for old, many in mapped.items()}
    several: dict[Node, Outputs] = {}
    since = min((node.serial for node in mapped), default=0) - 1
    here = workspace()
    for node in reachable(outputs, since):
        if node in new:
            continue
        if node.op is PROJECT:
            if node.inputs[0] in several:
                new[node] = several[node.inputs[0]][node.param("index")]
            continue
        found = [new.get(x, (x, False)) for x in node.inputs]
        inputs, flags = [x for x, _ in found], [is_mapped for _, is_mapped in found]
        if not any(x in new for x in node.inputs):
            continue
        if here is not None:
            here.origin = here.notes.origins.get(node)
        result = _batch_any(node, inputs, flags, size)
        if node.op.multiple:
            several[node] = result
        else:
            (new[node],) = result
    return [new.get(node, (node, False)) for node in outputs]


def _batch_any(node: Node, inputs: list[Node], flags: list[bool], size: int) -> Outputs:
    if not any(flags):
        return [(x, False) for x in _outputs(make(node.op, tuple(inputs), node.params))]
    if node.op in batch_subgraph:
        return batch_subgraph[node.op](node, inputs, flags, size)
    return [(x, True) for x in batch_node(node, inputs, flags, size)]


def batch_node(node: Node, inputs: Sequence[Node], mapped: Sequence[bool], size: int) -> list[Node]:
    """One op applied to inputs of which the mapped ones have the batch axis in front; so have all its outputs."""
    if node.op is MARK:
        return list(inputs)
    match node.op.batching:
        case Elementwise() | Stacked():
            aligned = [_along(x, is_mapped, size) for x, is_mapped in zip(inputs, mapped, strict=True)]
            return _outputs(make(node.op, tuple(aligned), node.params))
        case Shifted(axes, shapes):
            aligned = [_along(x, is_mapped, size) for x, is_mapped in zip(inputs, mapped, strict=True)]
            return _outputs(make(node.op, tuple(aligned), _shift_params(node, axes, shapes, size)))
        case Batched(rule):
            result = rule(list(inputs), list(mapped), size, **dict(node.params))
            return list(result) if isinstance(result, tuple | list) else [result]
    raise UnsupportedError(
        f"{node.op.name} cannot be batched by vmap",
        hint="call the function on each example and join the results: np.stack([f(x) for x in examples])",
    )


def _shift_params(node: Node, axes: Sequence[str], shapes: Sequence[str], size: int) -> tuple[tuple[str, object], ...]:
    params = dict(node.params)
    for name in axes:
        value = params[name]
        params[name] = shifted(value) if isinstance(value, tuple) else value + 1
    for name in shapes:
        params[name] = (size, *params[name])
    return tuple(params.items())


def _along(x: Node, is_mapped: bool, size: int) -> Node:
    return x if is_mapped else repeated(x, size)


def _outputs(node: Node) -> list[Node]:
    return outputs_of(node) if node.op.multiple else [node]
