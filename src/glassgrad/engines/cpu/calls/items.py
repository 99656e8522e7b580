"""Loops whose items do not meet, as native code: neighbouring items in the lanes, the steps inside of them. Floor 4.

One function does the steps of a block of items, with what they carry in registers. What a step adds up over all items
is kept for each step and lane while the blocks run, and put together at the end.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.emit.access import level
from glassgrad.engines.cpu.emit.accumulators import Accumulator
from glassgrad.engines.cpu.emit.frame import Frame, Function
from glassgrad.engines.cpu.emit.items import Block, Registers, computed, registers
from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.maths.branches import any_lane
from glassgrad.engines.cpu.emit.scalars import result_kind
from glassgrad.engines.cpu.emit.squares import added_up
from glassgrad.engines.cpu.emit.types import I64, bytes_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.plan.items import SAME, SUMMED, ItemLoop, own_shape
from glassgrad.engines.cpu.plan.kernels import Role, Root
from glassgrad.graph.node import Node, reachable

if TYPE_CHECKING:
    from glassgrad.engines.cpu.emit.module import Module

_SPREAD = ((6.0, 8), (16.0, 4), (80.0, 2))  # work of a step up to which so many vectors are computed side by side
_BLOCKS = 128  # blocks after which sums are put aside, so that rounding errors do not pile up


def write_items(module: "Module", frame: Frame, node: Node, loop: ItemLoop) -> None:
    """The functions of the loop, and the call of the first."""
    name = f"items{len(module.functions)}"
    writer = _ItemWriter(module, node, loop, frame.results(node))
    module.functions.extend(writer.texts(name))
    given = [frame.pointer(x) for x in (*node.inputs, *loop.captured)]
    taken = [place for place in frame.results(node) if place is not None]
    scratch = [frame.scratch(node)] if writer.sums and not writer.at_once else []
    pointers = ", ".join(f"ptr {pointer}" for pointer in (*given, *taken, *scratch))
    frame.writer.line(f"call void @{name}({pointers})")


def _widest(loop: ItemLoop) -> int:
    return max(bytes_of(result_kind(node)) for graph in loop.graphs for node in graph.nodes())


@contextmanager
def _rounds(w: Writer, first: int, last: int, step: int = 1) -> Iterator[Value]:
    """A loop that runs at least once."""
    head, latch, done, entered = w.new_label(), w.new_label(), w.new_label(), w.block
    name, more = w.fresh(), w.fresh()
    w.jump(head)
    w.label(head)
    w.line(f"{name} = phi i64 [ {first}, %{entered} ], [ {name}.next, %{latch} ]")
    yield Value(w, register(I64), name)
    w.jump(latch)
    w.label(latch)
    w.line(f"{name}.next = add nsw i64 {name}, {step}")
    w.line(f"{more} = icmp ne i64 {name}.next, {last}")
    w.line(f"br i1 {more}, label %{head}, label %{done}")
    w.label(done)


class _ItemWriter:
    def __init__(self, module: "Module", node: Node, loop: ItemLoop, results: Sequence[str | None]) -> None:
        self.module, self.node, self.loop, self.axes = module, node, loop, loop.axes
        self.body = loop.graphs[-1]
        self.carries = node.param("carries")
        self.sequences = node.param("sequences") if node.op.name == "scan" else 0
        self.length = node.param("length")
        self.sums = loop.sums if node.op.name == "scan" else []
        self.inputs = [f"%x{k}" for k in range(len(node.inputs))]
        self.captured = [f"%c{k}" for k in range(len(loop.captured))]
        self.outputs = [None if place is None else f"%y{k}" for k, place in enumerate(results)]
        self.pointers = [*self.inputs, *self.captured, *[y for y in self.outputs if y is not None]]
        self.vector = max(vector_bytes() // _widest(loop), 1)
        wide = next((count for most, count in _SPREAD if loop.work <= most), 1)
        self.lanes = self.vector * wide
        while self.lanes > loop.count:
            self.lanes //= 2
        self.at_once = self.lanes == loop.count  # one block has all items: what a step adds up is known in that step
        self.is_long = loop.count // self.lanes > 2 * _BLOCKS
        if self.sums and not self.at_once:
            self.pointers.append("%sums")
        self.asides = (False, True) if self.is_long else (False,)

    # ------------------------------------------------------------------ all items
    def texts(self, name: str) -> list[str]:
        """The functions: for whole blocks of items, for the rest, and `name` itself, which calls them."""
        count, lanes = self.loop.count, self.lanes
        main, rest = count // lanes * lanes, count % lanes
        texts = [self._block_text(f"{name}.block", lanes)]
        if rest:
            texts.append(self._block_text(f"{name}.rest", rest))
        function = Function(self.module.intrinsics)
        w = function.writer
        given = ", ".join(f"ptr {pointer}" for pointer in self.pointers)
        self._clear(w)
        done = 0
        if self.is_long:
            size = _BLOCKS * lanes
            done = main // size * size
            with _rounds(w, 0, done, size) as start:
                with _rounds(w, 0, size, lanes) as inner:
                    w.line(f"call void @{name}.block({given}, i64 {(start + inner).text})")
                self._put_aside(w)
        if done < main:
            with _rounds(w, done, main, lanes) as first:
                w.line(f"call void @{name}.block({given}, i64 {first.text})")
        if rest:
            w.line(f"call void @{name}.rest({given}, i64 {main})")
        self._finish_sums(w)
        return [*texts, self._function_text(name, function, "")]

    def _function_text(self, name: str, function: Function, more: str) -> str:
        given = ", ".join(f"ptr {pointer}" for pointer in self.pointers)
        head = f"define internal void @{name}({given}{more}) #0 {{"
        return "\n".join([head, "entry:", *function.entry, *function.writer.lines, "  ret void", "}"])

    # ------------------------------------------------------------------ a block of items
    def _block_text(self, name: str, lanes: int) -> str:
        function = Function(self.module.intrinsics)
        w = function.writer = Writer(self.module.intrinsics, contract=True)
        block = Block(w, Value(w, register(I64), "%first"), lanes)
        first = self.carries + self.sequences
        constants = list(zip(self.node.inputs[first:], self.inputs[first:], self.body.inputs[first:], strict=True))
        known = {x: block.load(pointer, x, self.axes[x]) for _, pointer, x in constants}
        for array, pointer in zip(self.loop.captured, self.captured, strict=True):
            known[array] = block.load(pointer, array, self.axes[array])
        rooms = [_Room(function, x, self.axes, lanes) for x in self.body.inputs[: self.carries]]
        for room, pointer in zip(rooms, self.inputs, strict=False):
            room.put(block.load(pointer, room.node, self.axes[room.node]))
        if self.node.op.name == "scan":
            self._scan(w, block, known, rooms)
        else:
            self._while(w, block, known, rooms)
        for room, place in zip(rooms, self.outputs, strict=False):
            if place is not None:
                block.store(room.get(), place, room.node, self.axes[room.node])
        return self._function_text(name, function, ", i64 %first")

    def _fixed(self, w: Writer, outputs: Sequence[Node], known: dict[Node, Registers], moving: set[Node]) -> list[Node]:
        """Computes what is the same in each step; gives the nodes that are not, in order."""
        rest = []
        for node in reachable(outputs):
            if node in known or node in moving:
                continue
            if any(x in moving for x in node.inputs):
                moving.add(node)
                if self.axes[node] != SUMMED or node.op.name == "sum":
                    rest.append(node)
            else:
                computed(w, [node], known, self.axes)
        return rest

    def _scan(self, w: Writer, block: Block, fixed: dict[Node, Registers], rooms: Sequence["_Room"]) -> None:
        first = self.carries + self.sequences
        nodes = self._fixed(w, self.body.outputs, fixed, set(self.body.inputs[:first]))
        with _rounds(w, 0, self.length) as step:
            at = (self.length - 1) - step if self.node.param("backwards") else step
            known = dict(fixed)
            known.update((room.node, room.get()) for room in rooms)
            for pointer, x in zip(
                self.inputs[self.carries : first], self.body.inputs[self.carries : first], strict=True
            ):
                known[x] = block.load(_element(w, pointer, at, x.aval), x, self.axes[x])
            computed(w, nodes, known, self.axes)
            for place, y in zip(self.outputs[self.carries :], self.body.outputs[self.carries :], strict=True):
                if place is not None and self.axes[y] != SUMMED:
                    axis = 0 if self.axes[y] == SAME and y.shape[:1] == (self.loop.count,) else self.axes[y]
                    block.store(known[y], _element(w, place, at, y.aval), y, None if axis == SAME else axis)
            if self.at_once:
                self._give_sums(w, at, {node: self._across(w, node, known[node].item()) for node in self.sums})
            else:
                for number, node in enumerate(self.sums):
                    self._add(w, number, node, at, known[node].item())
            for room, y in zip(rooms, self.body.outputs, strict=False):
                room.put(known[y])

    def _while(self, w: Writer, block: Block, fixed: dict[Node, Registers], rooms: Sequence["_Room"]) -> None:
        condition = self.loop.graphs[0]
        given = dict(zip(condition.inputs, self.body.inputs, strict=True))
        fixed.update((x, fixed[y]) for x, y in given.items() if y in fixed)
        tests = self._fixed(w, condition.outputs, fixed, set(condition.inputs[: self.carries]))
        nodes = self._fixed(w, self.body.outputs, fixed, set(self.body.inputs[: self.carries]))
        head, inside, done = w.new_label(), w.new_label(), w.new_label()
        w.jump(head)
        w.label(head)
        known = dict(fixed)
        for x, room in zip(condition.inputs, rooms, strict=False):
            known[x] = known[room.node] = room.get()
        computed(w, tests, known, self.axes)
        w.branch(any_lane(w, known[condition.outputs[0]].item()), inside, done)
        w.label(inside)
        computed(w, nodes, known, self.axes)
        for room, y in zip(rooms, self.body.outputs, strict=False):
            room.put(known[y])
        w.jump(head)
        w.label(done)

    # ------------------------------------------------------------------ sums over the items
    def _sum_address(self, w: Writer, number: int, at: Value, *, aside: bool = False) -> str:
        start = (2 * number + aside) * self.length * vector_bytes()
        return w.address(w.address("%sums", str(start)), (at * vector_bytes()).text)

    def _sum_lanes(self, node: Node) -> int:
        return vector_bytes() // bytes_of(result_kind(node))

    def _clear(self, w: Writer) -> None:
        if not self.sums or self.at_once:
            return
        with _rounds(w, 0, self.length) as at:
            for number, node in enumerate(self.sums):
                zero = w.constant(0, register(result_kind(node), self._sum_lanes(node)))
                for aside in self.asides:
                    w.store(zero, self._sum_address(w, number, at, aside=aside))

    def _add(self, w: Writer, number: int, node: Node, at: Value, value: Value) -> None:
        """Adds a step's values of a block to those of the blocks before."""
        value = self._folded(w, node, value)
        address = self._sum_address(w, number, at)
        w.store(w.load(address, value.kind, value.type.lanes) + value, address)

    def _folded(self, w: Writer, node: Node, value: Value) -> Value:
        """Values that are to be added up as one vector of partial sums, or as one number."""
        lanes = self._sum_lanes(node)
        value = w.convert(value, result_kind(node))
        while value.type.lanes > lanes and value.type.lanes % 2 == 0:
            half = value.type.lanes // 2
            low, high = (_lanes(w, value, start, half) for start in (0, half))
            value = low + high
        return Accumulator.across(w, Root(node, Role.REDUCE, ()), value) if value.type.lanes > lanes else value

    def _put_aside(self, w: Writer) -> None:
        if not self.sums:
            return
        with _rounds(w, 0, self.length) as at:
            for number, node in enumerate(self.sums):
                kind, lanes = result_kind(node), self._sum_lanes(node)
                here, aside = self._sum_address(w, number, at), self._sum_address(w, number, at, aside=True)
                w.store(w.load(aside, kind, lanes) + w.load(here, kind, lanes), aside)
                w.store(w.constant(0, register(kind, lanes)), here)

    def _finish_sums(self, w: Writer) -> None:
        if not self.sums or self.at_once:
            return
        together = self._steps_together()
        whole = self.length // together * together
        for first, last, count in ((0, whole, together), (whole, self.length, 1)):
            if first < last:
                with _rounds(w, first, last, count) as at:
                    rows = {
                        node: [self._total(w, number, node, at + step) for step in range(count)]
                        for number, node in enumerate(self.sums)
                    }
                    sums = {n: added_up(w, r) if count > 1 else self._across(w, n, r[0]) for n, r in rows.items()}
                    self._give_sums(w, at, sums)

    def _steps_together(self) -> int:
        """How many steps' sums are added up side by side: as many as a vector of sums has lanes."""
        lanes = {self._sum_lanes(node) for node in self.sums}
        given = self.body.outputs[self.carries :]
        if len(lanes) > 1 or any(self.axes[y] == SUMMED and y.aval.size != 1 for y in given):
            return 1
        (together,) = lanes
        return together

    def _total(self, w: Writer, number: int, node: Node, at: Value) -> Value:
        kind, lanes = result_kind(node), self._sum_lanes(node)
        parts = [w.load(self._sum_address(w, number, at, aside=a), kind, lanes) for a in self.asides]
        return parts[0] + parts[1] if len(parts) > 1 else parts[0]

    def _across(self, w: Writer, node: Node, total: Value) -> Value:
        return Accumulator.across(w, Root(node, Role.REDUCE, ()), self._folded(w, node, total))

    def _give_sums(self, w: Writer, at: Value, sums: Mapping[Node, Value]) -> None:
        """Stores what a step gives that depends on its sums; with several lanes, what as many steps give."""
        known = {node: registers([value], ()) for node, value in sums.items()}
        for node in reachable(self.body.outputs):
            if self.axes[node] == SUMMED and node not in known:
                computed(w, [*[x for x in node.inputs if self.axes[x] == SAME], node], known, self.axes)
        for pointer, y in zip(self.outputs[self.carries :], self.body.outputs[self.carries :], strict=True):
            if pointer is not None and self.axes[y] == SUMMED:
                w.store(known[y].item(), _element(w, pointer, at, y.aval))


