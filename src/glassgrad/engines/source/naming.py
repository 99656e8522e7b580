"""Names for values that the person gave none. Floor 4."""

import builtins
import keyword
from collections.abc import Callable, Iterable

from glassgrad.graph.node import Node
from glassgrad.graph.op import OPS

# What people call the result of an operation; for the rest, the operation and its operand: `exp_z`.
_BY_OP = {
    "multiply": "product",
    "divide": "ratio",
    "subtract": "difference",
    "add": "total",
    "contract": "product",
    "power": "power",
    "sum": "total",
    "where": "chosen",
    "negative": "negated",
    "reshape": "reshaped",
    "transpose": "transposed",
    "broadcast": "spread",
    "greater": "mask",
    "less": "mask",
    "equal": "mask",
    "greater_equal": "mask",
    "less_equal": "mask",
    "not_equal": "mask",
    "index": "part",
    "gather": "part",
    "concatenate": "joined",
    "cast": "values",
}


def _helper_names() -> set[str]:
    """The names of the rows' helper functions, which a value must not take."""
    return {kernel.__name__ for row in OPS.values() for kernel in row.kernels}


class Namer:
    """Hands out names that nobody has."""

    def __init__(self, used: Iterable[str]) -> None:
        self.used = {*used, *_helper_names(), *dir(builtins), *keyword.kwlist, "np", "scipy"}

    def free(self, wanted: str) -> str:
        """`wanted`, with a number where it is taken."""
        name, number = wanted, 1
        while name in self.used:
            number += 1
            name = f"{wanted}_{number}" if wanted[-1:].isdigit() else f"{wanted}{number}"
        self.used.add(name)
        return name


def suggested_name(node: Node, name_of: Callable[[Node], str | None]) -> str:
    """A name for a value that needs one: `mask`, `product`, `exp_z`."""
    while node.op.name in ("reshape", "broadcast", "cast") and node.inputs and name_of(node.inputs[0]) is None:
        (node,) = node.inputs
    known = _BY_OP.get(node.op.name)
    if known is not None:
        return known
    operand = next((name for x in node.inputs if (name := name_of(x)) is not None), None)
    return node.op.name if operand is None or len(node.inputs) > 1 else f"{node.op.name}_{operand}"
