"""The innermost part of a product: a tile of C, kept in registers while it is summed over the inner index. Floor 4.

    for p in inner:  C[i, j] += A[i, p] * B[p, j]     for the tile's rows i and columns j

One step loads the tile's columns of B as vectors and its entries of A one by one, spread over a vector each. Every
element is summed in the order of p, so it does not depend on the tile that it is in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from glassgrad.engines.cpu.emit.types import I64, Kind, bytes_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.native.routine import Routine, module_text


@dataclass(frozen=True, slots=True)
class Tile:
    """`rows` × `vectors` registers of `lanes` numbers, of which `columns` are columns of C.

    Where an operand is `windows` of an array, tables say where each inner step of it begins, and each row of A. Of
    windows in B no more than these columns is read: the last vector begins before the one beside it ends, and some
    columns are computed twice.
    """

    kind: Kind
    rows: int
    vectors: int
    lanes: int
    columns: int
    windows: str = ""  # "a" or "b"

    @property
    def name(self) -> str:
        """The function that computes it."""
        sizes = f"{self.rows}x{self.vectors}x{self.lanes}.{self.columns}"
        return f"glassgrad.tile.{self.kind.name}.{sizes}" + (f".{self.windows}" if self.windows else "")

    def starts(self) -> list[int]:
        """The column with which each vector begins."""
        last = self.columns - self.lanes if self.windows == "b" else self.columns
        return [min(vector * self.lanes, last) for vector in range(self.vectors)]

    def with_rows(self, rows: int) -> "Tile":
        """The same with fewer rows."""
        return replace(self, rows=rows)


def tile_text(tile: Tile) -> str:
    """`void name(ptr a, i64 bytes between its rows, i64 bytes between its inner steps, ptr b, i64 bytes between its
    inner steps, i64 inner, ptr c, i64 bytes between its rows, i64 is it added to c?)`; vectors of B are read whole.

    Of windows, the address of a table of distances in bytes takes the place of the distance between inner steps. In
    B they are distances from `b`; in A, `a` is such a table for the rows, and what both are distances from takes the
    place of the distance between rows.
    """
    w = Routine(
        f"void @{tile.name}(ptr %a, i64 %a.row, i64 %a.step, ptr %b, i64 %b.step, i64 %inner, ptr %c, i64 %c.row, "
        "i64 %adding)",
        {},
        {},
    )
    _Tile(w, tile).write()
    w.leave()
    return module_text([w])


TILE_TYPES = "ptr, i64, i64, ptr, i64, i64, ptr, i64, i64"  # of its parameters

_LINE = 64  # bytes that are fetched together
_FAR = 6  # rows that are reached from one address: each needs a register for its distance


@dataclass(frozen=True, slots=True)
class _State:
    """What a step of a tile's loop goes on from: where it reads A and B, and the sums so far."""

    a: tuple[str, ...]
    b: str
    sums: tuple[str, ...]


