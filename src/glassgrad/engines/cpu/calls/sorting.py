"""Sorting in native code: runs put in order by insertion, then merged, runs of twice the length each time. Floor 4.

Stable, NaN last, as NumPy sorts. A merge picks by selection rather than by a jump that cannot be foreseen.
"""

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from glassgrad.engines.cpu import sorting
from glassgrad.engines.cpu.calls.loops import Counted
from glassgrad.engines.cpu.emit.frame import Frame
from glassgrad.engines.cpu.emit.types import I1, I64, U8, Kind, bytes_of, kind_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.graph.node import Node

if TYPE_CHECKING:
    from glassgrad.engines.cpu.emit.module import Module

_RUN = 12  # elements that insertion puts in order


def write_sorting(module: "Module", frame: Frame, node: Node) -> None:
    """A sort, its positions, or places in a sorted line."""
    if node.op is sorting.PLACES:
        _write_places(frame, node)
        return
    x, w, function = node.inputs[0], frame.writer, frame.function
    kind, length = _kind(x), x.shape[-1]
    size, with_places = bytes_of(kind), node.op is sorting.ORDER
    name = _function(module, kind, with_places=with_places)
    rooms = [function.common_room(f"line {k}", sorting.LONGEST * 8) for k in range(3 if with_places else 1)]
    loop = Counted(w, prod(x.shape[:-1]))
    source = w.element(frame.pointer(x), loop.counter * length, size)
    target = w.element(frame.pointer(node), loop.counter * length, 8 if with_places else size)
    values = rooms[1] if with_places else target
    function.copy(values, source, length * size)
    given = [values, rooms[0], *([target, rooms[2]] if with_places else [])]
    w.line(f"call void @{name}({', '.join(f'ptr {pointer}' for pointer in given)}, i64 {length})")
    loop.end()


def _kind(x: Node) -> Kind:
    kind = kind_of(x.dtype)
    assert kind is not None, "sorting.py asks for native code only where there is one"
    return U8 if kind is I1 else kind


def _is_before(w: Writer, a: Value, b: Value) -> Value:
    """Does `a` stand before `b` in a sorted line? NaN stands behind all others."""
    if not a.kind.is_float:
        return a < b
    text = f"{a.type.llvm} {a.text}"
    below = w.made(register(I1), f"fcmp ult {text}, {b.text}")
    return below & w.made(register(I1), f"fcmp ord {text}, {a.text}")


# ------------------------------------------------------------------ places in a sorted line
def _write_places(frame: Frame, node: Node) -> None:
    """For each value by halving: how many stand before it."""
    line, v = node.inputs
    w, kind = frame.writer, _kind(line)
    size, length = bytes_of(kind), line.shape[0]
    base = frame.pointer(line)
    loop = Counted(w, v.aval.size)
    value = w.load(w.element(frame.pointer(v), loop.counter, size), kind)
    place = Value(w, register(I64), "0")
    left = length
    while left > 0:
        half = (left + 1) // 2
        known = w.load(w.element(base, place + (half - 1), size), kind)
        before = _is_before(w, known, value) if node.param("side") == "left" else ~_is_before(w, value, known)
        place = w.select(before, place + half, place)
        left -= half
    w.store(place, w.element(frame.pointer(node), loop.counter, 8))
    loop.end()


# ------------------------------------------------------------------ one line
class _Number:
    """A variable: a whole number or an address in a place of its own, which LLVM turns into a register."""

    def __init__(self, w: Writer, entry: list[str], type: str = "i64") -> None:
        self.w, self.type, self.place = w, type, w.fresh()
        entry.append(f"  {self.place} = alloca {type}, align 8")

    def get(self) -> Value:
        """What it is now."""
        name = self.w.fresh()
        self.w.line(f"{name} = load {self.type}, ptr {self.place}, align 8")
        return Value(self.w, register(I64), name)

    def set(self, value: Value | int | str) -> None:
        """Another value."""
        text = value.text if isinstance(value, Value) else str(value)
        self.w.line(f"store {self.type} {text}, ptr {self.place}, align 8")


def _while(w: Writer, condition: Callable[[], Value], body: Callable[[], None]) -> None:
    head, inside, done = w.new_label(), w.new_label(), w.new_label()
    w.jump(head)
    w.label(head)
    w.branch(condition(), inside, done)
    w.label(inside)
    body()
    w.jump(head)
    w.label(done)


class _Lines:
    """A line of values and, where asked for, the positions that move along with them."""

    def __init__(self, w: Writer, entry: list[str], kind: Kind, *, with_places: bool) -> None:
        self.w = w
        self.kinds = [kind, I64] if with_places else [kind]
        self.sources = [_Number(w, entry, "ptr") for _ in self.kinds]
        self.targets = [_Number(w, entry, "ptr") for _ in self.kinds]

    def at(self, bases: list[_Number], index: Value) -> list[Value]:
        """The value (and position) that stands there."""
        return [
            self.w.load(self.w.element(base.get().text, index, bytes_of(kind)), kind)
            for base, kind in zip(bases, self.kinds, strict=True)
        ]

    def put(self, bases: list[_Number], index: Value, values: list[Value]) -> None:
        """Writes there."""
        for base, value in zip(bases, values, strict=True):
            self.w.store(value, self.w.element(base.get().text, index, bytes_of(value.kind)))

    def swap(self) -> None:
        """What was written is read from now on."""
        for source, target in zip(self.sources, self.targets, strict=True):
            before = source.get()
            source.set(target.get())
            target.set(before)