class _Room:
    """What is carried: memory on the stack that becomes registers."""

    def __init__(self, function: Function, node: Node, axes: object, lanes: int) -> None:
        self.function, self.node = function, node
        self.shape = own_shape(node, axes)  # type: ignore[arg-type]  # the loop's
        self.type = register(result_kind(node), lanes if axes[node] == 0 else 1)  # type: ignore[index]  # as above
        size = max(bytes_of(self.type.kind) * self.type.lanes, 1)
        count = 1
        for extent in self.shape:
            count *= extent
        self.places = [function.room(size) for _ in range(count)]

    def get(self) -> Registers:
        w = self.function.writer
        return registers([w.load(p, self.type.kind, self.type.lanes) for p in self.places], self.shape)

    def put(self, values: Registers) -> None:
        w = self.function.writer
        flat = [values.item()] * len(self.places) if values.ndim == 0 else list(values.ravel())
        for place, value in zip(self.places, flat, strict=True):
            same = w.convert(value, self.type.kind)
            w.store(level(w, [same, w.constant(0, self.type)])[0], place)


def _element(w: Writer, pointer: str, at: Value, aval: Aval) -> str:
    return w.address(pointer, (at * aval.nbytes).text)


def _lanes(w: Writer, value: Value, start: int, count: int) -> Value:
    if count == 1:
        return w.lane(value, start)
    mask = ", ".join(f"i32 {start + k}" for k in range(count))
    type = value.type.llvm
    return w.made(
        register(value.kind, count), f"shufflevector {type} {value.text}, {type} poison, <{count} x i32> <{mask}>"
    )
