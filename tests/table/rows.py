"""The rows and cases under test, and the graphs they make."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.api import pipeline as _pipeline  # noqa: F401 - binds NumPy's functions and with them every row
from glassgrad.base.avals import Aval
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import make, working
from glassgrad.graph.op import OPS, Op, Subgraph, Undefined
from glassgrad.ops.leaves import input_node, outputs_of
from tests.table.case import Case, inputs_of

# Rows that are no function of arrays, with the reason. Rows that carry graphs have tests of their own (tests/control).
EXCLUDED = {
    "input": "a placeholder",
    "array": "a captured array",
    "literal": "a constant",
    "mark": "another name for the same value",
    "project": "one output of a row of several",
}
ROWS = {
    name: row
    for name, row in OPS.items()
    if name not in EXCLUDED and not any(isinstance(form, Subgraph) for form in row.derivative.values())
}


def _collect() -> list[Case]:
    cases: list[Case] = []
    for found in sorted(Path(__file__).with_name("cases").glob("[!_]*.py")):
        cases.extend(importlib.import_module(f"tests.table.cases.{found.stem}").CASES)
    return cases


CASES = _collect()


def differentiable(row: Op) -> bool:
    """Does the row state a derivative for any input?"""
    return any(not isinstance(form, Undefined) for form in row.derivative.values())


def held_inputs(row: Op, count: int) -> list[int]:
    """The inputs that stand still: those without a derivative."""
    return [index for index in range(count) if isinstance(row.form(index), Undefined | None)]


def params_of(case: Case) -> tuple[tuple[str, Any], ...]:
    """The params as a node holds them."""
    return tuple(sorted(case.params.items()))


def graph_of(case: Case, values: list[Any]) -> Graph:
    """The row applied to inputs like these values."""
    nodes = tuple([input_node(Aval(np.shape(value), np.asarray(value).dtype)) for value in values])
    with working():
        node = make(OPS[case.op], nodes, params_of(case))
        return Graph(nodes, tuple(outputs_of(node)) if node.op.multiple else (node,))


def sample(case: Case, dtype: str) -> tuple[Graph, list[Any]]:
    """The case's graph and inputs at this dtype."""
    values = inputs_of(case, dtype)
    return graph_of(case, values), values