def _function(module: "Module", kind: Kind, *, with_places: bool) -> str:
    """The function `void name(values, room, [places, room,] length)`, written once in a module."""
    name = f"glassgrad.{'order' if with_places else 'sort'}.{kind.name}"
    if name not in module.intrinsics:
        module.intrinsics[name] = ""
        w, entry = Writer(module.intrinsics), []  # type: tuple[Writer, list[str]]
        parameters = ["%a", "%b", "%p", "%q"] if with_places else ["%a", "%b"]
        lines = _Lines(w, entry, kind, with_places=with_places)
        for place in range(len(lines.kinds)):
            lines.sources[place].set(parameters[2 * place])
            lines.targets[place].set(parameters[2 * place + 1])
        numbers = {letter: _Number(w, entry) for letter in "ijklw"}
        length = Value(w, register(I64), "%n")
        if with_places:
            _count_up(lines, numbers["i"], length)
        _insert(lines, numbers, length)
        _merge_all(lines, numbers, length)
        for place, inner in enumerate(lines.kinds):
            nbytes = (length * bytes_of(inner)).text
            found = lines.sources[place].get().text
            w.line(
                f"call void @llvm.memmove.p0.p0.i64(ptr {parameters[2 * place]}, ptr {found}, i64 {nbytes}, i1 false)"
            )
        module.intrinsics["llvm.memmove"] = "declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)"
        head = f"define internal void @{name}({', '.join(f'ptr {x}' for x in parameters)}, i64 %n) noinline nounwind {{"
        module.intrinsics[name] = "\n".join([head, "entry:", *entry, *w.lines, "  ret void", "}"])
    return name


def _count_up(lines: _Lines, i: _Number, length: Value) -> None:
    i.set(0)

    def step() -> None:
        lines.w.store(i.get(), lines.w.element(lines.sources[1].get().text, i.get(), 8))
        i.set(i.get() + 1)

    _while(lines.w, lambda: i.get() < length, step)


def _insert(lines: _Lines, numbers: dict[str, _Number], length: Value) -> None:
    """Each run by insertion."""
    w, i, j, low = lines.w, numbers["i"], numbers["j"], numbers["l"]
    i.set(0)
    low.set(0)

    def one() -> None:
        here = i.get()
        low.set(w.select((here - low.get()).equals(_RUN), here, low.get()))
        values = lines.at(lines.sources, here)
        j.set(here)

        def goes_left() -> Value:
            left = w.select(j.get() > low.get(), j.get() - 1, low.get())
            (known, *_) = lines.at(lines.sources, left)
            return (j.get() > low.get()) & _is_before(w, values[0], known)

        def move() -> None:
            lines.put(lines.sources, j.get(), lines.at(lines.sources, j.get() - 1))
            j.set(j.get() - 1)

        _while(w, goes_left, move)
        lines.put(lines.sources, j.get(), values)
        i.set(here + 1)

    _while(w, lambda: i.get() < length, one)


def _merge_all(lines: _Lines, numbers: dict[str, _Number], length: Value) -> None:
    """Runs in pairs until one is left."""
    w, low, width = lines.w, numbers["l"], numbers["w"]
    width.set(_RUN)

    def pass_over() -> None:
        low.set(0)
        _while(w, lambda: low.get() < length, lambda: _merge(lines, numbers, length))
        lines.swap()
        width.set(width.get() * 2)

    _while(w, lambda: width.get() < length, pass_over)


def _merge(lines: _Lines, numbers: dict[str, _Number], length: Value) -> None:
    """The runs from `l` and from `l + w`; what stays behind when one is used up is copied."""
    w, i, j, k, low = lines.w, numbers["i"], numbers["j"], numbers["k"], numbers["l"]
    start, width = low.get(), numbers["w"].get()
    middle, end = _least(w, start + width, length), _least(w, start + width * 2, length)
    i.set(start)
    j.set(middle)
    k.set(start)

    def take() -> None:
        left, right = lines.at(lines.sources, i.get()), lines.at(lines.sources, j.get())
        later = _is_before(w, right[0], left[0])
        lines.put(lines.targets, k.get(), [w.select(later, b, a) for a, b in zip(left, right, strict=True)])
        step = w.convert(later, I64)
        j.set(j.get() + step)
        i.set(i.get() + 1 - step)
        k.set(k.get() + 1)

    _while(w, lambda: (i.get() < middle) & (j.get() < end), take)
    for rest, stop in ((i, middle), (j, end)):
        for source, target, kind in zip(lines.sources, lines.targets, lines.kinds, strict=True):
            size = bytes_of(kind)
            there, here = (w.element(base.get().text, at.get(), size) for base, at in ((target, k), (source, rest)))
            _move(w, there, here, ((stop - rest.get()) * size).text)
        k.set(k.get() + (stop - rest.get()))
    low.set(end)


def _move(w: Writer, target: str, source: str, nbytes: str) -> None:
    w.line(f"call void @llvm.memmove.p0.p0.i64(ptr {target}, ptr {source}, i64 {nbytes}, i1 false)")


def _least(w: Writer, a: Value, b: Value) -> Value:
    return w.select(a < b, a, b)
