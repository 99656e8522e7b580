"""Loops and branches as native code: the bodies are functions, called with the addresses of what they read and write.

What a loop carries lies in two places in turn: each step reads from one and writes into the other. Floor 4.
"""

from typing import TYPE_CHECKING

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.emit.types import I64, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.plan.memory import aligned, element_bytes, is_ragged, stored_bytes
from glassgrad.engines.cpu.plan.plan import Plan
from glassgrad.graph.node import Node

if TYPE_CHECKING:
    from glassgrad.engines.cpu.emit.module import Module

Body = tuple[str, Plan]


class _Frame:
    """The tables of addresses with which a body is called."""

    def __init__(self, module: "Module", writer: Writer, plan: Plan, node: Node, body: Body, scratch: str) -> None:
        self.writer = writer
        self.name, self.plan = body
        self.scratch = scratch
        self.inputs = module.room(writer, len(self.plan.inputs) + len(self.plan.captured))
        self.outputs = module.room(writer, len(self.plan.outputs))
        for position, array in enumerate(self.plan.captured):
            self.give(len(self.plan.inputs) + position, module.pointer(writer, plan, array))

    def give(self, position: int, pointer: str) -> None:
        """Sets the address of an input."""
        self.writer.line(f"store ptr {pointer}, ptr {self.writer.address(self.inputs, str(8 * position))}, align 8")

    def take(self, position: int, pointer: str) -> None:
        """Sets the address that an output goes to."""
        self.writer.line(f"store ptr {pointer}, ptr {self.writer.address(self.outputs, str(8 * position))}, align 8")

    def call(self) -> None:
        """Runs the body once."""
        given = f"ptr {self.inputs}, ptr {self.outputs}, ptr {self.scratch}, ptr %context"
        self.writer.line(f"call void {self.name}({given})")


def _second_places(writer: Writer, node: Node, scratch: str, start: int) -> list[str]:
    """Room in the scratch memory for each output of the op."""
    found = []
    for aval in node.avals:
        found.append(writer.address(scratch, str(start)))
        start += aligned(stored_bytes(aval))
    return found