class _Tile:
    def __init__(self, writer: Routine, tile: Tile) -> None:
        self.w = writer
        self.tile = tile
        self.type = register(tile.kind, tile.lanes)
        self.size = bytes_of(tile.kind)
        self.of_a = tile.windows == "a"
        if self.of_a:
            self.base = writer.pointer("inttoptr i64 %a.row to ptr")
            self.rows = [writer.load(writer.element("%a", row, 8), I64) for row in range(tile.rows)]
        else:
            self.rows = [writer.opaque(self._number("%a.row") * row) for row in range(1, min(tile.rows, _FAR))]

    def write(self) -> None:
        """The function's instructions."""
        w, tile = self.w, self.tile
        if self.of_a:
            first = [w.pointer("inttoptr i64 %a.step to ptr")]
        else:
            first = [self._moved("%a", self._number("%a.row") * start) for start in range(0, tile.rows, _FAR)]
        self._announce()
        b = w.pointer("inttoptr i64 %b.step to ptr") if tile.windows == "b" else "%b"
        nothing = ("zeroinitializer",) * (tile.rows * tile.vectors)
        sums = self._summed(_State(tuple(first), b, nothing))
        self._finish([Value(self.w, self.type, name) for name in sums])

    def _summed(self, before: _State) -> Sequence[str]:
        """The loop over the inner steps; it has one at least."""
        w, entered = self.w, self.w.block
        head, done = w.new_label(), w.new_label()
        w.jump(head)
        w.label(head)
        counter = w.fresh()
        now = _State(tuple([w.fresh() for _ in before.a]), w.fresh(), tuple([w.fresh() for _ in before.sums]))
        where = len(w.lines)
        after = self._step(now)
        following = (self._number(counter) - 1).text
        phis = self._phis(now, (before, entered), (after, head))
        phis.append(f"  {counter} = phi i64 [ %inner, %{entered} ], [ {following}, %{head} ]")
        w.lines[where:where] = phis
        w.branch(self._number(following).differs(0), head, done)
        w.label(done)
        return after.sums

    def _phis(self, state: _State, *sources: tuple[_State, str]) -> list[str]:
        """What the state is, depending on where the block is entered from."""
        rows = [("ptr", name, [s.a[k] for s, _ in sources]) for k, name in enumerate(state.a)]
        rows.append(("ptr", state.b, [s.b for s, _ in sources]))
        rows += [(self.type.llvm, name, [s.sums[k] for s, _ in sources]) for k, name in enumerate(state.sums)]
        blocks = [block for _, block in sources]
        return [
            f"  {name} = phi {held} "
            + ", ".join(f"[ {value}, %{block} ]" for value, block in zip(values, blocks, strict=True))
            for held, name, values in rows
        ]

    def _step(self, state: _State) -> _State:
        """One inner step."""
        w, tile = self.w, self.tile
        row_of_b = self._moved("%b", w.load(state.b, I64)) if tile.windows == "b" else state.b
        columns = [w.load(w.element(row_of_b, start, self.size), tile.kind, tile.lanes) for start in tile.starts()]
        results: list[str] = []
        for address in self._entries(state):
            entry = w.splat(w.load(address, tile.kind), tile.lanes)
            for vector in range(tile.vectors):
                held = Value(w, self.type, state.sums[len(results)])
                results.append(w.intrinsic("fmuladd", entry, columns[vector], held).text)
        next_of_table = str(bytes_of(I64))
        a = tuple([w.opaque_pointer(w.address(x, next_of_table if self.of_a else "%a.step")) for x in state.a])
        b = w.opaque_pointer(w.address(state.b, next_of_table if tile.windows == "b" else "%b.step"))
        return _State(a, b, tuple(results))

    def _entries(self, state: _State) -> Iterator[str]:
        """Where the entries of A lie, row by row."""
        if self.of_a:
            step = self._moved(self.base, self.w.load(state.a[0], I64))
            yield from [self._moved(step, distance) for distance in self.rows]
            return
        for row in range(self.tile.rows):
            base, far = state.a[row // _FAR], row % _FAR
            yield base if not far else self._moved(base, self.rows[far - 1])

    def _announce(self) -> None:
        """Lets the processor fetch the tile of C meanwhile."""
        w, address = self.w, "%c"
        w.intrinsics["prefetch"] = "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)"
        for row in range(self.tile.rows):
            address = w.address(address, "%c.row") if row else address
            for place in range(0, self.tile.columns * self.size, _LINE):
                w.line(f"call void @llvm.prefetch.p0(ptr {w.element(address, place, 1)}, i32 1, i32 3, i32 1)")

    def _number(self, name: str) -> Value:
        return Value(self.w, register(I64), name)

    def _moved(self, base: str, offset: Value) -> str:
        return self.w.address(base, offset.text)

    # ------------------------------------------------------------------ into C
    def _finish(self, sums: Sequence[Value]) -> None:
        """Stores the sums, with what is in C added to them where that is asked for."""
        w = self.w
        places, widths = self._places(), [min(self.tile.lanes, self.tile.columns - s) for s in self.tile.starts()]
        own = [first_lanes(w, value, widths[k % len(widths)]) for k, value in enumerate(sums)]
        add, put, entered = w.new_label(), w.new_label(), w.block
        w.branch(self._number("%adding").differs(0), add, put)
        w.label(add)
        added = [w.load(place, x.kind, x.type.lanes) + x for place, x in zip(places, own, strict=True)]
        w.jump(put)
        w.label(put)
        chosen = [
            w.made(x.type, f"phi {x.type.llvm} [ {x.text}, %{entered} ], [ {more.text}, %{add} ]")
            for x, more in zip(own, added, strict=True)
        ]
        for value, place in zip(chosen, places, strict=True):
            w.store(value, place)

    def _places(self) -> list[str]:
        """Where in C each of the sums goes."""
        w, address, found = self.w, "%c", list[str]()
        for row in range(self.tile.rows):
            address = w.address(address, "%c.row") if row else address
            found.extend([w.element(address, start, self.size) for start in self.tile.starts()])
        return found


def first_lanes(w: Writer, x: Value, count: int) -> Value:
    """The first lanes of a vector."""
    if x.type.lanes == count:
        return x
    if count == 1:
        return w.lane(x, 0)
    mask = ", ".join(f"i32 {lane}" for lane in range(count))
    return w.made(
        register(x.kind, count), f"shufflevector {x.type.llvm} {x.text}, {x.type.llvm} poison, <{count} x i32> <{mask}>"
    )
