"""Leaves and joints of every graph: inputs, captured arrays, literals, marks, projections. Floor 2."""

import struct
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, make, workspace
from glassgrad.graph.op import Linear, Op, op


class Held:
    """A captured array, compared by identity: the graph refers to it and an engine passes it as an input."""

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __repr__(self) -> str:
        return f"{self.array.dtype}{list(self.array.shape)}"


def _given(*_: Aval, **__: Any) -> Aval:
    raise AssertionError("a leaf's aval is given, not inferred")


INPUT = op("input", " -> x", infer=_given, numpy="", batching=None)
ARRAY = op("array", " -> x", infer=_given, numpy="", batching=None)


def _literal_aval(*, bits: bytes, dtype: np.dtype, shape: tuple[int, ...]) -> Aval:
    del bits
    return Aval(shape, dtype)


LITERAL = op("literal", " -> c", infer=_literal_aval, numpy="", batching=None)


MARK = op("mark", "x -> y", infer=lambda x, name: x, numpy="x", batching=None, rule="renaming", x=Linear(lambda ct: ct))


def _project_aval(many: Any, index: int) -> Aval:
    return many[index]  # type: ignore[no-any-return]  # the aval of an op of several outputs is a tuple


PROJECT = op("project", "many -> y", infer=_project_aval, numpy="many[index]", batching=None)


def input_node(aval: Aval) -> Node:
    """A fresh placeholder: equal only to itself, without a number."""
    return Node(INPUT, (), (), aval)


def array_leaf(array: np.ndarray) -> Node:
    """A fresh leaf that refers to an array and so has its numbers."""
    return Node(ARRAY, (), (("held", Held(array)),), Aval(array.shape, array.dtype))


def mark(node: Node) -> Node:
    """A fresh name for the same value, so that a derivative with respect to it is not confused with another."""
    return Node(MARK, (node,), (("name", object()),), node.aval)


def literal(value: Any, dtype: np.dtype, shape: tuple[int, ...] = ()) -> Node:
    """The constant `value`, spread over `shape`."""
    if dtype is _FLOAT64 and type(value) in (float, int):
        bits = _pack_double(value)
    else:
        bits = np.asarray(value).astype(dtype).tobytes()
    return make(LITERAL, (), (("bits", bits), ("dtype", dtype), ("shape", shape)))


_FLOAT64 = np.dtype(np.float64)
_pack_double = struct.Struct("=d").pack


def literal_value(node: Node) -> Any:
    """The number of a literal, as a NumPy scalar."""
    (_, bits), (_, dtype), _ = node.params
    return np.frombuffer(bits, dtype)[0]


def is_literal(node: Node, value: float | None = None) -> bool:
    """Is this node a constant (equal to `value`, where given)?"""
    return node.op is LITERAL and (value is None or bool(literal_value(node) == value))


def zeros(aval: Aval) -> Node:
    """Zeros of this shape and dtype."""
    return literal(0, aval.dtype, aval.shape)


def ones(aval: Aval) -> Node:
    """Ones of this shape and dtype."""
    return literal(1, aval.dtype, aval.shape)


def capture(array: np.ndarray) -> Node:
    """The leaf for an array of the surroundings: one leaf an array in each workspace; small numbers are literals."""
    if array.ndim == 0:
        return literal(array, array.dtype)
    here = workspace()
    if here is None:
        return array_leaf(array)
    found = here.captured.get(id(array))
    if found is None:
        found = here.captured[id(array)] = array_leaf(array)
    return found


def project(node: Node, index: int) -> Node:
    """Output `index` of an op of several outputs."""
    return make(PROJECT, (node,), (("index", index),))


def outputs_of(node: Node) -> list[Node]:
    """All outputs of an op of several outputs."""
    return [project(node, index) for index in range(len(node.aval))]


LEAVES: frozenset[Op] = frozenset({INPUT, ARRAY, LITERAL})
