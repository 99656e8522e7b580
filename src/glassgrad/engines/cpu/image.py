"""A program as it lies on disk: its code, and what the process that loads it must know to run it. Floor 4.

It holds no graph: ops that the host computes are kept by name, captured arrays by their number in the fingerprint.
"""

import pickle
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.fingerprint import Fingerprint, is_plain
from glassgrad.graph.node import Node
from glassgrad.graph.op import OPS
from glassgrad.ops.leaves import LITERAL, Held, input_node

_MOST_ARRAYS = 1 << 22  # bytes of arrays of the program's own that are kept with it


@dataclass(frozen=True, slots=True)
class HostOp:
    """An op that the host computes: its name and static facts; for each operand its aval, or the facts of a literal."""

    name: str
    params: tuple[tuple[str, Any], ...]
    operands: tuple[Aval | tuple[tuple[str, Any], ...], ...]
    avals: tuple[Aval, ...]

    def node(self) -> Node:
        """The op on operands that stand for those of the program."""
        op = OPS[self.name]
        inputs = tuple([_operand(operand) for operand in self.operands])
        return Node(op, inputs, self.params, self.avals if op.multiple else self.avals[0])


def _operand(operand: Any) -> Node:
    if isinstance(operand, Aval):
        return input_node(operand)
    facts = dict(operand)
    return Node(LITERAL, (), operand, Aval(facts["shape"], facts["dtype"]))


@dataclass(frozen=True, slots=True)
class Image:
    """`elements` is how many a run computes, `calls` whether it calls what takes its time.

    `captured` are numbers of arrays that the graph refers to, or arrays that the program has made for itself;
    `refusals` which op does not take a matrix, and why.
    """

    code: bytes
    exported: tuple[str, ...]
    symbols: tuple[str, ...]
    arena_bytes: int
    elements: int
    calls: bool
    host: tuple[HostOp, ...] = ()
    captured: tuple[int | np.ndarray, ...] = ()
    taken: tuple[tuple[int, int], ...] = ()  # results and the arguments that they are written over
    refusals: tuple[tuple[str, str], ...] = ()

    def arrays(self, known: Sequence[Held]) -> tuple[Held, ...]:
        """The captured arrays, those of the graph at hand."""
        return tuple([known[array] if isinstance(array, int) else Held(array) for array in self.captured])


def host_ops(nodes: Sequence[Node]) -> tuple[HostOp, ...] | None:
    """The ops by name; None where one of them is no row of the table or holds more than plain facts."""
    found = []
    for node in nodes:
        if OPS.get(node.op.name) is not node.op or not is_plain(node.params):
            return None
        operands = tuple([x.params if x.op is LITERAL else x.aval for x in node.inputs])
        found.append(HostOp(node.op.name, node.params, operands, node.avals))
    return tuple(found)


def captured_arrays(held: Sequence[Held], known: Fingerprint) -> tuple[int | np.ndarray, ...] | None:
    """The arrays by number or as they are; None where the program's own are too many to be kept."""
    number = {array: place for place, array in enumerate(known.arrays)}
    found = tuple([number[array] if array in number else np.array(array.values) for array in held])
    own = sum([array.nbytes for array in found if not isinstance(array, int)])
    return found if own <= _MOST_ARRAYS else None


def packed(image: Image) -> bytes:
    """The image as bytes."""
    facts = tuple([getattr(image, name) for name in image.__slots__])
    return pickle.dumps(facts, protocol=pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> Image | None:
    """The image in these bytes; None where this process does not know one of its ops.

    The bytes come from the cache, whose code is run: whoever can write there needs no pickle to do harm.
    """
    with suppress(Exception):
        image = Image(*pickle.loads(data))  # noqa: S301 - as said
        if all(op.name in OPS for op in image.host):
            return image
    return None
