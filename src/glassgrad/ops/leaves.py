"""Leaves and joints of every graph: inputs, captured arrays, literals, marks, projections. Floor 2."""

import struct
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval, plain_array, show_shape
from glassgrad.base.errors import MutationError
from glassgrad.graph.node import Node, make, workspace
from glassgrad.graph.op import Linear, Op, op


class Held:
    """A captured array, compared by identity: the graph refers to it and an engine passes it as an input.

    `seen` are its bytes when it was captured (of a large array a sample), for a function may write into it later.
    """

    __slots__ = ("array", "seen")

    def __init__(self, array: np.ndarray, seen: bytes | None = None) -> None:
        self.array = array
        self.seen = seen

    @property
    def values(self) -> np.ndarray:
        """The array as it was captured."""
        if self.seen is None or self.array.nbytes > KEPT_BYTES:
            return self.array
        return np.frombuffer(self.seen, self.array.dtype).reshape(self.array.shape)

    def is_unchanged(self) -> bool:
        """Does the array still hold what it held when it was captured?"""
        if self.seen is None or self.seen == bytes_seen(self.array):
            return True
        if self.array.nbytes > KEPT_BYTES:
            raise MutationError(
                f"an array of shape {show_shape(self.array.shape)} was used in the computation and then written into",
                hint="use a copy: x * w.copy(); or make a new array instead of writing into the old one",
            )
        return False

    def still_holds(self) -> bool:
        """As `is_unchanged`, and no error where a large array was written into."""
        return self.seen is None or self.seen == bytes_seen(self.array)

    def follow(self) -> None:
        """Lets `values` be what the array holds from now on, if it is unchanged until now."""
        if self.is_unchanged():
            self.seen = None

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


def array_leaf(array: np.ndarray, seen: bytes | None = None) -> Node:
    """A fresh leaf that refers to an array and so has its numbers."""
    return Node(ARRAY, (), (("held", Held(array, seen)),), Aval(array.shape, array.dtype))


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
    """The leaf for an array of the surroundings: one leaf an array in each workspace; small numbers are literals.

    An array that was written into since it was captured is captured anew.
    """
    if array.ndim == 0:
        number = plain_array(array)
        return literal(number, number.dtype)
    here = workspace()
    if here is None:
        return array_leaf(plain_array(array))
    found = here.captured.get(id(array))
    if found is None or not found.params[0][1].is_unchanged():
        plain_array(array)
        constant = array.flags.owndata and not array.flags.writeable
        found = here.captured[id(array)] = array_leaf(array, None if constant else bytes_seen(array))
    return found


KEPT_BYTES = 1 << 16
_SAMPLED = 512  # elements of a larger array that are looked at


def bytes_seen(array: np.ndarray) -> bytes:
    """The bytes of an array; of a large one a sample of them."""
    if array.nbytes <= KEPT_BYTES:
        return array.tobytes()
    step = max(int((array.size / _SAMPLED) ** (1 / array.ndim)), 1)
    return array[(slice(None, None, step),) * array.ndim].tobytes()


def project(node: Node, index: int) -> Node:
    """Output `index` of an op of several outputs."""
    return make(PROJECT, (node,), (("index", index),))


def outputs_of(node: Node) -> list[Node]:
    """All outputs of an op of several outputs."""
    return [project(node, index) for index in range(len(node.aval))]


LEAVES: frozenset[Op] = frozenset({INPUT, ARRAY, LITERAL})
