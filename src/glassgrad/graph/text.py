"""A graph as text, one line a node: for people who look inside, for golden tests, for error messages. Floor 1."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node


def text(graph: Graph) -> str:
    """The graph with names a, b, c … for its nodes.

    inputs   a f64[3], b f64[]
    c f64[3] = broadcast(b) shape=(3,)
    d f64[3] = multiply(a, c)
    outputs  d
    """
    return "\n".join(lines(graph))


def lines(graph: Graph, indent: str = "") -> Iterator[str]:
    """The lines of `text`, with the graphs that nodes carry indented below them."""
    names = _names(graph)
    yield f"{indent}inputs   {', '.join(f'{names[node]} {node.aval}' for node in graph.inputs) or 'none'}"
    given = set(graph.inputs)
    for node in graph.nodes():
        if node in given or node.op.name == "literal":
            continue
        operands = ", ".join(_operand(x, names) for x in node.inputs)
        plain = [(name, value) for name, value in node.params if not _graphs_in(value)]
        facts = "".join(f" {name}={_fact(value)}" for name, value in plain)
        yield f"{indent}{names[node]} {_show_aval(node.aval)} = {node.op.name}({operands}){facts}"
        for name, value in node.params:
            for inner in _graphs_in(value):
                yield f"{indent}    {name}:"
                yield from lines(inner, indent + "        ")
    yield f"{indent}outputs  {', '.join(_operand(node, names) for node in graph.outputs)}"


def _names(graph: Graph) -> dict[Node, str]:
    shown = [node for node in graph.nodes() if node.op.name != "literal"]
    return {node: _letters(index) for index, node in enumerate(shown)}


def _letters(index: int) -> str:
    """The names a, b, …, z, aa, ab and so on."""
    name = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        name = chr(ord("a") + digit) + name
    return name


def _operand(node: Node, names: dict[Node, str]) -> str:
    return names[node] if node in names else _literal(node)


def _literal(node: Node) -> str:
    (_, bits), (_, dtype), (_, shape) = node.params
    value = np.frombuffer(bits, dtype)[0]
    return f"{value}" if not shape else f"{value}:{node.aval}"


def _show_aval(aval: Aval | tuple[Aval, ...]) -> str:
    return str(aval) if isinstance(aval, Aval) else f"({', '.join(str(one) for one in aval)})"


def _graphs_in(value: Any) -> list[Graph]:
    if isinstance(value, Graph):
        return [value]
    return [one for one in value if isinstance(one, Graph)] if isinstance(value, tuple) else []


def _fact(value: Any) -> str:
    shown = str(value) if isinstance(value, np.dtype) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
