"""What goes wrong while a program runs: words on the stack of the run, which every thread of it reaches. Floor 4.

The first word is 0 while all is well; loops without an end look at it. The first failure takes it, and says in the
words behind it what it was; the program tells the host before it returns.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.maths.branches import any_lane
from glassgrad.engines.cpu.emit.scopes import Loops
from glassgrad.engines.cpu.emit.types import I1, I64, bytes_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.plan.index import Looked
from glassgrad.engines.cpu.plan.reach import reach
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import input_node

WORDS = 4
UNREFUSED = ("", "")  # among the refusals of a program: what failed stands in the words
HOST, INDEX, MEMORY = 1, 2, 3  # the host knows already; an index is out of range; there is no memory
FAILURE: Node = input_node(Aval((WORDS,), np.dtype(np.int64)))  # kernels are given its address as that of a value
PLACE = "%failure"
UNLIKELY, ODDS = "!1", '!1 = !{!"branch_weights", i32 1, i32 4096}'
ENTRY = [f"  {PLACE} = alloca [{WORDS} x i64], align 64", f"  store i64 0, ptr {PLACE}, align 8"]


def failed(w: Writer) -> Value:
    """Has something failed?"""
    return w.load(PLACE, I64).differs(0)


def fail(w: Writer, what: int) -> None:
    """Sets the first word, in the function of the program."""
    w.line(f"store i64 {what}, ptr {PLACE}, align 8")


def fail_where(w: Writer, condition: str, what: int) -> None:
    """As `fail`, where the condition holds and nothing has failed before."""
    is_set, before = Value(w, register(I1), condition), w.load(PLACE, I64)
    now = w.select(before.equals(0), before.like(what), before)
    w.store(w.select(is_set, now, before), PLACE)


def _leave_if_inside(w: Writer, value: Value, last: int, onward: str) -> None:
    """Goes on at `onward` if the indices of all lanes lie between 0 and the last one."""
    signs = value | (value.like(last) - value)
    lanes = signs.type.lanes
    while lanes % 2 == 0 and lanes * bytes_of(signs.kind) > vector_bytes():  # all in one register
        lanes //= 2
        low, high = [w.shuffled(signs, signs, range(at, at + lanes)) for at in (0, lanes)]
        signs = low | high
    rare = w.new_label()
    w.line(f"br i1 {any_lane(w, signs < 0).text}, label %{rare}, label %{onward}, !prof {UNLIKELY}")
    w.label(rare)


@dataclass(eq=False, slots=True)
class Checks:
    """The indices that a kernel looks up: those outside are replaced by 0, and one of them is kept for each axis."""

    loops: Loops
    kept: dict[tuple[int, int, int], str] = field(default_factory=dict)  # axis, its size, lanes: a room

    def inside(self, looked: Looked, value: Value, level: int) -> Value:
        """The index wrapped round where negative, and where to look if it is outside none the less: at 0."""
        w, extent = self.loops.writer, looked.extent
        low, high = reach(looked.node) or (-extent - 1, extent)
        index = w.convert(value, I64)

        def wrapped() -> Value:
            return index if low >= 0 else w.select(index < 0, index + extent, index)

        if -extent <= low and high < extent:
            return wrapped()
        if extent and self.loops.is_straight(level):
            return self._where_needed(looked, value, index, wrapped, level)
        return self._or_first(looked, index, wrapped())

    def _where_needed(
        self, looked: Looked, value: Value, index: Value, wrapped: Callable[[], Value], level: int
    ) -> Value:
        """Most indices count from the front and lie inside: that takes one test for all lanes."""
        w, last = self.loops.writer, looked.extent - 1
        chosen, onward = self.loops.reserve(index.type.llvm), w.new_label()
        narrow = value.kind.is_signed and last < 1 << (value.kind.bits - 1)
        w.store(index, chosen)
        _leave_if_inside(w, value if narrow else index, last, onward)
        w.store(self._or_first(looked, index, wrapped()), chosen)
        w.jump(onward)
        w.label(onward)
        self.loops.goes_on(level, onward)
        return w.load(chosen, I64, index.type.lanes)

    def _or_first(self, looked: Looked, index: Value, wrapped: Value) -> Value:
        """The index, and 0 where it is outside, which is noted."""
        w, extent = self.loops.writer, looked.extent
        outside = (wrapped | ((extent - 1) - wrapped)) < 0  # by the sign alone: what vectors are chosen by
        room = self._room(looked, index.type.lanes)
        shown = index if extent else index.like(-1)  # 0, which is outside of nothing else, says that all is well
        w.store(w.select(outside, shown, w.load(room, I64, index.type.lanes)), room)
        return w.select(outside, wrapped.like(0), wrapped)

    def _room(self, looked: Looked, lanes: int) -> str:
        key = looked.axis, looked.extent, lanes
        if key not in self.kept:
            type = register(I64, lanes).llvm
            self.kept[key] = room = self.loops.reserve(type)
            self.loops.reserved.append(f"  store {type} zeroinitializer, ptr {room}, align 8")
        return self.kept[key]

    def report(self, place: str) -> None:
        """At the end of the kernel: says what was outside, if nothing else has failed before."""
        w = self.loops.writer
        for (axis, extent, lanes), room in self.kept.items():
            found = w.load(room, I64, lanes)
            any_ = found if lanes == 1 else w.intrinsic("vector.reduce.or", found, result=register(I64))
            told, first, onward = w.new_label(), w.new_label(), w.new_label()
            w.branch(any_.differs(0), told, onward)
            w.label(told)
            index = found if lanes == 1 else w.intrinsic("vector.reduce.umax", found, result=register(I64))
            pair, won = w.fresh(), w.fresh()
            w.line(f"{pair} = cmpxchg ptr {place}, i64 0, i64 {INDEX} monotonic monotonic")
            w.line(f"{won} = extractvalue {{ i64, i1 }} {pair}, 1")
            w.line(f"br i1 {won}, label %{first}, label %{onward}")
            w.label(first)
            for number, word in enumerate((index, index.like(axis), index.like(extent)), 1):
                w.store(word, w.address(place, str(8 * number)))
            w.jump(onward)
            w.label(onward)
