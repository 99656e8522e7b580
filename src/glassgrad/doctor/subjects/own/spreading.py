"""Where a loss spreads the prediction out against a target of another shape, as the graph has it. Floor 7."""

from collections.abc import Iterator, Sequence

from glassgrad.doctor.subjects.wiring import Shape, Step
from glassgrad.graph.node import Node, reachable
from glassgrad.graph.op import Elementwise


def spreads(loss: Node, predictions: Sequence[Node], target: Shape) -> Iterator[Step]:
    """(a shape, the shape that is made of it) of ops entry by entry that take what comes of a prediction beside
    something of the target's shape, which does not come of it.
    """
    if not predictions:
        return
    between = reachable([loss], min(node.serial for node in predictions))
    moving = set(predictions)
    for node in between:
        if not moving.isdisjoint(node.inputs):
            moving.add(node)
        if not isinstance(node.op.batching, Elementwise):
            continue
        still = [x for x in node.inputs if x not in moving]
        if any(_before(x).shape == target for x in still):
            yield from ((_before(x).shape, node.shape) for x in node.inputs if x in moving)


def _before(node: Node) -> Node:
    """What is broadcast; the node itself where it is not."""
    return node.inputs[0] if node.op.name == "broadcast" else node
