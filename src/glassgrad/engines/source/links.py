"""The backward pass link by link: each derivative of a value with a name is simplified by itself. Floor 4.

A simplifier that sees the whole backward pass melts its links together (`dz = -dx`, numbers multiplied across lines).
Here the derivative of a named value stands, for the links after it, as a placeholder: what a person calls `dz`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from glassgrad.engines.source.bodies import CONTROL, tidied
from glassgrad.graph.node import Node, make, reachable, workspace
from glassgrad.ops.leaves import LITERAL, input_node, outputs_of
from glassgrad.transforms.simplify import simplify


@dataclass(frozen=True, slots=True)
class Links:
    """The derivative of each forward value, where a placeholder may stand; what each placeholder is; the gradients."""

    cotangents: Mapping[Node, Node]
    bodies: Mapping[Node, Node]
    gradients: tuple[Node, ...]
    recorded: frozenset[Node] = frozenset()  # forward values made by loops that also record


def link_by_link(
    cotangents: Mapping[Node, Node],
    gradients: Sequence[Node],
    named: Collection[Node],
    boundary: int,
    recording: Mapping[Node, Node],
) -> Links:
    """The same derivatives, simplified one by one; `named` are the forward values whose derivatives are links.

    `recording` gives, for results of loops, those of the loops that also record what the backward pass needs.
    """
    ends = {cotangents[x] for x in named if x in cotangents and cotangents[x].serial >= boundary}
    new: dict[Node, Node] = {}
    bodies: dict[Node, Node] = {}
    here = workspace()
    assert here is not None
    for node in reachable([*cotangents.values(), *gradients, *recording.values()], boundary - 1):
        inputs = tuple([new.get(x, x) for x in node.inputs])
        here.origin = here.notes.origins.get(node)
        made = node if inputs == node.inputs else make(node.op, inputs, node.params)
        if node.op in CONTROL:  # once, so that equal loops stay one loop
            (made,) = simplify([tidied(made)], frozen=boundary)
            made = tidied(made)
        here.notes.pass_on(node, made)
        if node in ends:
            (made,) = simplify([made], frozen=boundary)
            if made.serial >= boundary and made.op is not LITERAL and made not in bodies:
                placeholder = input_node(made.aval)
                here.notes.pass_on(made, placeholder)
                bodies[placeholder] = made
                made = placeholder
        if made is not node:
            new[node] = made
    found = {x: new.get(derivative, derivative) for x, derivative in cotangents.items()}
    rest = [x for x in found if found[x] not in bodies and found[x].serial >= boundary]
    simplified = simplify([*[new.get(node, node) for node in gradients], *[found[x] for x in rest]], frozen=boundary)
    found.update(zip(rest, simplified[len(gradients) :], strict=True))
    now = {old: new.get(loop, loop) for old, loop in recording.items()}
    bodies.update(now)
    recorded = frozenset({*now.values(), *[loop.inputs[0] for loop in now.values()], *_outputs_read(now.values())})
    return Links(found, bodies, tuple(simplified[: len(gradients)]), recorded)


def _outputs_read(projections: Iterable[Node]) -> list[Node]:
    return [output for node in projections for output in outputs_of(node.inputs[0])]
