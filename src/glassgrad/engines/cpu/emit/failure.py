"""What goes wrong while a program runs: words on the stack of the run, which every thread of it reaches. Floor 4.

The first word is 0 while all is well; loops without an end look at it. The first failure takes it, and says in the
words behind it what it was; the program tells the host before it returns.
"""

from dataclasses import dataclass, field

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.emit.scopes import Loops
from glassgrad.engines.cpu.emit.types import I1, I64, register
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


@dataclass(eq=False, slots=True)
class Checks:
    """The indices that a kernel looks up: those outside are replaced by 0, and one of them is kept for each axis."""

    loops: Loops
    kept: dict[tuple[int, int, int], str] = field(default_factory=dict)  # axis, its size, lanes: a room

    def inside(self, looked: Looked, value: Value) -> Value:
        """The index wrapped round where negative, and where to look if it is outside none the less: at 0."""
        w, known, extent = self.loops.writer, reach(looked.node), looked.extent
        wrapped = value
        if known is None or known[0] < 0:
            wrapped = w.select(value < 0, value + extent, value)
        if known is not None and -extent <= known[0] and known[1] < extent:
            return wrapped
        outside = (wrapped | ((extent - 1) - wrapped)) < 0  # by the sign alone: what vectors are chosen by
        room = self._room(looked, value.type.lanes)
        shown = value if extent else value.like(-1)  # 0, which is outside of nothing else, says that all is well
        w.store(w.select(outside, shown, w.load(room, I64, value.type.lanes)), room)
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
