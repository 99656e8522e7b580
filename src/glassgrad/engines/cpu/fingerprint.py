"""What a graph computes, as bytes: the same in every process for graphs that are alike. Floor 4.

Ops by name, inputs by number, static facts by their text. Captured arrays count by shape and dtype alone, for a program
is handed them as it runs. A graph that holds a function of the user has no such bytes.
"""

from dataclasses import dataclass, field
from hashlib import blake2b
from types import EllipsisType, NoneType
from typing import Any

import numpy as np

from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.graph.op import OPS
from glassgrad.ops.control import WHILE
from glassgrad.ops.leaves import Held

_PLAIN = frozenset({int, float, complex, bool, str, bytes, NoneType, EllipsisType, np.dtype})


class NoFingerprintError(Exception):
    """The graph holds something that another process cannot know again."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`digest` stands for the graph; `arrays` are those that it refers to, in an order that belongs to the digest."""

    digest: bytes
    arrays: tuple[Held, ...]


def fingerprint(graph: Graph) -> Fingerprint | None:
    """The graph's fingerprint, or None where it has none."""
    reader = _Reader()
    try:
        reader.graph(graph)
    except NoFingerprintError:
        return None
    return Fingerprint(blake2b("\n".join(reader.lines).encode(), digest_size=32).digest(), tuple(reader.arrays))


def is_plain(value: Any) -> bool:
    """Does the value consist of numbers, text and tuples of them?"""
    kind = type(value)
    if kind in _PLAIN or issubclass(kind, (np.dtype, np.generic)):
        return True
    return issubclass(kind, tuple) and all(is_plain(part) for part in value)


@dataclass(eq=False, slots=True)
class _Reader:
    lines: list[str] = field(default_factory=list)
    arrays: dict[Held, int] = field(default_factory=dict)
    marks: dict[object, int] = field(default_factory=dict)
    graphs: dict[Graph, int] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)  # that only the run will tell: each is a fresh number

    def graph(self, graph: Graph) -> int:
        """Writes the graph unless it is there already, and gives its number."""
        if graph in self.graphs:
            return self.graphs[graph]
        number: dict[Node, int] = {}
        for node in (*graph.inputs, *graph.nodes()):
            if node not in number:
                self._node(node, number)
                number[node] = len(number)
        inputs = ",".join([str(number[node]) for node in graph.inputs])
        outputs = ",".join([str(number[node]) for node in graph.outputs])
        self.lines.append(f"graph {inputs} -> {outputs}")
        self.graphs[graph] = len(self.graphs)
        return self.graphs[graph]

    def _node(self, node: Node, number: dict[Node, int]) -> None:
        name = node.op.name
        if OPS.get(name) is not node.op:
            raise NoFingerprintError
        inputs = ",".join([str(number[x]) for x in node.inputs])
        if node.op is WHILE:  # its length is a fresh number, also where nothing has that length
            self._shape((node.param("length"),))
        avals = ";".join([f"{aval.dtype.str}{self._shape(aval.shape)}" for aval in node.avals])
        params = self._text(node.params) if node.params else ""
        self.lines.append(f"{name} {inputs} {params} {avals}")

    def _shape(self, shape: tuple[int, ...]) -> str:
        if all(size >= 0 for size in shape):
            return str(shape)
        for size in shape:
            if size < 0:
                self.lengths.setdefault(size, len(self.lengths))
        return self._text(shape)

    def _text(self, value: Any) -> str:
        kind = type(value)
        if kind is int and value in self.lengths:
            return f"length {self.lengths[value]}"
        if kind in _PLAIN:
            return repr(value)
        if issubclass(kind, tuple):
            return f"{kind.__name__}({','.join([self._text(part) for part in value])})"
        if issubclass(kind, (np.dtype, np.generic)):
            return f"{kind.__name__} {value!r}"
        if kind is Graph:
            return f"graph {self.graph(value)}"
        if kind is Held:
            return f"array {self.arrays.setdefault(value, len(self.arrays))}"
        if kind is object:  # a fresh name for a value
            return f"mark {self.marks.setdefault(value, len(self.marks))}"
        raise NoFingerprintError
