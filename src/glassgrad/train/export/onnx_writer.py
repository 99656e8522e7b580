"""What an ONNX graph is made of while it is written: its nodes, its constants, names, and sizes in the number of
examples. Floor 7.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassgrad.graph.node import Node
from glassgrad.ops.leaves import ARRAY, LITERAL, literal_value
from glassgrad.train.export.network import Network, is_made, is_uniform

OPSET = 18
IR_VERSION = 9  # what goes with opset 18; newer ones are not read everywhere


@dataclass(slots=True)
class OnnxWriter:
    """The nodes so far (of the graph, or of a loop's body inside it) and the name of each value."""

    network: Network
    outer: "OnnxWriter | None" = None
    nodes: list[Any] = field(default_factory=list)
    values: dict[Node, str] = field(default_factory=dict)
    several: dict[Node, list[str]] = field(default_factory=dict)  # of rows with several results
    constants: dict[Any, tuple[str, np.ndarray]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    @property
    def root(self) -> "OnnxWriter":
        """The writer of the whole graph, which has the constants."""
        return self if self.outer is None else self.outer.root

    def free(self, wanted: str) -> str:
        """A name that no value has."""
        used = self.root.used
        name, number = wanted, 1
        while name in used:
            number += 1
            name = f"{wanted}_{number}"
        used.add(name)
        return name

    def emit(self, kind: str, *inputs: str, wanted: str | None = None, **attributes: Any) -> str:
        """A node with one result, and the result's name."""
        return self.emit_several(kind, inputs, [wanted or kind.lower()], **attributes)[0]

    def emit_several(self, kind: str, inputs: Sequence[str], wanted: Sequence[str], **attributes: Any) -> list[str]:
        """A node with several results."""
        from onnx import helper

        names = [self.free(name) for name in wanted]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def rename(self, name: str, wanted: str) -> None:
        """Gives a value another name, by a node that passes it on."""
        from onnx import helper

        self.nodes.append(helper.make_node("Identity", [name], [wanted]))

    # ------------------------------------------------------------------ constants
    def constant(self, array: np.ndarray, wanted: str = "constant") -> str:
        """An array of the file; equal ones are one."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        constants = self.root.constants
        if key not in constants:
            constants[key] = (self.free(wanted), array)
        return constants[key][0]

    def numbers(self, values: Sequence[int]) -> str:
        """Whole numbers, as operators take axes and shapes."""
        return self.constant(np.array(values, np.int64), "numbers")

    # ------------------------------------------------------------------ sizes
    def shape(self, shape: Sequence[int]) -> str:
        """A shape as a value, with the number of examples as the input has it."""
        if not any(self.network.is_batch(size) for size in shape):
            return self.numbers(shape)
        return self.emit("Concat", *[self._size(size) for size in shape], axis=0, wanted="shape")

    def _size(self, size: int) -> str:
        batch = self.network.batch
        if batch is None or not self.network.is_batch(size):
            return self.numbers([size])
        first = self.root.values[self.network.inputs[0]]
        count = self.emit("Shape", first, start=0, end=1, wanted="batch")
        return count if size == batch else self.emit("Mul", count, self.numbers([size // batch]))

    # ------------------------------------------------------------------ values
    def known(self, node: Node) -> str | None:
        """The name of a value that is written, here or around."""
        found = self.values.get(node)
        return found if found is not None or self.outer is None else self.outer.known(node)

    def value(self, node: Node) -> str:
        """The name of a value at its full shape."""
        found = self.known(node)
        if found is None:
            assert node.op is LITERAL or node.op is ARRAY, f"{node} stands before its users"
            found = self.values[node] = self._leaf(node)
        return found

    def _leaf(self, node: Node) -> str:
        array = np.asarray(literal_value(node)) if node.op is LITERAL else node.param("held").values
        if node.op is LITERAL:
            number = self.constant(array, "number")
            return number if not node.shape else self.emit("Expand", number, self.shape(node.shape))
        if not any(self.network.is_batch(size) for size in node.shape) or not is_made(array):
            return self.constant(array, self.network.names.get(node, "constant"))
        if is_uniform(array):
            return self.emit("Expand", self.constant(np.asarray(array.flat[0]), "number"), self.shape(node.shape))
        count = self.emit("ReduceProd", self.shape(node.shape), keepdims=0)
        ends = [self.constant(np.array(number, np.int64), "number") for number in (0, 1)]
        counting = self.emit("Range", ends[0], count, ends[1])
        return self.emit("Reshape", self.cast(counting, array.dtype), self.shape(node.shape))

    def cast(self, name: str, dtype: np.dtype) -> str:
        """The value at another dtype."""
        from onnx import helper

        return self.emit("Cast", name, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