def write_scan(module: "Module", writer: Writer, plan: Plan, node: Node, bodies: list[Body]) -> None:
    """The body once for each step; the last step writes what is carried into its final place."""
    carries, sequences, length = node.param("carries"), node.param("sequences"), node.param("length")
    scratch = module.place_pointer(writer, plan.scratch[node])
    frame = _Frame(module, writer, plan, node, bodies[0], scratch)
    operands = [module.pointer(writer, plan, x) for x in node.inputs]
    places = module.results(writer, plan, node)
    start = aligned(bodies[0][1].arena_bytes)
    unread = _second_places(writer, node, scratch, start)
    final = [place if place is not None else unread[k] for k, place in enumerate(places)]
    second = _second_places(writer, node, scratch, start + sum(aligned(stored_bytes(aval)) for aval in node.avals))
    if length == 0:
        for k in range(carries):
            _copy(module, writer, final[k], operands[k], node.avals[k].nbytes)
        return
    if length < 0:
        _write_ragged_scan(module, writer, node, frame, operands, final, second, places)
        return
    for position in range(carries + sequences, len(node.inputs)):
        frame.give(position, operands[position])
    current = module.room(writer, 2 * carries)  # where each carried value lies, then where it goes
    for k in range(carries):
        ahead = (final[k], second[k]) if length % 2 else (second[k], final[k])
        frame.give(k, operands[k])
        _put(writer, current, 2 * k, ahead[0])
        _put(writer, current, 2 * k + 1, ahead[1])
    loop = _Loop(writer, length)
    step = loop.counter
    at = step if not node.param("backwards") else (length - 1) - step
    for k in range(sequences):
        x = node.inputs[carries + k]
        frame.give(carries + k, _element(writer, operands[carries + k], at, x.aval.nbytes // max(length, 1)))
    for k, aval in enumerate(node.avals[carries:], carries):
        frame.take(k, _element(writer, final[k], at, aval.nbytes // max(length, 1)))
    for k in range(carries):
        frame.take(k, _get(writer, current, 2 * k))
    frame.call()
    _swap(writer, frame, current, carries)
    loop.end()


def _write_ragged_scan(
    module: "Module",
    writer: Writer,
    node: Node,
    frame: _Frame,
    operands: list[str],
    final: list[str],
    second: list[str],
    places: list[str | None],
) -> None:
    """As many steps as the first sequence is long; what each step gives goes into memory of that length."""
    carries, sequences = node.param("carries"), node.param("sequences")
    slots = [k for k in range(carries, carries + sequences) if is_ragged(node.inputs[k].aval)]
    length = _length(writer, operands[slots[0]])
    bases = {
        k: _get(writer, operands[k], 0) if k in slots else operands[k] for k in range(carries, carries + sequences)
    }
    for k, aval in enumerate(node.avals[carries:], carries):
        final[k] = final[k] if final[k] in places else module.room(writer, 2)
        module.owned(writer, final[k])
        size = length * element_bytes(aval)
        base = writer.fresh()
        writer.line(f"{base} = call ptr @malloc(i64 {size.text})")
        _put(writer, final[k], 0, base)
        _put_number(writer, final[k], length)
        bases[len(node.inputs) + k] = base
    for position in range(carries + sequences, len(node.inputs)):
        frame.give(position, operands[position])
    current = module.room(writer, 2 * carries)
    for k in range(carries):
        frame.give(k, operands[k])
        _put(writer, current, 2 * k, second[k])
        _put(writer, current, 2 * k + 1, final[k])
    loop = _Loop(writer, length)
    step = loop.counter
    at = step if not node.param("backwards") else (length - 1) - step
    for k in range(carries, carries + sequences):
        frame.give(k, _element(writer, bases[k], at, element_bytes(node.inputs[k].aval)))
    for k, aval in enumerate(node.avals[carries:], carries):
        frame.take(k, _element(writer, bases[len(node.inputs) + k], at, element_bytes(aval)))
    for k in range(carries):
        frame.take(k, _get(writer, current, 2 * k))
    frame.call()
    _swap(writer, frame, current, carries)
    loop.end()
    for k in range(carries):
        _move(module, writer, final[k], _get(writer, frame.inputs, k), node.avals[k].nbytes)


def _swap(writer: Writer, frame: _Frame, current: str, carries: int) -> None:
    """What was written is read next; what comes after goes to the other place."""
    for k in range(carries):
        now, after = _get(writer, current, 2 * k), _get(writer, current, 2 * k + 1)
        frame.give(k, now)
        _put(writer, current, 2 * k, after)
        _put(writer, current, 2 * k + 1, now)


def write_while(module: "Module", writer: Writer, plan: Plan, node: Node, bodies: list[Body]) -> None:
    """The body while the condition holds; at the end what is carried is copied to its final place."""
    carries = node.param("carries")
    scratch = module.place_pointer(writer, plan.scratch[node])
    condition, body = (_Frame(module, writer, plan, node, part, scratch) for part in bodies)
    operands = [module.pointer(writer, plan, x) for x in node.inputs]
    places = module.results(writer, plan, node)
    start = max(aligned(part.arena_bytes) for _, part in bodies)
    both = (
        _second_places(writer, node, scratch, start),
        _second_places(writer, node, scratch, start + sum(aligned(stored_bytes(aval)) for aval in node.avals)),
    )
    goes_on = module.room(writer, 1)
    condition.take(0, goes_on)
    for position in range(carries, len(node.inputs)):
        condition.give(position, operands[position])
        body.give(position, operands[position])
    current = module.room(writer, 2 * carries)
    for k in range(carries):
        condition.give(k, operands[k])
        body.give(k, operands[k])
        _put(writer, current, 2 * k, both[0][k])
        _put(writer, current, 2 * k + 1, both[1][k])
    records = [
        _Record(module, writer, places[k] or module.room(writer, 2), node.avals[k])
        for k in range(carries, len(node.avals))
    ]
    head, inside, done = writer.new_label(), writer.new_label(), writer.new_label()
    writer.jump(head)
    writer.label(head)
    condition.call()
    truth = writer.fresh()
    writer.line(f"{truth} = load i8, ptr {goes_on}, align 1")
    more = Value(writer, register(I64), truth)
    test = writer.fresh()
    writer.line(f"{test} = icmp ne i8 {more.text}, 0")
    writer.line(f"br i1 {test}, label %{inside}, label %{done}")
    writer.label(inside)
    for k in range(carries):
        body.take(k, _get(writer, current, 2 * k))
    for k, record in enumerate(records, carries):
        body.take(k, record.next())
    body.call()
    for k in range(carries):
        condition.give(k, _get(writer, current, 2 * k))
    _swap(writer, body, current, carries)
    writer.jump(head)
    writer.label(done)
    for k in range(carries):
        place = places[k]
        if place is not None:
            _move(module, writer, place, _get(writer, body.inputs, k), node.avals[k].nbytes)


def write_cond(module: "Module", writer: Writer, plan: Plan, node: Node, bodies: list[Body]) -> None:
    """The branch that the index picks, clipped into range."""
    scratch = module.place_pointer(writer, plan.scratch[node])
    index = node.inputs[0]
    start = max(aligned(part.arena_bytes) for _, part in bodies)
    unread = _second_places(writer, node, scratch, start)
    places = [place or unread[k] for k, place in enumerate(module.results(writer, plan, node))]
    operands = [module.pointer(writer, plan, x) for x in node.inputs[1:]]
    kind = f"i{8 * index.dtype.itemsize}"
    picked = writer.fresh()
    writer.line(f"{picked} = load {kind}, ptr {module.pointer(writer, plan, index)}, align 1")
    done = writer.new_label()
    labels = [writer.new_label() for _ in bodies]
    below = writer.fresh()
    last = writer.new_label()
    writer.line(f"{below} = icmp sle {kind} {picked}, 0")
    writer.line(f"br i1 {below}, label %{labels[0]}, label %{last}")
    writer.label(last)
    cases = " ".join(f"{kind} {k}, label %{label}" for k, label in enumerate(labels[:-1]))
    writer.line(f"switch {kind} {picked}, label %{labels[-1]} [ {cases} ]")
    for label, body in zip(labels, bodies, strict=True):
        writer.label(label)
        frame = _Frame(module, writer, plan, node, body, scratch)
        for position, pointer in enumerate(operands):
            frame.give(position, pointer)
        for position, pointer in enumerate(places):
            frame.take(position, pointer)
        frame.call()
        writer.jump(done)
    writer.label(done)


def write_call(module: "Module", writer: Writer, plan: Plan, node: Node, body: Body) -> None:
    """The body once, in memory that is free again after it."""
    scratch = module.place_pointer(writer, plan.scratch[node])
    unread = _second_places(writer, node, scratch, aligned(body[1].arena_bytes))
    frame = _Frame(module, writer, plan, node, body, scratch)
    for position, x in enumerate(node.inputs):
        frame.give(position, module.pointer(writer, plan, x))
    for position, place in enumerate(module.results(writer, plan, node)):
        frame.take(position, place or unread[position])
    frame.call()


class _Record:
    """What each round of a loop gives, in memory that grows: twice as large whenever it is full."""

    def __init__(self, module: "Module", writer: Writer, slot: str, aval: Aval) -> None:
        self.writer, self.slot, self.size = writer, slot, element_bytes(aval)
        module.owned(writer, slot)
        self.room = module.room(writer, 1)
        _put(writer, slot, 0, "null")
        for place in (writer.address(slot, "8"), self.room):
            writer.line(f"store i64 0, ptr {place}, align 8")

    def next(self) -> str:
        """The address of one more entry."""
        w = self.writer
        count, capacity, full = _length(w, self.slot), w.fresh(), w.fresh()
        grow, onward = w.new_label(), w.new_label()
        w.line(f"{capacity} = load i64, ptr {self.room}, align 8")
        w.line(f"{full} = icmp eq i64 {count.text}, {capacity}")
        w.line(f"br i1 {full}, label %{grow}, label %{onward}")
        w.label(grow)
        doubled, larger = w.fresh(), w.fresh()
        w.line(f"{doubled} = shl i64 {capacity}, 1")
        w.line(f"{larger} = add i64 {doubled}, 16")
        w.line(f"store i64 {larger}, ptr {self.room}, align 8")
        size = Value(w, register(I64), larger) * self.size
        moved = w.fresh()
        w.line(f"{moved} = call ptr @realloc(ptr {_get(w, self.slot, 0)}, i64 {size.text})")
        _put(w, self.slot, 0, moved)
        w.jump(onward)
        w.label(onward)
        _put_number(w, self.slot, count + 1)
        return _element(w, _get(w, self.slot, 0), count, self.size)


# ------------------------------------------------------------------ small pieces
def _length(writer: Writer, slot: str) -> Value:
    """How many entries an array of unknown length has."""
    name = writer.fresh()
    writer.line(f"{name} = load i64, ptr {writer.address(slot, '8')}, align 8")
    return Value(writer, register(I64), name)


def _put_number(writer: Writer, slot: str, length: Value) -> None:
    writer.line(f"store i64 {length.text}, ptr {writer.address(slot, '8')}, align 8")


def _move(module: "Module", writer: Writer, target: str, source: str, size: int) -> None:
    """A copy that may be one onto itself."""
    module.intrinsics["llvm.memmove.p0.p0.i64"] = "declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)"
    writer.line(f"call void @llvm.memmove.p0.p0.i64(ptr {target}, ptr {source}, i64 {size}, i1 false)")


def _get(writer: Writer, table: str, position: int) -> str:
    name = writer.fresh()
    writer.line(f"{name} = load ptr, ptr {writer.address(table, str(8 * position))}, align 8")
    return name


def _put(writer: Writer, table: str, position: int, pointer: str) -> None:
    writer.line(f"store ptr {pointer}, ptr {writer.address(table, str(8 * position))}, align 8")


def _element(writer: Writer, base: str, at: Value, size: int) -> str:
    return writer.address(base, (at * size).text)


def _copy(module: "Module", writer: Writer, target: str, source: str, size: int) -> None:
    module.intrinsics["llvm.memcpy.p0.p0.i64"] = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
    writer.line(f"call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {source}, i64 {size}, i1 false)")


class _Loop:
    """A loop of so many steps, open until `end`."""

    def __init__(self, writer: Writer, length: int | Value) -> None:
        self.writer, self.length = writer, length.text if isinstance(length, Value) else str(length)
        self.head, self.inside, self.done = (writer.new_label() for _ in range(3))
        name, entered, more = writer.fresh(), writer.block, writer.fresh()
        self.latch = writer.new_label()
        writer.jump(self.head)
        writer.label(self.head)
        writer.line(f"{name} = phi i64 [ 0, %{entered} ], [ {name}.next, %{self.latch} ]")
        writer.line(f"{more} = icmp slt i64 {name}, {self.length}")
        writer.line(f"br i1 {more}, label %{self.inside}, label %{self.done}")
        writer.label(self.inside)
        self.counter = Value(writer, register(I64), name)

    def end(self) -> None:
        """Goes back to the beginning until all steps are done."""
        writer, name = self.writer, self.counter.text
        writer.jump(self.latch)
        writer.label(self.latch)
        writer.line(f"{name}.next = add i64 {name}, 1")
        writer.jump(self.head)
        writer.label(self.done)
