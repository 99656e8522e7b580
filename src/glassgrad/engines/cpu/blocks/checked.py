"""Sums found on a shorter way where it loses nothing; elsewhere as they are written, as the run tells. Floor 4."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassgrad.engines.cpu.emit.scalars import COSTS
from glassgrad.engines.cpu.plan.views import VIEWS
from glassgrad.engines.cpu.rebuilt import Now
from glassgrad.graph.graph import Graph, substitute
from glassgrad.graph.node import Node, apply
from glassgrad.ops.control import COND
from glassgrad.ops.leaves import LITERAL, input_node, project
from glassgrad.ops.reduce import all_over
from glassgrad.ops.structure import cast, reshape

_MOST = 32  # nodes that are computed once more


@dataclass(frozen=True, slots=True)
class Checked:
    """Sums, and of each whether it is as good as if it were computed as it is written."""

    value: Node
    sound: Node


def sources(node: Node) -> list[Node] | None:
    """What lies in memory or is small, and the node is computed from by loops; None where much lies between."""
    found: dict[Node, None] = {}
    stack, seen = list(node.inputs), set(node.inputs)
    while stack:
        x = stack.pop()
        if x.op is LITERAL:
            continue
        if x.aval.size < node.inputs[0].aval.size or not (x.op.name in COSTS or x.op.name in VIEWS):
            found[x] = None
            continue
        later = [y for y in x.inputs if y not in seen]
        seen.update(later)
        stack.extend(later)
        if len(seen) > _MOST:
            return None
    return list(found)


def where_sound(found: Checked, node: Node, read: Sequence[Node], now: Now) -> Node:
    """The node: what was found if all of it is sound, else computed from what it is read from."""
    given, own = {x: input_node(x.aval) for x in read}, input_node(node.aval)
    inputs = (own, *given.values())
    branches = (Graph(inputs, tuple(substitute([node], given))), Graph(inputs, (own,)))
    sound = cast(all_over(found.sound, tuple(range(found.sound.ndim))), np.dtype(np.int32))
    operands = (reshape(found.value, node.shape), *[now(x) for x in read])
    return project(apply(COND, sound, *operands, branches=branches), 0)
