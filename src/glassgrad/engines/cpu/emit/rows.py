"""What one phase of a kernel leaves for the next: at each point of the frame a row on the stack. Floor 4.

The last, incomplete step along a row is written and read as a whole vector, behind which there is room: a processor
waits for what it reads at once but has written in parts.
"""

from math import prod

from glassgrad.engines.cpu.emit.access import Memory, spread
from glassgrad.engines.cpu.emit.lanes import Lanes
from glassgrad.engines.cpu.emit.scalars import result_kind
from glassgrad.engines.cpu.emit.scopes import Loops
from glassgrad.engines.cpu.emit.types import bytes_of, memory_text
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.plan.index import Affine, Axis, Index, contiguous, offset_of
from glassgrad.engines.cpu.plan.kernels import Root
from glassgrad.graph.node import Node


class Rows:
    """The rows of the kernel that is being written. Where its frame runs in lanes, an element is a vector."""

    def __init__(self, frame: tuple[Axis, ...], loops: Loops, memory: Memory, lanes: Lanes) -> None:
        self.frame = frame
        self.loops = loops
        self.memory = memory
        self.w = loops.writer
        self.wide = lanes.width if lanes.of_frame is not None else 1
        self.step = lanes.width
        self.bases: dict[Node, str] = {}

    def read(self, root: Root, index: Index) -> Value:
        """The element of a row, or those in all lanes."""
        base, offset, size = self._place(root, index)
        kind = result_kind(root.node)
        if self.wide > 1:
            return self.memory.read_across(base, kind, offset, size)
        if not self._is_last_step(root, offset):
            return self.memory.read(base, kind, offset)
        lanes = self.loops.lanes
        whole = self.w.load(self.memory.address(base, offset, size), kind, _next_power_of_two(lanes))
        return self.w.shuffled(whole, whole, range(lanes))

    def write(self, root: Root, value: Value, index: Index) -> None:
        """The value of an element, or those of all lanes."""
        base, offset, size = self._place(root, index)
        if self.wide == 1 and not self._is_last_step(root, offset):
            self.memory.write(base, offset, value, adding=False)
            return
        lanes = self.loops.lanes
        value = spread(self.w, value, lanes)
        if self.wide == 1:
            value = self.w.shuffled(value, value, [min(k, lanes - 1) for k in range(_next_power_of_two(lanes))])
        self.w.store(value, self.memory.address(base, offset, size))

    def _place(self, root: Root, index: Index) -> tuple[str, Affine, int]:
        """The base, the offset, and the bytes from one element to the next."""
        kind, inner = result_kind(root.node), self._inner(root)
        if root.node not in self.bases:
            self.bases[root.node] = self.loops.reserve(memory_text(kind, self.wide), prod(inner) + self.step)
        # A loop of the frame may stand for two axes; the first has one place here then, whatever the index says.
        strides = [0 if size == 1 else stride for size, stride in zip(inner, contiguous(tuple(inner)), strict=True)]
        held = 1 << (self.wide * bytes_of(kind) - 1).bit_length() if self.wide > 1 else bytes_of(kind)
        return self.bases[root.node], offset_of(index, strides), held

    def _inner(self, root: Root) -> list[int]:
        return [axis.extent if axis not in self.frame else 1 for axis in root.axes]

    def _is_last_step(self, root: Root, offset: Affine) -> bool:
        lane = self.loops.lane_axis
        if lane is None or self.loops.lanes in (1, self.step) or offset.axes() != {lane}:
            return False
        return offset.coefficient(lane) == 1 and max(self._inner(root)) == prod(self._inner(root))


def _next_power_of_two(count: int) -> int:
    return 1 << (count - 1).bit_length()
