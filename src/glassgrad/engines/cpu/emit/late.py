"""Reductions that are complete only when all loops of a kernel have ended, or those of a phase. Floor 4.

One number is kept in registers; many lie in the result itself, which is filled with what changes nothing and added
to at each point. Where a kernel is cut into blocks that are computed apart, each block has its own results in `%sums`
and `joined_text` takes them together, in the order of the blocks, whoever computed them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from glassgrad.engines.cpu.emit import in_memory
from glassgrad.engines.cpu.emit.access import Memory
from glassgrad.engines.cpu.emit.accumulators import Accumulator, best_of
from glassgrad.engines.cpu.emit.lanes import Lanes
from glassgrad.engines.cpu.emit.scalars import result_kind
from glassgrad.engines.cpu.emit.scopes import Loops
from glassgrad.engines.cpu.emit.types import I64, Kind, bytes_of, memory_text, register
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.plan.index import Affine, Axis, variable
from glassgrad.engines.cpu.plan.kernels import Kernel, Phase, Root
from glassgrad.engines.cpu.plan.memory import aligned
from glassgrad.graph.node import Node

_PLACES = ("argmax", "argmin")


@dataclass(frozen=True, slots=True)
class KernelText:
    """A kernel's functions, and the values whose addresses the first one takes, in order."""

    texts: list[str]
    values: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Apart:
    """Where in the memory of a block the results lie; for a place that is looked for, the value found there before."""

    offsets: dict[Root, int]
    nbytes: int


def apart(kernel: Kernel) -> Apart:
    """Room for one block's results."""
    offsets: dict[Root, int] = {}
    total = 0
    for root in kernel.roots:
        if root.late:
            offsets[root] = total
            total += aligned(root.node.aval.nbytes) * (1 + (root.node.op.name in _PLACES))
    return Apart(offsets, total)


class Late:
    """The late reductions of the kernel that is being written."""

    def __init__(self, loops: Loops, memory: Memory, lanes: Lanes, block: Apart | None) -> None:
        self.loops = loops
        self.w = loops.writer
        self.memory = memory
        self.lanes = lanes
        self.block = block
        self.held: dict[Root, Accumulator] = {}
        self.of_tile: dict[Root, str] = {}
        self.rows: list[Root] = []  # complete when the present phase has ended, and in memory until then
        self._bases: dict[Root, str] = {}

    def open_rows(self, phase: Phase, loop: Callable[[Axis, Callable[[], None]], None]) -> None:
        """Before a phase; `loop` writes a loop."""
        self.rows = [root for root in phase.roots if phase.adds_in_memory(root)]
        for root in self.rows:
            in_memory.fill_row(self.loops, self.memory, root, phase, loop)

    def takes(self, root: Root) -> bool:
        """Is what is computed of the root at a point to be added?"""
        return root.late or root in self.rows

    def open(self, root: Root) -> None:
        """Before the loops."""
        if any(axis.extent != 1 for axis in root.axes):
            _fill(self.loops, self.memory, root, self._base(root))
        else:
            self.held[root] = Accumulator(root, self.loops, self._lanes())

    def _lanes(self) -> int:
        lane = self.lanes.of_frame
        return 1 if lane is None else max(min(self.lanes.width, lane.extent), 1)

    def _base(self, root: Root) -> str:
        """The address of the result."""
        if self.block is None or not root.late:
            return self.memory.base(root.node)
        if root not in self._bases:
            with self.loops.at(0):
                self._bases[root] = self.w.address("%sums", str(self.block.offsets[root]))
        return self._bases[root]

    @contextmanager
    def within_tile(self, roots: Sequence[Root]) -> Iterator[None]:
        """What is added meanwhile is added up in registers first."""
        lanes = self.loops.lanes
        for root in roots:
            kind = result_kind(root.node)
            self.of_tile[root] = self.loops.reserve(memory_text(kind, lanes))
            nothing = self.w.constant(Accumulator.identity(root, kind), register(kind, lanes))
            self.w.store(nothing, self.of_tile[root])
        yield
        for root in roots:
            self.add(root, self.w.load(self.of_tile.pop(root), result_kind(root.node), lanes))

    def add(self, root: Root, value: Value) -> None:
        """At a point of the loops."""
        if root in self.of_tile:
            room, lanes = self.of_tile[root], self.loops.lanes
            before = self.w.load(room, result_kind(root.node), lanes)
            joined = Accumulator.joined(self.w, root, before, self.w.splat(value, lanes))
            self.w.store(joined, room)
            return
        if root in self.held:
            self.held[root].add(value, root)
            return
        in_memory.add(self.loops, self.memory, self._base(root), root, value)

    def close(self) -> None:
        """After the loops."""
        for root, accumulator in self.held.items():
            base = self._base(root)
            if self.block is not None and accumulator.finds_place:
                best, place = accumulator.best()
                self.w.store(place, base)
                self.w.store(best, self.w.address(base, str(aligned(root.node.aval.nbytes))))
            else:
                self.w.store(accumulator.result(), base)


