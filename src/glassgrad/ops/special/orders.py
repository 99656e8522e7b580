"""Neighbours in a family of functions: the order n ± 1, as a number where n is one. Floor 2."""

from glassgrad.graph.node import Node
from glassgrad.ops.leaves import is_literal, literal, literal_value


def number_like(value: float, node: Node) -> Node:
    """The number at the dtype and shape of a node."""
    return literal(value, node.dtype, node.shape)


def shift(order: Node, step: int) -> Node:
    """`order + step`, done at once where the order is a number."""
    return number_like(literal_value(order) + step, order) if is_literal(order) else order + step


NO_ORDER = "the derivative with respect to the order has no closed form; hold the order constant"
