"""Which indices a program makes itself, so that they are known to lie inside of what they point into. Floor 4."""

import numpy as np

from glassgrad.engines.cpu.plan.views import VIEWS
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL, literal_value

_DEPTH = 8  # steps that are looked back
_ORDERS = frozenset({"argsort", "argmax", "argmin", "order_of_lines"})


def reach(node: Node, depth: int = _DEPTH) -> tuple[int, int] | None:
    """The smallest and the largest value that a whole number can have; None where that is not known."""
    name = node.op.name
    if node.op.multiple or node.dtype.kind not in "iub" or not depth:
        return None
    if node.op is LITERAL:
        return (int(literal_value(node)),) * 2
    if name in _ORDERS:
        return _places(node)
    if name in VIEWS:
        return reach(node.inputs[0], depth - 1)
    if name == "cast":
        return _within(reach(node.inputs[0], depth - 1), node.dtype) or _of_narrow(node.dtype)
    if name in ("minimum", "maximum"):
        return _bounded(node, depth)
    if name == "remainder":
        by = reach(node.inputs[1], depth - 1)
        return (0, by[1] - 1) if by is not None and by[0] > 0 else _of_narrow(node.dtype)
    return _of_narrow(node.dtype)


def _of_narrow(dtype: np.dtype) -> tuple[int, int] | None:
    """All that numbers of less than 64 bits can be."""
    if dtype.kind == "b":
        return 0, 1
    limits = np.iinfo(dtype)
    return (int(limits.min), int(limits.max)) if dtype.itemsize < np.dtype(np.int64).itemsize else None


def _places(node: Node) -> tuple[int, int]:
    """Places along an axis, or among all elements."""
    x, axis = node.inputs[0], dict(node.params).get("axis", -1)
    return 0, (x.shape[axis] if isinstance(axis, int) and x.ndim else x.aval.size) - 1


def _within(found: tuple[int, int] | None, dtype: np.dtype) -> tuple[int, int] | None:
    if found is None or dtype.kind == "b":
        return found and (0, 1)
    limits = np.iinfo(dtype)
    return found if limits.min <= found[0] and found[1] <= limits.max else None


def _bounded(node: Node, depth: int) -> tuple[int, int] | None:
    """A number that is held below or above another one."""
    limits = np.iinfo(node.dtype) if node.dtype.kind in "iu" else None
    if limits is None:
        return 0, 1
    whole = int(limits.min), int(limits.max)
    a, b = [reach(x, depth - 1) or whole for x in node.inputs]
    pick = min if node.op.name == "minimum" else max
    return pick(a[0], b[0]), pick(a[1], b[1])
