"""The laws of a graph. Floor 1. Checked after every transform where `settings(verify=True)`.

1. Inputs come before users (smaller numbers), so there are no cycles.
2. A node's aval is what its op infers from its inputs.
3. Shapes and dtypes are explicit: an op never broadcasts or promotes on its own.
4. Params are hashable; a node holds no array except in an `array` leaf.
5. Only `project` reads a node of several outputs, at an index that exists.
6. A graph that a node carries is closed: it reaches no placeholder but its own inputs.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.base.errors import GraphError
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, reachable

_GIVEN = frozenset({"input", "array"})


def verify(outputs: Sequence[Node]) -> None:
    """Raises GraphError where a node breaks a law."""
    for node in reachable(outputs):
        _check_order(node)
        _check_params(node)
        _check_reads(node)
        if node.op.name not in _GIVEN:
            _check_aval(node)
        for _, value in node.params:
            for graph in value if isinstance(value, tuple) else (value,):
                if isinstance(graph, Graph):
                    verify_closed(graph)


def verify_closed(graph: Graph) -> None:
    """A graph reaches no placeholder but its own inputs, and its nodes keep the laws."""
    own = set(graph.inputs)
    seen = set(graph.outputs)
    stack = [node for node in graph.outputs if node not in own]
    while stack:
        node = stack.pop()
        if node.op.name == "input":
            raise GraphError(f"a graph reaches {node!r}, which is not one of its inputs")
        for x in node.inputs:
            if x not in seen:
                seen.add(x)
                if x not in own:
                    stack.append(x)
    verify([node for node in graph.outputs if node not in own])


def _check_order(node: Node) -> None:
    for x in node.inputs:
        if x.serial >= node.serial:
            raise GraphError(f"{node!r} uses {x!r}, which was made after it")


def _check_params(node: Node) -> None:
    for name, value in node.params:
        if isinstance(value, np.ndarray):
            raise GraphError(f"{node!r} holds an array in {name!r}", hint="captured arrays are leaves of their own")
        try:
            hash(value)
        except TypeError as error:
            raise GraphError(f"{node!r} has a param {name!r} that cannot be hashed") from error


def _check_reads(node: Node) -> None:
    for x in node.inputs:
        if x.op.multiple and node.op.name != "project":
            raise GraphError(f"{node!r} reads {x!r}, which has several outputs")


def _check_aval(node: Node) -> None:
    inferred: Any = node.op.infer(*[x.aval for x in node.inputs], **dict(node.params))
    if inferred != node.aval:
        raise GraphError(f"{node!r} is inferred to be {_shown(inferred)}")


def _shown(aval: Any) -> str:
    return str(aval) if isinstance(aval, Aval) else ", ".join(map(str, aval))
