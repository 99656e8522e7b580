"""What each round of a loop of unknown length gives, in memory that grows. Floor 4."""

from collections.abc import Sequence

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.emit.failure import MEMORY, fail
from glassgrad.engines.cpu.emit.frame import Function
from glassgrad.engines.cpu.emit.types import I64, register
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.plan.memory import element_bytes

_ALLOCATION = {
    "malloc": "declare ptr @malloc(i64)",
    "realloc": "declare ptr @realloc(ptr, i64)",
    "free": "declare void @free(ptr)",
}
_FIRST = 64  # rounds that there is room for when the first one is recorded: so many, or what fits into
_FIRST_BYTES = 1 << 12


class Records:
    """The records of one loop: all are made twice as large when they are full."""

    def __init__(self, function: Function, avals: Sequence[Aval]) -> None:
        self.function = function
        self.sizes = [element_bytes(aval) for aval in avals]
        if not avals:
            return
        self.declare(function)
        self.first = max(_FIRST, _FIRST_BYTES // max(*self.sizes, 1))
        w = function.writer
        self.bases = [function.keeper() for _ in avals]
        self.count, self.capacity = function.slot("i64"), function.slot("i64")
        for place in (self.count, self.capacity):
            w.line(f"store i64 0, ptr {place}, align 8")

    @staticmethod
    def declare(function: Function) -> None:
        """The functions that memory comes from."""
        for name, text in _ALLOCATION.items():
            function.declarations[name] = text

    def next(self, leave: str) -> list[str]:
        """The addresses of one more entry of each; goes to `leave` where there is no memory for it."""
        if not self.sizes:
            return []
        w = self.function.writer
        count, capacity, full = self._number(self.count), self._number(self.capacity), w.fresh()
        grow, onward = w.new_label(), w.new_label()
        w.line(f"{full} = icmp eq i64 {count.text}, {capacity.text}")
        w.line(f"br i1 {full}, label %{grow}, label %{onward}")
        w.label(grow)
        larger = capacity * 2 + self.first
        without = w.new_label()
        for base, size in zip(self.bases, self.sizes, strict=True):
            moved, missing, got = w.fresh(), w.fresh(), w.new_label()
            old, nbytes = self.function.get(base), (larger * max(size, 1)).text
            w.line(f"{moved} = call ptr @realloc(ptr {old}, i64 {nbytes})")
            w.line(f"{missing} = icmp eq ptr {moved}, null")
            w.line(f"br i1 {missing}, label %{without}, label %{got}")
            w.label(got)
            self.function.put(base, moved)
        w.line(f"store i64 {larger.text}, ptr {self.capacity}, align 8")
        w.jump(onward)
        w.label(without)
        fail(w, MEMORY)
        w.jump(leave)
        w.label(onward)
        w.line(f"store i64 {(count + 1).text}, ptr {self.count}, align 8")
        return [
            w.address(self.function.get(base), (count * size).text)
            for base, size in zip(self.bases, self.sizes, strict=True)
        ]

    def finish(self, places: Sequence[str | None]) -> None:
        """Says at the places of the results where the entries lie and how many there are."""
        if not self.sizes:
            return
        w, count = self.function.writer, self._number(self.count)
        for place, base in zip(places, self.bases, strict=True):
            if place is not None:
                self.function.put(place, self.function.get(base))
                w.line(f"store i64 {count.text}, ptr {w.address(place, '8')}, align 8")

    def _number(self, place: str) -> Value:
        w, name = self.function.writer, self.function.writer.fresh()
        w.line(f"{name} = load i64, ptr {place}, align 8")
        return Value(w, register(I64), name)
