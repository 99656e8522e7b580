"""Reading and writing arrays at affine indices: side by side, one for all lanes, or gathered lane by lane. Floor 4.

What is larger than all caches is streamed: written past them, in whole lines, which need not be read for that.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import gcd

from glassgrad.engines.cpu.emit.lanes import LINE, NEAR, vector_bytes
from glassgrad.engines.cpu.emit.neighbours import Written, interleaved, rows
from glassgrad.engines.cpu.emit.scopes import Loops, Scope, Turn
from glassgrad.engines.cpu.emit.squares import side_by_side, transposed
from glassgrad.engines.cpu.emit.types import I1, I64, Kind, Type, bytes_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer, suffix
from glassgrad.engines.cpu.native.caches import largest_cache
from glassgrad.engines.cpu.native.target import has
from glassgrad.engines.cpu.plan.index import Affine, Axis, Looked, Quotient, seam
from glassgrad.graph.node import Node

_SQUARE, _LEAST_SIDE = 32, 4  # bytes along the side of a square that is transposed, and elements
_LEAST_MASKED = 32  # bytes of the registers of processors that load some lanes alone
_MOST_BESIDE = 12  # columns of a row that is written as whole vectors
STREAMED = "!2"
_LEAST_AHEAD, _MOST_AHEAD = 1 << 9, 1 << 14  # bytes of a row: neither read already, nor so much that it drives out this
_AHEAD = 1 << 11  # bytes that come from memory while as many are computed with


class Memory:
    """The arrays that a kernel reads and writes, of which so many bytes are `stored`.

    `looked` gives what is looked up in an array of indices.
    """

    def __init__(self, loops: Loops, looked: Callable[[Looked], Value], stored: int = 0) -> None:
        self.loops = loops
        self.w = loops.writer
        self.looked = looked
        self.stored = stored
        self.bases: dict[Node, str] = {}
        self.turned: dict[tuple[str, Affine], list[Value]] = {}
        self.aligned: dict[str, Value] = {}  # whether what is streamed to begins with a line
        self.put_off: tuple[Scope, list[Written]] | None = None  # what waits for its neighbours, and where it goes

    def base(self, node: Node) -> str:
        """The address of a value's first element: the function is given it."""
        if node not in self.bases:
            self.bases[node] = f"%p{len(self.bases)}"
        return self.bases[node]

    # ------------------------------------------------------------------ elements
    def read(self, base: str, kind: Kind, offset: Affine, count: int = 0) -> Value:
        """The element at an offset; a vector of them where the lanes lie at different offsets.

        Of an array of which the kernel writes nothing, so many elements may be read, also such as are not asked for.
        """
        step = self._step(offset)
        if step == 0:
            return self.w.load(self.address(base, offset, bytes_of(kind)), kind)
        lanes = self.loops.lanes
        if step == 1:
            return self.w.load(self.address(base, offset, bytes_of(kind)), kind, lanes)
        if step is not None and abs(step) <= NEAR:
            return thinned(self.w, self.address(base, offset, bytes_of(kind)), kind, lanes, step)
        turn = self.loops.turn
        if turn is not None and step is not None and offset.coefficient(turn.block) == 1:
            return self._turned(base, kind, offset, step, turn)
        if side := self._side(offset, bytes_of(kind), count):
            return self._in_squares(base, kind, offset, step, side)
        if (quotient := self._seam(offset, kind)) is not None:
            return self._sewn(base, kind, offset, quotient)
        return self._gathered(kind, self._lane_addresses(base, offset, bytes_of(kind), step))

    def read_across(self, base: str, kind: Kind, offset: Affine, apart: int) -> Value:
        """Of vectors that lie so many bytes apart, the one at the offset, and of that in each lane its own element.

        The offset of one lane may be another than that of its neighbour.
        """
        step = self._step(offset)
        if step == 0:
            return self.w.load(self.address(base, offset, apart), kind, self.loops.lanes)
        addresses = self._lane_addresses(base, offset, apart, step)
        return self._gathered(kind, [self.w.element(at, k, bytes_of(kind)) for k, at in enumerate(addresses)])

    def _gathered(self, kind: Kind, addresses: Sequence[str]) -> Value:
        """The elements at these addresses, one in each lane."""
        gathered = register(kind, len(addresses))
        result = Value(self.w, gathered, "poison")
        for lane, address in enumerate(addresses):
            element = self.w.load(address, kind)
            result = self.w.made(
                gathered,
                f"insertelement {gathered.llvm} {result.text}, {element.type.llvm} {element.text}, i64 {lane}",
            )
        return result

    def _seam(self, offset: Affine, kind: Kind) -> Quotient | None:
        """The place where lanes that else lie side by side part, if the processor can load some of the lanes alone."""
        lane, lanes = self.loops.lane_axis, self.loops.lanes
        if lane is None or kind.bits not in (32, 64) or vector_bytes() < _LEAST_MASKED:
            return None
        return seam(offset, lane, lanes)

    def _sewn(self, base: str, kind: Kind, offset: Affine, quotient: Quotient) -> Value:
        """The lanes before the quotient's step, and behind it those that lie elsewhere: of each no more is read."""
        w, lanes, size = self.w, self.loops.lanes, bytes_of(kind)
        (moved,) = [c for symbol, c in offset.terms if symbol == quotient]
        first = self.position(quotient.of, in_lanes=False)
        whole = w.made(first.type, f"sdiv {first.type.llvm} {first.text}, {quotient.by}")
        numbers = Value(w, register(I64, lanes), f"<{', '.join(f'i64 {k}' for k in range(lanes))}>")
        before = numbers < w.splat((whole + 1) * quotient.by - first, lanes)
        address = self.address(base, offset, size)
        begun = self._load_some(address, before, register(kind, lanes), "zeroinitializer")
        return self._load_some(w.element(address, moved, size), ~before, begun.type, begun.text)

    def _load_some(self, address: str, chosen: Value, type: Type, others: str) -> Value:
        """What lies there in the chosen lanes, and something else in the others."""
        w, name = self.w, f"llvm.masked.load.{suffix(type)}.p0"
        mask = register(I1, type.lanes).llvm
        w.intrinsics[name] = f"declare {type.llvm} @{name}(ptr, i32, {mask}, {type.llvm})"
        given = f"ptr {address}, i32 {bytes_of(type.kind)}, {mask} {chosen.text}, {type.llvm} {others}"
        return w.made(type, f"call {type.llvm} @{name}({given})")

    def _turned(self, base: str, kind: Kind, offset: Affine, step: int, turn: Turn) -> Value:
        """The lanes of one of the rounds of a turn: what all of them read side by side in each lane, transposed."""
        first = offset.shifted(-turn.place)
        if (base, first) not in self.turned:
            self.turned[base, first] = self._columns(base, kind, first, step, turn.count)
        return self.turned[base, first][turn.place]

    def _side(self, offset: Affine, size: int, count: int) -> int:
        """The side of a square of what lies beside the element in each lane, all of it in the array; 0: there is none.

        It does not reach into what another round of the loops begins with, so that it is much the same for the
        neighbours of the element, which the next rounds of a loop that is written out read.
        """
        (low, high), row = offset.bounds, gcd(*[c for _, c in offset.terms])
        side = _SQUARE // size if self.loops.fixed else 0
        while side >= _LEAST_SIDE:
            place = offset.const % row % side
            if offset.const % row - place + side <= row and low >= place and high - place + side <= count:
                return side
            side //= 2
        return 0

    def _in_squares(self, base: str, kind: Kind, offset: Affine, step: int | None, side: int) -> Value:
        """The element in each lane, from what lies beside it in each, transposed and kept for the next rounds."""
        place = offset.const % gcd(*[c for _, c in offset.terms]) % side
        key = base, offset.shifted(-place), side
        known = self.loops.written().squares
        if key not in known:
            known[key] = self._columns(base, kind, offset.shifted(-place), step, side)
        return known[key][place]

    def _columns(self, base: str, kind: Kind, first: Affine, step: int | None, side: int) -> list[Value]:
        """What lies side by side from here on in each lane, transposed: a vector of all lanes for each place."""
        lanes = self.loops.lanes
        rows = [self.w.load(at, kind, side) for at in self._lane_addresses(base, first, bytes_of(kind), step)]
        rows += [rows[-1]] * (-lanes % side)
        squares = [transposed(self.w, rows[k : k + side]) for k in range(0, len(rows), side)]
        return [side_by_side(self.w, column, lanes) for column in zip(*squares, strict=True)]

    def write_beside(self, base: str, offsets: Sequence[Affine], values: Sequence[Value]) -> None:
        """Values at several offsets: whole vectors where the elements of all lanes follow on one another."""
        count, first = len(values), offsets[0]
        beside = all(offset == first.shifted(place) for place, offset in enumerate(offsets))
        few = count <= _MOST_BESIDE or count & (count - 1) == 0
        if beside and few and self._step(first) == count:
            self._write_rows(self.address(base, first, bytes_of(values[0].kind)), values)
            return
        for offset, value in zip(offsets, values, strict=True):
            self.write(base, offset, value, adding=False)

    def _write_rows(self, address: str, values: Sequence[Value]) -> None:
        """Short rows that follow on one another, a column of them in each value: as many at a time as a vector has."""
        lanes, size, count = self.loops.lanes, bytes_of(values[0].kind), len(values)
        columns, together = [spread(self.w, value, lanes) for value in values], max(vector_bytes() // size, 1)
        for begin in range(0, lanes, together):
            own = range(begin, min(begin + together, lanes))
            row = self.w.element(address, begin * count, size)
            if len(own) == 1:
                for column, x in enumerate(columns):
                    self.w.store(self.w.lane(x, begin), self.w.element(row, column, size))
                continue
            part = [self.w.shuffled(x, x, own) if len(own) < lanes else x for x in columns]
            self.w.store(interleaved(self.w, part), row)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written once inside goes at the end, so that columns of a short row that is whole go together."""
        if self.put_off is not None or self.loops.lanes == 1:
            yield
            return
        self.put_off = (self.loops.written(), [])
        yield
        (_, written), self.put_off = self.put_off, None
        for row in rows(written):
            self.write_beside(row[0].base, [one.offset for one in row], [one.value for one in row])

    def _puts_off(self, base: str, offset: Affine, value: Value) -> bool:
        """Is it an element of a row that is written when all its columns are known?"""
        if self.put_off is None or value.kind.bits not in (32, 64) or self.put_off[0] is not self.loops.written():
            return False
        step = self._step(offset)
        if step is None or not 1 < step <= _MOST_BESIDE:
            return False
        self.put_off[1].append(Written(base, offset, step, value))
        return True

    def write(self, base: str, offset: Affine, value: Value, *, adding: bool) -> None:
        """The value put at an offset, or added to what is there."""
        size, step = bytes_of(value.kind), self._step(offset)
        if step in (0, 1):
            whole = value if step == 0 else spread(self.w, value, self.loops.lanes)
            self._put(whole, self.address(base, offset, size), adding=adding)
            return
        value = spread(self.w, value, self.loops.lanes)
        for lane, address in enumerate(self._lane_addresses(base, offset, size, step)):
            self._put(self.w.lane(value, lane), address, adding=adding)

    def _put(self, value: Value, address: str, *, adding: bool) -> None:
        if adding:
            held = self.w.load(address, value.kind, value.type.lanes)
            value = held | value if value.kind is I1 else held + value
        self.w.store(value, address)

    def write_once(self, base: str, offset: Affine, value: Value) -> None:
        """As `write`, where this kernel does not read it: past the caches if it stores more than these hold."""
        size = bytes_of(value.kind)
        if self.stored >= largest_cache() and self._step(offset) == 1 and self._is_whole_lines(offset, size):
            self._stream(base, offset, value, size)
        elif not self._puts_off(base, offset, value):
            self.write(base, offset, value, adding=False)

    def _stream(self, base: str, offset: Affine, value: Value, size: int) -> None:
        """Past the caches if the array begins with a line, which only the run tells."""
        value, address = spread(self.w, value, self.loops.lanes), self.address(base, offset, size)
        past, through, onward = (self.w.new_label() for _ in range(3))
        self.w.branch(self._is_aligned(base), past, through)
        self.w.label(past)
        self.w.store(value, address, align=LINE, note=f", !nontemporal {STREAMED}")
        self.w.jump(onward)
        self.w.label(through)
        self.w.store(value, address)
        self.w.jump(onward)
        self.w.label(onward)
        self.loops.goes_on(len(self.loops.scopes) - 1, onward)

    def _is_whole_lines(self, offset: Affine, size: int) -> bool:
        """Do all lanes together fill lines from their beginning? The lanes' own loop goes by their number."""
        lane, lanes = self.loops.lane_axis, self.loops.lanes
        steps = [lanes if symbol is lane else c for symbol, c in offset.terms]
        return all(step * size % LINE == 0 for step in (lanes, offset.const, *steps))

    def _is_aligned(self, base: str) -> Value:
        """Does the array begin with a line? Found out once, where the function begins."""
        if base not in self.aligned:
            before, self.w.lines = self.w.lines, self.loops.reserved
            begin = self.w.made(register(I64), f"ptrtoint ptr {base} to i64")
            self.aligned[base] = (begin & (LINE - 1)).equals(0)
            self.w.lines = before
        return self.aligned[base]

    def settle(self) -> None:
        """At the end of the function: what was streamed has arrived before any thread is told that it is there."""
        if self.aligned and has("sse2"):
            self.w.intrinsics["sfence"] = "declare void @llvm.x86.sse.sfence()"
            self.w.line("call void @llvm.x86.sse.sfence()")

    def _step(self, offset: Affine) -> int | None:
        """How far apart neighbouring lanes lie; None where that differs."""
        lane = self.loops.lane_axis
        if lane is None or self.loops.lanes == 1 or lane not in offset.axes():
            return 0
        return offset.coefficient(lane)

    def _lane_addresses(self, base: str, offset: Affine, size: int, step: int | None) -> list[str]:
        """The address of each lane's element."""
        if step is not None:
            first = self.address(base, offset, size)
            return [self.w.element(first, lane * step, size) for lane in range(self.loops.lanes)]
        known = self.loops.written().addresses
        moving = Affine(offset.terms, 0)  # elements that follow on one another, as those of a row, share it
        key = base, moving, self.loops.lanes
        if key not in known:
            offsets = self.position(moving)
            known[key] = [self.w.element(base, self.w.lane(offsets, k), size) for k in range(self.loops.lanes)]
        return [self.w.element(first, offset.const, size) for first in known[key]]

    def look_ahead(self, base: str, offset: Affine, axis: Axis, size: int) -> None:
        """Asks for the next row along a loop, or a later one of short rows, where lanes lie side by side."""
        step = offset.coefficient(axis) if axis in offset.axes() else None
        if self._step(offset) != 1 or step is None or not _LEAST_AHEAD <= step * size <= _MOST_AHEAD:
            return
        self.w.intrinsics["llvm.prefetch"] = "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)"
        first = self.address(base, offset.shifted(step * max(_AHEAD // (step * size), 1)), size)
        for line in range(0, self.loops.lanes * size, LINE):
            self.w.line(f"call void @llvm.prefetch.p0(ptr {self.w.element(first, line, 1)}, i32 0, i32 3, i32 1)")

    # ------------------------------------------------------------------ addresses
    def address(self, base: str, offset: Affine, size: int) -> str:
        """The address of the first lane's element."""
        address = base
        if offset.terms:
            address = self.w.element(address, self.position(Affine(offset.terms, 0), in_lanes=False), size)
        return self.w.element(address, offset.const, size) if offset.const else address

    def position(self, offset: Affine, *, in_lanes: bool = True) -> Value:
        """An affine index as a number; with lanes, one for each of them."""
        result = Value(self.w, register(I64), str(offset.const))
        for symbol, c in offset.terms:
            part = self._symbol(symbol, in_lanes=in_lanes)
            part = part * c if c != 1 else part
            if result.text == "0":
                result = part
            else:
                first, second = level(self.w, [result, part])
                result = first + second
        return result

    def _symbol(self, symbol: Axis | Quotient | Looked, *, in_lanes: bool) -> Value:
        match symbol:
            case Axis():
                counter = self.loops.counters[symbol]
                if symbol is not self.loops.lane_axis or not in_lanes or self.loops.lanes == 1:
                    return counter
                steps = ", ".join(f"i64 {k}" for k in range(self.loops.lanes))
                lanes = register(I64, self.loops.lanes)
                return spread(self.w, counter, self.loops.lanes) + Value(self.w, lanes, f"<{steps}>")
            case Quotient(of=inner, by=by):
                position = self.position(inner, in_lanes=in_lanes)
                return self.w.made(
                    position.type, f"sdiv {position.type.llvm} {position.text}, {position.like(by).text}"
                )
            case Looked():
                return self.looked(symbol)


def thinned(w: Writer, first: str, kind: Kind, lanes: int, step: int) -> Value:
    """Every `step`th element from an address on, chosen from whole vectors of which none goes beyond the last one."""
    size = bytes_of(kind)
    span = (lanes - 1) * abs(step) + 1
    if step < 0:
        first = w.element(first, 1 - span, size)
    places = [lane * abs(step) for lane in range(lanes)][:: 1 if step > 0 else -1]
    result: Value | None = None
    for begin in sorted({min(at, span - lanes) for at in range(0, span, lanes)}):
        loaded = w.load(w.element(first, begin, size), kind, lanes)
        own = [place - begin if begin <= place < begin + lanes else None for place in places]
        if result is None:
            result = w.shuffled(loaded, loaded, own)
        else:
            taken = [lane if at is None else lanes + at for lane, at in enumerate(own)]
            result = w.shuffled(result, loaded, taken)
    assert result is not None, "there are lanes"
    return result


def level(w: Writer, values: Sequence[Value]) -> list[Value]:
    """The values with equally many lanes."""
    lanes = max(value.type.lanes for value in values)
    return [spread(w, value, lanes) for value in values]


def spread(w: Writer, value: Value, lanes: int) -> Value:
    """The value in this many lanes."""
    if value.type.lanes == lanes:
        return value
    if not value.text.startswith("%"):
        return Value(w, register(value.kind, lanes), f"splat ({value.kind.llvm} {value.text})")
    return w.splat(value, lanes)
