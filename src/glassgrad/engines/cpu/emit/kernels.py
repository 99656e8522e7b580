"""A kernel as an LLVM function. Floor 4.

Values are written where they are read: from a root down to what lies in memory. A value that does not depend on the
inner loops is written before them; one that was written at the same index is taken as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from glassgrad.engines.cpu.emit.access import Memory, level
from glassgrad.engines.cpu.emit.accumulators import Accumulator
from glassgrad.engines.cpu.emit.cuts import Cut, Part
from glassgrad.engines.cpu.emit.failure import FAILURE, Checks
from glassgrad.engines.cpu.emit.lanes import TILE, Lanes
from glassgrad.engines.cpu.emit.late import KernelText, Late
from glassgrad.engines.cpu.emit.likeness import NUMBER_BYTES, NUMBERS, Number, as_number
from glassgrad.engines.cpu.emit.rows import Rows
from glassgrad.engines.cpu.emit.scalars import result_kind, scalar
from glassgrad.engines.cpu.emit.scopes import Loops
from glassgrad.engines.cpu.emit.types import bytes_of, register
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.plan.homes import Home, settled, stored_bytes, whole_of
from glassgrad.engines.cpu.plan.index import Axis, Index, Looked, contiguous, offset_of, variable
from glassgrad.engines.cpu.plan.kernels import Change, Kernel, Phase, Role, Root
from glassgrad.engines.cpu.plan.roles import lost_lookups
from glassgrad.engines.cpu.plan.views import source_index
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL, literal_value


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a kernel needs to know of the program."""

    roles: Mapping[Node, Role]
    kept: frozenset[Node]
    homes: Mapping[Node, Home]
    declarations: dict[str, str]
    numbers: Mapping[Number, int] = field(default_factory=dict)  # that the kernel is given, by their places


_WHOLE = Cut()
_INLINED = 300  # lines of a kernel up to which it is put in line inside of a loop


def kernel_text(
    name: str, kernel: Kernel, lanes: Lanes, around: Surroundings, cut: Cut = _WHOLE, *, inside: bool = False
) -> KernelText:
    """The function `void name(ptr p0, ptr p1, …)`; for a range, `(…, i64 begin, i64 end)`.

    It takes the addresses of the arrays that it reads and writes. Inside of a loop a short one is put in line.
    """
    writer = _KernelWriter(kernel, lanes, around, cut)
    body = writer.write()
    values = tuple(writer.memory.bases)
    given = [f"ptr {writer.memory.bases[node]}" for node in values]
    if cut.block is not None:
        given.append("ptr %sums")
    if cut.part is Part.RANGE:
        given += ["i64 %begin", "i64 %end"]
    attributes = "#1" if inside and len(body) <= _INLINED else "#0"
    head = f"define internal void @{name}({', '.join(given)}) {attributes} {{"
    return KernelText(["\n".join([head, "entry:", *writer.loops.reserved, *body, "  ret void", "}"])], values)


