"""How many operations on floating-point numbers a graph takes: one for each element, two for a multiply-add. Floor 6.

Moving, comparing, choosing and converting count nothing; a softmax counts the five steps that it is made of.
"""

from collections.abc import Iterable
from math import prod

from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.graph.op import Elementwise
from glassgrad.ops.contract import parts

_FREE = frozenset(
    (
        *("cast", "mark", "stop_gradient", "positive", "where", "isnan", "isinf", "isfinite", "signbit", "copysign"),
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
        *("logical_and", "logical_or", "logical_xor", "logical_not"),
    )
)
_REDUCTIONS = frozenset(("sum", "mean", "max", "min", "prod", "cumsum", "cumprod"))
_STEPS = {"softmax": 5, "log_softmax": 5, "logsumexp": 4, "var": 4, "std": 4, "recurrence": 2}  # for each element


def flops_of(nodes: Iterable[Node]) -> int:
    """The operations of these nodes; those of loops for all their steps."""
    return sum(_flops(node) for node in nodes)


def _flops(node: Node) -> int:
    name = node.op.name
    if name == "scan":
        return int(node.param("length")) * _of_graph(node.param("body"))
    if name == "cond":
        return max(_of_graph(branch) for branch in node.param("branches"))
    if name in ("call", "custom"):
        return _of_graph(node.param("graph"))
    if node.op.multiple or node.dtype.kind not in "fc":
        return 0
    if name == "contract":
        return 2 * _points(node)
    if name in ("conv", "conv_input", "conv_weight"):
        return 2 * _multiplications(node)
    if name in ("max_pool", "avg_pool"):
        return node.aval.size * prod(map(int, node.param("window")))
    if name in _REDUCTIONS:
        return node.inputs[0].aval.size
    if name in _STEPS:
        return _STEPS[name] * node.inputs[0].aval.size
    is_elementwise = isinstance(node.op.batching, Elementwise) and bool(node.inputs) and name not in _FREE
    return node.aval.size if is_elementwise else 0


def _of_graph(graph: Graph) -> int:
    return flops_of(graph.nodes())


def _points(node: Node) -> int:
    """The multiplications of a contraction: one for each combination of its letters."""
    left, right, _ = parts(node.param("spec"))
    sizes = dict(zip(left + right, node.inputs[0].shape + node.inputs[1].shape, strict=True))
    return prod(sizes.values())


def _multiplications(node: Node) -> int:
    """Those of a convolution, its transpose or its window's derivative: each of the places with each of the window."""
    match node.op.name:
        case "conv":
            weight, places = node.inputs[1].shape, node.shape
        case "conv_input":
            weight, places = node.inputs[0].shape, node.inputs[1].shape
        case _:
            weight, places = node.shape, node.inputs[1].shape
    return prod(places) * prod(weight[1:])