def _fill(loops: Loops, memory: Memory, root: Root, base: str) -> None:
    """What a sum begins with, in each place of the result."""
    w, kind = loops.writer, result_kind(root.node)
    identity = Accumulator.identity(root, kind)

    def one(axis: Axis, lanes: int) -> None:
        place = variable(axis) if axis.extent != 1 else Affine((), 0)
        w.store(w.constant(identity, register(kind, lanes)), memory.address(base, place, bytes_of(kind)))

    _along(loops, root.node.aval.size, max(32 // bytes_of(kind), 1), one)


def _along(loops: Loops, count: int, width: int, body: Callable[[Axis, int], None]) -> None:
    """A loop over elements, `width` at a time and then the rest; the body is given its variable and how many."""
    axis = Axis(count)
    main = count // width * width
    if main:
        loops.counted(axis, "0", str(main), width, lambda: body(axis, width))
    if count > main:
        loops.straight(axis, main, lambda: body(axis, count - main))


# ------------------------------------------------------------------ the blocks together
_FEW = 4  # results of a whole array, whose sums of blocks are taken together in no time: it is translated as it stands


def filled_text(name: str, roots: Sequence[Root], declarations: dict[str, str]) -> KernelText:
    """The function that fills the results, where ranges of a loop add to different ones."""
    loops, memory = _plain(declarations)
    for root in roots:
        _fill(loops, memory, root, memory.base(root.node))
    return _function(name, loops, memory)


def joined_text(name: str, block: Apart, blocks: int, declarations: dict[str, str]) -> KernelText:
    """The function `void name(ptr p0, …, ptr sums)` that takes the blocks together."""
    loops, memory = _plain(declarations)
    for root in block.offsets:
        base = memory.base(root.node)
        if root.node.op.name in _PLACES:
            _join_places(loops, root, base, block, blocks)
        else:
            _join_values(loops, memory, root, base, block, blocks)
    numbers = sum([root.node.aval.size for root in block.offsets])
    return _function(name, loops, memory, "ptr %sums", attributes="#2" if numbers <= _FEW else "#0")


def _plain(declarations: dict[str, str]) -> tuple[Loops, Memory]:
    """Loops in which nothing is looked up."""
    loops = Loops(declarations)
    return loops, Memory(loops, lambda _: loops.writer.constant(0, register(I64)))


def _function(name: str, loops: Loops, memory: Memory, *more: str, attributes: str = "#0") -> KernelText:
    given = ", ".join([*(f"ptr {base}" for base in memory.bases.values()), *more])
    head = f"define internal void @{name}({given}) {attributes} {{"
    lines = [head, "entry:", *loops.reserved, *loops.scopes[0].lines, "  ret void", "}"]
    return KernelText(["\n".join(lines)], tuple(memory.bases))


def _join_values(loops: Loops, memory: Memory, root: Root, base: str, block: Apart, blocks: int) -> None:
    """In pairs, and pairs of pairs: rounding errors grow with the logarithm of the number of blocks."""
    w, kind = loops.writer, result_kind(root.node)
    size = bytes_of(kind)

    def one(axis: Axis, lanes: int) -> None:
        place = variable(axis) if axis.extent != 1 else Affine((), 0)
        first = memory.address(w.address("%sums", str(block.offsets[root])), place, size)
        values = [w.load(w.address(first, str(number * block.nbytes)), kind, lanes) for number in range(blocks)]
        while len(values) > 1:
            pairs = [Accumulator.joined(w, root, a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
            values = pairs + values[len(values) - len(values) % 2 :]
        w.store(values[0], memory.address(base, place, size))

    _along(loops, root.node.aval.size, max(32 // size, 1), one)


def _join_places(loops: Loops, root: Root, base: str, block: Apart, blocks: int) -> None:
    w, place_kind = loops.writer, result_kind(root.node)
    value_kind: Kind = result_kind(root.node.inputs[0])
    found: tuple[Value, Value] | None = None
    for number in range(blocks):
        place = w.address("%sums", str(number * block.nbytes + block.offsets[root]))
        value = w.load(w.address(place, str(aligned(root.node.aval.nbytes))), value_kind)
        pair = value, w.load(place, place_kind)
        found = pair if found is None else best_of(w, root, found, pair)
    assert found is not None, "there is one block at least"
    w.store(found[1], base)
