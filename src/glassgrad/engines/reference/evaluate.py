"""Numbers for single nodes while a trace is still growing: each is computed once and remembered. Floor 4."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassgrad.base.errors import ConcretizationError
from glassgrad.engines.reference.program import constant, kernel_of
from glassgrad.engines.reference.refusal import refused
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import ARRAY, INPUT, LITERAL


def evaluate(outputs: Sequence[Node], values: dict[Node, Any]) -> list[Any]:
    """The numbers of `outputs`; `values` holds what is known and takes what is computed on the way."""
    needed: set[Node] = set()
    stack = [node for node in outputs if node not in values]
    needed.update(stack)
    while stack:
        node = stack.pop()
        if node.op is INPUT:
            raise ConcretizationError(
                "this value has no number here: it stands for many (under jit, vmap or in a loop's body)",
                hint="compute with it, or give it back from the function and look at its number outside",
            )
        for x in node.inputs:
            if x not in values and x not in needed:
                needed.add(x)
                stack.append(x)
    with np.errstate(all="ignore"):
        for node in sorted(needed, key=lambda node: node.serial):
            if node.op is LITERAL or node.op is ARRAY:
                values[node] = constant(node, {})
            else:
                values[node] = _computed(node, values)
    return [values[node] for node in outputs]


def _computed(node: Node, values: dict[Node, Any]) -> Any:
    try:
        return kernel_of(node)(*[values[x] for x in node.inputs])
    except np.linalg.LinAlgError as error:
        raise refused(node, error) from error