class _KernelWriter:
    def __init__(self, kernel: Kernel, lanes: Lanes, around: Surroundings, cut: Cut) -> None:
        self.kernel = kernel
        self.cut = cut
        self.lanes = lanes
        self.around = around
        self.loops = Loops(around.declarations)
        self.w = self.loops.writer
        self.roots = {root.node: root for root in kernel.roots if root.target is None}
        self.written = {whole_of(around.homes, root.node) for root in kernel.roots}
        self.checks = Checks(self.loops)
        self.memory = Memory(self.loops, self._looked, stored_bytes(kernel, around.homes))
        self.rows = Rows(kernel.frame, self.loops, self.memory, lanes)
        self.late = Late(self.loops, self.memory, lanes, cut.block)
        self.ahead: set[Node] = set()  # of which the next row is asked for
        self.tile: tuple[str, str, int] | None = None  # from where to where it goes at present, how many at a time

    def write(self) -> list[str]:
        """The lines of the function."""
        for root in self.kernel.roots:
            if root.late and not self.cut.filled:
                self.late.open(root)
        self._frame(0)
        self.late.close()
        self.memory.settle()
        if self.checks.kept:
            self.checks.report(self.memory.base(FAILURE))
        return self.loops.scopes[0].lines

    # ------------------------------------------------------------------ loops
    def _frame(self, depth: int) -> None:
        frame = self.kernel.frame
        if depth == len(frame):
            if self.tile is not None and self.lanes.tiled is not None:
                self._within_tile(self.lanes.tiled, *self.tile)
            else:
                self._phases()
            return
        if frame[depth] is self.lanes.tiled:
            self._tiles(frame[depth], lambda: self._frame(depth + 1))
            return
        inside = prod([self._rounds(axis) for axis in frame[depth + 1 :]])
        if frame[depth] is self.cut.axis:
            self._cut(frame[depth], lambda: self._frame(depth + 1), inside)
            return
        self._loop(frame[depth], lambda: self._frame(depth + 1), self.lanes.of_frame, inside=inside)

    def _phases(self) -> None:
        for phase in self.kernel.phases:
            self._phase(phase)

    def _tiles(self, axis: Axis, body: Callable[[], None]) -> None:
        """A loop a tile at a time; within the tile it goes on innermost."""

        def one_tile() -> None:
            begin = self.loops.counters[outer]
            end = begin + TILE
            self.tile = begin.text, self.w.select(end < whole, end, whole).text, self.lanes.turned
            body()
            self.tile = None

        outer, start, whole = Axis(axis.extent), 0, axis.extent // self.lanes.turned * self.lanes.turned
        if axis is self.cut.axis and self.cut.part is Part.RANGE:
            self.loops.counted(outer, "%begin", "%end", TILE, one_tile)
            return
        if axis is self.cut.axis and self.cut.part is Part.REST:
            start = axis.extent // self.cut.step * self.cut.step
        if whole > start:
            self.loops.counted(outer, str(start), str(start + -(-(whole - start) // TILE) * TILE), TILE, one_tile)
        if axis.extent > whole:
            self.tile = str(whole), str(axis.extent), 1
            body()
            self.tile = None

    def _within_tile(self, axis: Axis, start: str, stop: str, together: int) -> None:
        with self.late.within_tile([root for root in self.kernel.roots if root.late]):
            if together == 1:
                self.loops.counted(axis, start, stop, 1, self._phases)
            else:
                self.loops.in_turns(axis, start, stop, together, self._phases)
                self.memory.turned.clear()

    def _rounds(self, axis: Axis) -> int:
        return max(axis.extent // self.lanes.width, 1) if axis is self.lanes.of_frame else max(axis.extent, 1)

    def _cut(self, axis: Axis, body: Callable[[], None], inside: int) -> None:
        """The part of a loop that this function does: whole steps from %begin to %end, or what is left behind them."""
        in_lanes = axis is self.lanes.of_frame
        width = self.lanes.width if in_lanes else 1
        if self.cut.part is Part.REST:
            start = axis.extent // self.cut.step * self.cut.step
            if in_lanes:
                self._lane_loop(axis, body, start, inside)
            else:
                self.loops.blocked(axis, start, axis.extent, 1, body, inside=inside)
            return
        if in_lanes:
            self.loops.lane_axis, self.loops.lanes = axis, width
        if self.loops.after_block:
            self.loops.in_blocks(axis, ("%begin", "%end"), width, body, self.cut.step // width)
        else:
            self.loops.counted(axis, "%begin", "%end", width, body, backwards=axis is self.lanes.descending)
        self.loops.lane_axis, self.loops.lanes = None, 1

    def _loop(
        self,
        axis: Axis,
        body: Callable[[], None],
        lane_axis: Axis | None,
        *,
        inside: int = 1,
        backwards: bool = False,
    ) -> None:
        if axis.extent == 0:
            return
        if axis is lane_axis:
            self._lane_loop(axis, body, 0, inside, backwards=backwards)
        elif axis in self.lanes.unrolled:
            with self.memory.together():
                self.loops.unrolled(axis, body, backwards=backwards)
        elif backwards or axis is self.lanes.descending:
            self.loops.counted(axis, "0", str(axis.extent), 1, body, backwards=True)
        else:
            self.loops.blocked(axis, 0, axis.extent, 1, body, inside=inside)

    def _lane_loop(
        self, axis: Axis, body: Callable[[], None], start: int, inside: int, *, backwards: bool = False
    ) -> None:
        width = self.lanes.width
        main, rest = axis.extent // width * width, axis.extent % width
        self.loops.lane_axis = axis

        def whole_steps() -> None:
            self.loops.lanes = width
            if main == start + width:
                self.loops.straight(axis, start, body)
            elif backwards and main:
                self.loops.counted(axis, str(start), str(main), width, body, backwards=True)
            elif main > start:
                self.loops.blocked(axis, start, main, width, body, inside=inside)

        def last_step() -> None:
            self.loops.lanes = rest
            if rest:
                self.loops.straight(axis, main, body)

        for part in (last_step, whole_steps) if backwards else (whole_steps, last_step):
            part()
        self.loops.lane_axis, self.loops.lanes = None, 1

    def _phase(self, phase: Phase) -> None:
        lane_axis = self.lanes.of_phase.get(phase)
        self.ahead = set(self.lanes.ahead.get(phase, ()))
        self.late.open_rows(phase, lambda axis, body: self._loop(axis, body, lane_axis))
        open_here: dict[Root, Accumulator] = {}

        def nest(depth: int) -> None:
            if depth == len(phase.axes):
                for root in phase.roots:
                    self._root(root, open_here)
                return
            axis = phase.axes[depth]
            starting = [root for root in phase.roots if self._begins(root, phase, depth)]
            for root in starting:
                lanes = (
                    1 if root.role is Role.RUNNING and axis is lane_axis else self._lanes_at(lane_axis, phase, depth)
                )
                open_here[root] = Accumulator(root, self.loops, lanes)
            self._loop(axis, lambda: nest(depth + 1), lane_axis, backwards=axis in phase.backwards)
            for root in starting:
                accumulator = open_here.pop(root)
                if root.role is not Role.RUNNING:
                    self._finished(root, accumulator.result())
                accumulator.close()

        nest(0)

    def _begins(self, root: Root, phase: Phase, depth: int) -> bool:
        """Is this the outermost loop that the root is reduced over in registers?"""
        if root.role is Role.RUNNING:
            return phase.axes[depth] is root.axes[root.node.param("axis")]
        inner = [axis for axis in phase.inside_own(root) if axis in root.reduced]
        return bool(inner) and inner[0] is phase.axes[depth]

    def _lanes_at(self, lane_axis: Axis | None, phase: Phase, depth: int) -> int:
        """In how many lanes an accumulator that is opened before this loop is added to."""
        if lane_axis is None or lane_axis not in phase.axes[depth:]:
            return self.loops.lanes
        return max(min(self.lanes.width, lane_axis.extent), 1)

    # ------------------------------------------------------------------ roots
    def _root(self, root: Root, opened: Mapping[Root, Accumulator]) -> None:
        accumulator = opened.get(root)
        if root.role is Role.VIEW:
            self._check_lost(*root.operands[0])
        values = [self.value(x, index) for x, index in root.operands]
        if root.role is Role.BESIDE:
            self._store_beside(root, values)
            return
        if root.role is Role.RUNNING:
            assert accumulator is not None, "its loop is open"
            self._finished(root, accumulator.run(values))
            return
        if root.role is Role.ELEMENTWISE:
            value = self._scalar(root.node, values)
        else:
            value = self._product(values) if root.role is Role.PRODUCT else values[0]
        if accumulator is not None:
            accumulator.add(value, root)
        else:
            self._finished(root, value)

    def _product(self, values: Sequence[Value]) -> Value:
        a, b = level(self.w, values)
        return a * b if a.kind.is_float or a.kind.bits > 1 else a & b

    def _finished(self, root: Root, value: Value) -> None:
        """The value of a root at the present point of its loops."""
        own = tuple([variable(axis) for axis in root.axes])
        if self.late.takes(root):
            self.late.add(root, value)
            return
        if root.target is None:
            index = self.loops.resolved(own)
            self._known(index)[root.node, index] = value
        if root.stored:
            self._store(root, value, root.target if root.target is not None else own)
        elif root.buffered:
            self.rows.write(root, value, self.loops.resolved(own))

    # ------------------------------------------------------------------ values
    def value(self, node: Node, index: Index) -> Value:
        """An element (or neighbouring elements, one in each lane) of a value."""
        index = self.loops.resolved(index)
        level = self._level_of(index)
        known = self.loops.scopes[level].known
        found = known.get((node, index))
        if found is None:
            with self.loops.at(level):
                found = self._made(node, index)
            known[node, index] = found
        return found

    def _looked(self, symbol: Looked) -> Value:
        """An index from an array of indices, checked where it is first known."""
        symbol = replace(symbol, at=self.loops.resolved(symbol.at))
        level = self._level_of(symbol.at)
        known = self.loops.scopes[level].looked
        if symbol not in known:
            value = self.value(symbol.node, symbol.at)
            with self.loops.at(level):
                known[symbol] = self.checks.inside(symbol, value, level)
        return known[symbol]

    def _check_lost(self, node: Node, index: Index) -> None:
        """Checks what is looked up for a value's index, where no place that is read depends on it."""
        for symbol in lost_lookups(node, index, self.around.kept, self.around.roles):
            self._looked(symbol)

    def _made(self, node: Node, index: Index) -> Value:
        if node.op is LITERAL:
            return self._literal(node)
        role = self.around.roles[node]
        if node in self.around.kept or role is Role.GIVEN:
            return self._load(node, index)
        if role is Role.VIEW:
            source = source_index(node, index)
            self._check_lost(node.inputs[0], source)
            return self.value(node.inputs[0], source)
        return self._scalar(node, [self.value(x, index) for x in node.inputs])

    def _literal(self, node: Node) -> Value:
        kind = result_kind(node)
        number = as_number(node) if self.around.numbers else None
        if number is None:
            return self.w.constant(literal_value(node).item(), register(kind))
        address = self.w.element(self.memory.base(NUMBERS), self.around.numbers[number], NUMBER_BYTES)
        return self.w.load(address, kind, note=", !invariant.load !0")

    def _scalar(self, node: Node, values: Sequence[Value]) -> Value:
        return scalar(self.w, node, level(self.w, values))

    def _known(self, index: Index) -> dict[tuple[Node, Index], Value]:
        return self.loops.scopes[self._level_of(index)].known

    def _level_of(self, index: Index) -> int:
        level = 0
        for part in index:
            for axis in part.axes() if part.terms else ():
                level = max(level, self.loops.level.get(axis, 0))
        return level

    # ------------------------------------------------------------------ memory
    def _load(self, node: Node, index: Index) -> Value:
        root = self.roots.get(node)
        kind = result_kind(node)
        if root is not None and not root.stored:
            return self._computed_here(root, index)
        node, index = settled(self.around.homes, node, index)
        offset = offset_of(index, contiguous(node.shape))
        if node in self.ahead:
            self.memory.look_ahead(self.memory.base(node), offset, self.kernel.frame[-1], bytes_of(kind))
        if not node.aval.size:  # whatever is looked up is outside
            self.memory.position(offset)
            return self.w.constant(0, register(kind))
        return self.memory.read(self.memory.base(node), kind, offset, 0 if node in self.written else node.aval.size)

    def _computed_here(self, root: Root, index: Index) -> Value:
        """A value of the kernel's own: of this very point, however its index is written, or of a row that is kept."""
        own = self.loops.resolved(tuple([variable(axis) for axis in root.axes]))
        known, steps = self._known(own), contiguous(root.node.shape)
        if (root.node, own) in known and offset_of(own, steps) == offset_of(index, steps):
            return known[root.node, own]
        assert root.buffered, "what no row holds is read at the point at which it is computed"
        return self.rows.read(root, index)

    def _store(self, root: Root, value: Value, index: Index) -> None:
        node, index = settled(self.around.homes, root.node, index)
        offset = offset_of(self.loops.resolved(index), contiguous(node.shape))
        if not node.aval.size:
            self.memory.position(offset)
            return
        if root.change is Change.SET and not root.buffered:
            self.memory.write_once(self.memory.base(node), offset, value)
        else:
            self.memory.write(self.memory.base(node), offset, value, adding=root.change is Change.ADD)

    def _store_beside(self, root: Root, values: Sequence[Value]) -> None:
        """The values at neighbouring places along the last axis."""
        assert root.target is not None, "a part has its place"
        *rest, last = root.target
        places = [settled(self.around.homes, root.node, (*rest, last.shifted(k))) for k in range(len(values))]
        offsets = [offset_of(self.loops.resolved(index), contiguous(node.shape)) for node, index in places]
        self.memory.write_beside(self.memory.base(places[0][0]), offsets, values)
