"""What does not vary along the axes that are reduced, and the reduction that it follows from. Floor 4."""

from glassgrad.engines.cpu.blocks.split import Shape
from glassgrad.graph.node import Node
from glassgrad.graph.op import Op
from glassgrad.ops.leaves import LITERAL, literal, literal_value
from glassgrad.ops.structure import BROADCAST, broadcast, kept_shape, reshape

NEAR = 16  # nodes between a reduction and what is made of it


def steady(node: Node, axes: Shape) -> Node | None:
    """What a value that does not vary along the axes is broadcast from; None where it may vary."""
    if node.op is LITERAL:
        return literal(literal_value(node), node.dtype, ())
    if node.op is not BROADCAST:
        return None
    (x,) = node.inputs
    varies = [size != 1 for size in _padded(x.shape, node.ndim)]
    return None if any(varies[axis] for axis in axes) else x


def with_axes(node: Node, axes: Shape, shape: Shape) -> Node:
    """What is broadcast to the shape, with the axes of size 1."""
    return broadcast(reshape(node, _padded(node.shape, len(shape))), kept_shape(shape, axes))


def _padded(shape: Shape, ndim: int) -> Shape:
    return (1,) * (ndim - len(shape)) + shape


def reduction_behind(node: Node, op: Op, x: Node, axes: Shape) -> Node | None:
    """The reduction of x over the axes that a value follows from, if it is near."""
    stack, seen = [node], {node}
    while stack and len(seen) <= NEAR:
        node = stack.pop()
        if node.op is op and node.inputs[0] is x and node.param("axes") == axes:
            return node
        later = [y for y in node.inputs if y.serial > x.serial and y not in seen]
        seen.update(later)
        stack.extend(later)
    return None
