"""Loops and branches as native code: the bodies are functions, called with the addresses of what they read and write.

What a loop carries lies in two places in turn: each step reads from one and writes into the other. Floor 4.
"""

from typing import TYPE_CHECKING

from glassgrad.engines.cpu.emit.types import I64, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.plan.memory import aligned
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
        start += aligned(aval.nbytes)
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
    second = _second_places(writer, node, scratch, start + sum(aligned(aval.nbytes) for aval in node.avals))
    if length == 0:
        for k in range(carries):
            _copy(module, writer, final[k], operands[k], node.avals[k].nbytes)
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
        _second_places(writer, node, scratch, start + sum(aligned(aval.nbytes) for aval in node.avals)),
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
    body.call()
    for k in range(carries):
        condition.give(k, _get(writer, current, 2 * k))
    _swap(writer, body, current, carries)
    writer.jump(head)
    writer.label(done)
    for k in range(carries):
        place = places[k]
        if place is not None:
            _copy(module, writer, place, _get(writer, body.inputs, k), node.avals[k].nbytes)


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


# ------------------------------------------------------------------ small pieces
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
    """A loop of a known number of steps, open until `end`."""

    def __init__(self, writer: Writer, length: int) -> None:
        self.writer, self.length = writer, length
        self.head, self.latch = writer.new_label(), writer.new_label()
        name, entered = writer.fresh(), writer.block
        writer.jump(self.head)
        writer.label(self.head)
        writer.line(f"{name} = phi i64 [ 0, %{entered} ], [ {name}.next, %{self.latch} ]")
        self.counter = Value(writer, register(I64), name)

    def end(self) -> None:
        """Goes back to the beginning until all steps are done."""
        writer, name = self.writer, self.counter.text
        done, more = writer.new_label(), writer.fresh()
        writer.jump(self.latch)
        writer.label(self.latch)
        writer.line(f"{name}.next = add i64 {name}, 1")
        writer.line(f"{more} = icmp slt i64 {name}.next, {self.length}")
        writer.line(f"br i1 {more}, label %{self.head}, label %{done}")
        writer.label(done)
