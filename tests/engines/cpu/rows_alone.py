"""One row of the table on the CPU engine and on the reference engine, at values that a test gives."""

from typing import Any

import numpy as np

from glassgrad.api import pipeline as _pipeline  # noqa: F401 - binds NumPy's functions and with them every row
from glassgrad.base.avals import Aval
from glassgrad.engines import reference
from glassgrad.engines.cpu.program import compile_graph
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import make, working
from glassgrad.graph.op import OPS
from glassgrad.ops.leaves import input_node, outputs_of


def both(name: str, *values: np.ndarray, **params: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """What the engine and what the reference gives, output by output; nothing is left to the host."""
    inputs = tuple([input_node(Aval(value.shape, value.dtype)) for value in values])
    with working():
        node = make(OPS[name], inputs, tuple(sorted(params.items())))
        graph = Graph(inputs, tuple(outputs_of(node)) if node.op.multiple else (node,))
    program = compile_graph(graph)
    assert not program.module.host, f"the host computes {[left.op.name for left in program.module.host]}"
    found, wanted = program(*values), reference.compile_graph(graph)(*values)
    pairs = [(a, np.asarray(b)) for a, b in zip(found, wanted, strict=True)]
    assert all((a.shape, a.dtype) == (b.shape, b.dtype) for a, b in pairs)
    return pairs


def is_same(name: str, *values: np.ndarray, **params: Any) -> bool:
    """Does the engine give the reference's values, bit by bit (any NaN is like any other)?"""
    for found, wanted in both(name, *values, **params):
        same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
        if found.dtype.kind == "f":
            same &= (np.signbit(found) == np.signbit(wanted)) | np.isnan(found)
        if not same.all():
            return False
    return True
