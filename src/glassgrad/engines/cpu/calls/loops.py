"""Loops: the body is written once, inside of the function around it. Floor 4.

A small value that is carried from step to step lies on the stack and becomes a register; a large one lies in two
places in turn: each step reads from one and writes into the other.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.calls.records import Records
from glassgrad.engines.cpu.calls.scratch import Scratch, near
from glassgrad.engines.cpu.emit.failure import MEMORY, fail_where, failed
from glassgrad.engines.cpu.emit.frame import Frame, Function
from glassgrad.engines.cpu.emit.types import I64, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.plan.memory import NEAR_BYTES, carried_avals, element_bytes, is_ragged
from glassgrad.graph.node import Node

if TYPE_CHECKING:
    from glassgrad.engines.cpu.emit.module import Module


class _Near:
    """A small value: each step reads it in one room of the stack and writes the next into another."""

    def __init__(self, function: Function, aval: Aval, start: str) -> None:
        self.function, self.nbytes = function, aval.nbytes
        self.source, self.target = function.room(aval.nbytes), function.room(aval.nbytes)
        function.copy(self.source, start, aval.nbytes)

    def step(self) -> None:
        self.function.copy(self.source, self.target, self.nbytes)

    def finish(self, place: str) -> None:
        self.function.copy(place, self.source, self.nbytes)


class _Far:
    """A large value, in one of two places and in the other in turn."""

    def __init__(self, function: Function, aval: Aval, start: str, places: tuple[str, str], *, arrives: bool) -> None:
        self.function, self.nbytes, self.arrives = function, aval.nbytes, arrives
        self._slots = [function.slot() for _ in range(3)]  # read in this step, written in it, written in the next
        for slot, pointer in zip(self._slots, (start, *places), strict=True):
            function.put(slot, pointer)

    @property
    def source(self) -> str:
        return self.function.get(self._slots[0])

    @property
    def target(self) -> str:
        return self.function.get(self._slots[1])

    def step(self) -> None:
        written, spare = self.target, self.function.get(self._slots[2])
        for slot, pointer in zip(self._slots, (written, spare, written), strict=True):
            self.function.put(slot, pointer)

    def finish(self, place: str) -> None:
        if not self.arrives:
            self.function.copy(place, self.source, self.nbytes)


class _Still:
    """A value that is written into where it lies."""

    def __init__(self, function: Function, aval: Aval, start: str, place: str) -> None:
        self.function, self.nbytes = function, aval.nbytes
        self.source = self.target = place
        function.copy(place, start, aval.nbytes)

    def step(self) -> None:
        """What was written is read next."""

    def finish(self, place: str) -> None:
        self.function.copy(place, self.source, self.nbytes)


_Carried = _Near | _Far | _Still


def _carried(
    frame: Frame, scratch: Scratch, node: Node, targets: Sequence[str], length: int | None = None
) -> list[_Carried]:
    """What the loop carries; where its length is known, the last step writes into the final place."""
    found: list[_Carried] = []
    still = frame.plan.bodies[node][-1].still
    for k, aval in enumerate(carried_avals(node)[: node.param("carries")]):
        start, final = frame.pointer(node.inputs[k]), targets[k]
        if k in still:
            place = frame.function.room(aval.nbytes) if aval.nbytes <= NEAR_BYTES else final
            found.append(_Still(frame.function, aval, start, place))
            continue
        if aval.nbytes <= NEAR_BYTES:
            found.append(_Near(frame.function, aval, start))
            continue
        second = scratch.room(aval.nbytes)
        places = (second, final) if length is not None and length % 2 == 0 else (final, second)
        found.append(_Far(frame.function, aval, start, places, arrives=bool(length)))
    return found


# ------------------------------------------------------------------ scan
def write_scan(module: "Module", frame: Frame, node: Node) -> None:
    """The body once for each step: as many as the node says, or as the first sequence of unknown length has."""
    (plan,) = frame.plan.bodies[node]
    carries, middle = node.param("carries"), node.param("carries") + node.param("sequences")
    scratch = Scratch(frame, node, [plan])
    targets = scratch.targets(frame, node)
    known = node.param("length")
    length: int | Value = known
    if known < 0:
        length = _length(frame, node, carries, middle)
    carried = _carried(frame, scratch, node, targets, known if known >= 0 else None)
    read = [_Strip(frame, frame.pointer(x), x.aval) for x in node.inputs[carries:middle]]
    written = _written(module, frame, node, targets, length)
    constants = [near(frame, frame.pointer(x), x.aval) for x in node.inputs[middle:]]
    if known != 0:
        if isinstance(length, Value):  # without the memory that it asks for there is nothing to be done
            unfailed = frame.writer.select(failed(frame.writer), 0, length)
        loop = Counted(frame.writer, length if isinstance(length, int) else unfailed)
        step = loop.counter
        at = step if not node.param("backwards") else (length - 1) - step
        given = [*[c.source for c in carried], *[strip.element(at) for strip in read], *constants]
        taken = [*[c.target for c in carried], *[strip.element(at) for strip in written]]
        failing = module.failing
        module.failing = False
        module.steps(frame.inner(plan, given, taken, scratch.start), inside=True)
        for c in carried:
            c.step()
        loop.end(watched=module.failing)
        module.failing |= failing
    for c, final in zip(carried, targets, strict=False):
        c.finish(final)


def _length(frame: Frame, node: Node, first: int, last: int) -> Value:
    """The number of steps that only the run tells."""
    sequence = next(x for x in node.inputs[first:last] if is_ragged(x.aval))
    w, name = frame.writer, frame.writer.fresh()
    w.line(f"{name} = load i64, ptr {w.address(frame.pointer(sequence), '8')}, align 8")
    return Value(w, register(I64), name)


class _Strip:
    """A sequence whose elements lie one after another."""

    def __init__(self, frame: Frame, pointer: str, aval: Aval) -> None:
        self.writer, self.size = frame.writer, element_bytes(aval)
        self.base = frame.function.get(pointer) if is_ragged(aval) else pointer

    def element(self, at: Value) -> str:
        return self.writer.address(self.base, (at * self.size).text) if self.size else self.base


def _written(module: "Module", frame: Frame, node: Node, targets: Sequence[str], length: int | Value) -> list[_Strip]:
    """The sequences that the loop gives; one that nobody reads has room for one element."""
    found, places = [], frame.results(node)
    for k, aval in enumerate(node.avals):
        if k < node.param("carries"):
            continue
        if places[k] is None:
            strip = _Strip(frame, targets[k], Aval(aval.shape[1:], aval.dtype))
            strip.size = 0
        else:
            if is_ragged(aval):
                assert isinstance(length, Value), "as the aval says"
                _make_room(frame, targets[k], length, element_bytes(aval))
                module.can_fail()
            strip = _Strip(frame, targets[k], aval)
        found.append(strip)
    return found


def _make_room(frame: Frame, place: str, length: Value, size: int) -> None:
    """Memory for so many elements, its address and their number at this place."""
    function, w = frame.function, frame.writer
    Records.declare(function)
    base = w.fresh()
    missing = w.fresh()
    w.line(f"{base} = call ptr @malloc(i64 {(length * max(size, 1) + 1).text})")
    w.line(f"{missing} = icmp eq ptr {base}, null")
    fail_where(w, missing, MEMORY)
    function.put(function.keeper(), base)
    function.put(place, base)
    w.line(f"store i64 {length.text}, ptr {w.address(place, '8')}, align 8")


class Counted:
    """A loop of so many steps, open until `end`."""

    def __init__(self, writer: Writer, length: int | Value) -> None:
        self.writer, self.length = writer, length.text if isinstance(length, Value) else str(length)
        self.head, self.inside, self.latch, self.done = (writer.new_label() for _ in range(4))
        name, entered, more = writer.fresh(), writer.block, writer.fresh()
        writer.jump(self.head)
        writer.label(self.head)
        writer.line(f"{name} = phi i64 [ 0, %{entered} ], [ {name}.next, %{self.latch} ]")
        writer.line(f"{more} = icmp slt i64 {name}, {self.length}")
        writer.line(f"br i1 {more}, label %{self.inside}, label %{self.done}")
        writer.label(self.inside)
        self.counter = Value(writer, register(I64), name)

    def end(self, *, watched: bool = False) -> None:
        """Goes back to the beginning until all steps are done; if `watched`, until something has failed."""
        writer, name = self.writer, self.counter.text
        writer.jump(self.latch)
        writer.label(self.latch)
        writer.line(f"{name}.next = add nsw i64 {name}, 1")
        if watched:
            writer.branch(failed(writer), self.done, self.head)
        else:
            writer.jump(self.head)
        writer.label(self.done)


# ------------------------------------------------------------------ while
def write_while(module: "Module", frame: Frame, node: Node) -> None:
    """The body while the condition holds; what it records goes into memory that grows."""
    condition, body = frame.plan.bodies[node]
    carries, w = node.param("carries"), frame.writer
    scratch = Scratch(frame, node, [condition, body])
    targets = scratch.targets(frame, node)
    constants = [near(frame, frame.pointer(x), x.aval) for x in node.inputs[carries:]]
    carried = _carried(frame, scratch, node, targets)
    records = Records(frame.function, node.avals[carries:])
    if records.sizes:
        module.can_fail()
    goes_on, truth, test, further = frame.function.room(1), w.fresh(), w.fresh(), w.fresh()
    head, inside, done = w.new_label(), w.new_label(), w.new_label()
    w.jump(head)
    w.label(head)
    given = [*[c.source for c in carried], *constants]
    module.steps(frame.inner(condition, given, [goes_on], scratch.start), inside=True)
    w.line(f"{truth} = load i8, ptr {goes_on}, align 1")
    w.line(f"{test} = icmp ne i8 {truth}, 0")
    w.line(f"{further} = select i1 {failed(w).text}, i1 false, i1 {test}")
    w.line(f"br i1 {further}, label %{inside}, label %{done}")
    w.label(inside)
    taken = [*[c.target for c in carried], *records.next(done)]
    module.steps(frame.inner(body, given, taken, scratch.start), inside=True)
    for c in carried:
        c.step()
    w.jump(head)
    w.label(done)
    for c, final in zip(carried, targets, strict=False):
        c.finish(final)
    records.finish(frame.results(node)[carries:])
