"""Complex values as pairs of real ones: the graph of real and imaginary parts that the loops compute. Floor 4.

A complex array lies in memory as an array of real numbers with one more axis of two, and so it is read and written.
An op without a rule here is computed by the host, on complex values put together for it.
"""

from collections.abc import Sequence

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.complex_formulas import FORMULAS, Pair, parts_as
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, make, reachable
from glassgrad.graph.op import Op
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL
from glassgrad.ops.leaves import ARRAY, LITERAL, MARK, input_node, literal, literal_value, mark, project
from glassgrad.ops.shape import stack


def _pairs_aval(x: Aval) -> Aval:
    return Aval((*x.shape, 2), real_dtype(x.dtype))


def _joined_aval(pairs: Aval) -> Aval:
    return Aval(pairs.shape[:-1], np.result_type(pairs.dtype, np.complex64))


def real_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype of a complex number's parts."""
    return np.empty(0, dtype).real.dtype


# The same memory seen otherwise: each is a copy in the program, where the host's ops need complex values.
PAIRS = Op("pairs", ("x",), ("pairs",), _pairs_aval, "", {}, None)
JOINED = Op("joined", ("pairs",), ("x",), _joined_aval, "", {}, None)

# Ops that treat both parts alike: they move values, choose among them, or add them up.
_ALIKE = frozenset({
    "broadcast", "reshape", "transpose", "index", "diagonal", "roll", "read_places", "concatenate", "stack", "pad",
    "index_add", "index_update", "add_places", "put_diagonal", "tril", "triu", "sum", "mean", "cumsum", "negative",
    "positive", "stop_gradient", "mark",
})  # fmt: skip


def is_complex(node: Node) -> bool:
    """Is one of its outputs complex?"""
    return any(aval.dtype.char in "FD" for aval in node.avals)


def in_planes(inputs: Sequence[Node], outputs: Sequence[Node]) -> tuple[tuple[Node, ...], list[Node]]:
    """The same function of real inputs to real outputs, each complex one with a last axis of two."""
    order = reachable(outputs)
    if not any(is_complex(node) for node in (*inputs, *order)):
        return tuple(inputs), list(outputs)
    planes = _Planes()
    given = tuple([planes.input(node) if is_complex(node) else node for node in inputs])
    for node in order:
        if node not in planes.done:
            planes.add(node)
    return given, [planes.whole(node) if is_complex(node) else planes.real.get(node, node) for node in outputs]


class _Planes:
    """What stands for each value so far: `real` for a real one, `pair` or `joint` (or both) for a complex one."""

    def __init__(self) -> None:
        self.real: dict[Node, Node] = {}
        self.pair: dict[Node, Pair] = {}
        self.joint: dict[Node, Node] = {}
        self.done: set[Node] = set()

    def input(self, node: Node) -> Node:
        """The input that takes the place of a complex one."""
        self.joint[node] = input_node(_pairs_aval(node.aval))
        self.done.add(node)
        return self.joint[node]

    # ------------------------------------------------------------------ how a value is asked for
    def parts(self, node: Node) -> Pair:
        """The real and the imaginary part."""
        if not is_complex(node):
            x = self.real.get(node, node)
            return x, literal(0, x.dtype, x.shape)
        found = self.pair.get(node)
        if found is None:
            pairs, lead = self.joint[node], (FULL,) * node.ndim
            found = self.pair[node] = index(pairs, (*lead, 0)), index(pairs, (*lead, 1))
        return found

    def whole(self, node: Node) -> Node:
        """The pairs side by side."""
        found = self.joint.get(node)
        if found is None:
            found = self.joint[node] = stack(self.pair[node], axis=node.ndim)
        return found

    def _host_input(self, node: Node) -> Node:
        return make(JOINED, (self.whole(node),)) if is_complex(node) else self.real.get(node, node)

    # ------------------------------------------------------------------ how a value comes about
    def add(self, node: Node) -> None:
        """The parts of a node whose inputs have theirs."""
        if node.op is LITERAL and is_complex(node):
            number, dtype = literal_value(node), real_dtype(node.dtype)
            self.pair[node] = literal(number.real, dtype, node.shape), literal(number.imag, dtype, node.shape)
        elif node.op is ARRAY and is_complex(node):
            self.joint[node] = make(PAIRS, (node,))
        elif node.op.name == "project":
            self._project(node)
        elif any(type(value) is Graph for _, value in node.params) or node.op.name == "cond":
            self._with_bodies(node)
        elif not is_complex(node) and not any(is_complex(x) for x in node.inputs):
            self._real(node)
        elif node.op is PAIRS and node.inputs[0] in self.joint:
            self.real[node] = self.joint[node.inputs[0]]
        elif node.op is JOINED:
            self.joint[node] = self.real.get(node.inputs[0], node.inputs[0])
        elif not self._by_parts(node):
            self._by_host(node)

    def _real(self, node: Node) -> None:
        inputs = tuple([self.real.get(x, x) for x in node.inputs])
        if inputs != node.inputs:
            self.real[node] = make(node.op, inputs, node.params)

    def _project(self, node: Node) -> None:
        source = self.real.get(node.inputs[0], node.inputs[0])
        found = project(source, node.param("index"))
        if not is_complex(node):
            self.real[node] = found
        else:
            self.joint[node] = make(PAIRS, (found,)) if is_complex(found) else found

    def _by_parts(self, node: Node) -> bool:
        rule = FORMULAS.get(node.op.name)
        if node.op.name in _ALIKE:
            values = [x for x in node.inputs if is_complex(x)]
            others = [x for x in node.inputs if not is_complex(x) and x.dtype.kind == "f"]
            if not is_complex(node) or (others and len(values) < len(node.inputs)):
                return False
            self.pair[node] = self._side(node, 0), self._side(node, 1)
            return True
        if rule is None or any(x.dtype.char not in "FDfd?bhilqBHILQ" for x in node.inputs):
            return False
        found = rule(node, *[parts_as(node, x, self.parts(x)) for x in node.inputs])
        if isinstance(found, tuple):
            self.pair[node] = found
        else:
            self.real[node] = found
        return True

    def _side(self, node: Node, side: int) -> Node:
        inputs = [self.parts(x)[side] if is_complex(x) else self.real.get(x, x) for x in node.inputs]
        return mark(inputs[0]) if node.op is MARK else make(node.op, tuple(inputs), node.params)

    def _by_host(self, node: Node) -> None:
        made = make(node.op, tuple([self._host_input(x) for x in node.inputs]), node.params)
        if node.op.multiple or not is_complex(node):
            self.real[node] = made
        else:
            self.joint[node] = make(PAIRS, (made,))

    def _with_bodies(self, node: Node) -> None:
        """A loop, a branch or a call: its bodies take and give pairs."""
        params = tuple([(name, _bodies_in_planes(value)) for name, value in node.params])
        inputs = tuple([self.whole(x) if is_complex(x) else self.real.get(x, x) for x in node.inputs])
        self.real[node] = make(node.op, inputs, params)


def _bodies_in_planes(value: object) -> object:
    if type(value) is Graph:
        inputs, outputs = in_planes(value.inputs, value.outputs)
        return value if inputs == value.inputs and outputs == list(value.outputs) else Graph(inputs, tuple(outputs))
    if type(value) is tuple and value and all(type(part) is Graph for part in value):
        return tuple([_bodies_in_planes(part) for part in value])
    return value
