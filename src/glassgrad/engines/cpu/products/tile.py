"""The innermost part of a product: a tile of C, kept in registers while it is summed over the inner index. Floor 4.

    for p in inner:  C[i, j] += A[i, p] * B[p, j]     for the tile's rows i and columns j

One step loads the tile's columns of B as vectors and its entries of A one by one, spread over a vector each. Every
element is summed in the order of p, so it does not depend on the tile that it is in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from glassgrad.engines.cpu.emit.types import I64, Kind, bytes_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.native.routine import Routine, module_text


@dataclass(frozen=True, slots=True)
class Tile:
    """`rows` × `vectors` registers of `lanes` numbers, of which `columns` are columns of C."""

    kind: Kind
    rows: int
    vectors: int
    lanes: int
    columns: int

    @property
    def name(self) -> str:
        """The function that computes it."""
        return f"glassgrad.tile.{self.kind.name}.{self.rows}x{self.vectors}x{self.lanes}.{self.columns}"

    def with_rows(self, rows: int) -> "Tile":
        """The same with fewer rows."""
        return replace(self, rows=rows)


def tile_text(tile: Tile) -> str:
    """`void name(ptr a, i64 bytes between its rows, i64 bytes between its inner steps, ptr b, i64 bytes between its
    inner steps, i64 inner, ptr c, i64 bytes between its rows, i64 is it added to c?)`; vectors of B are read whole.
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


_FAR = 6  # rows that are reached from one address: each needs a register for its distance


class _Tile:
    def __init__(self, writer: Routine, tile: Tile) -> None:
        self.w = writer
        self.tile = tile
        self.type = register(tile.kind, tile.lanes)
        self.size = bytes_of(tile.kind)

    def write(self) -> None:
        """The function's instructions."""
        w, tile = self.w, self.tile
        places = [(row, vector) for row in range(tile.rows) for vector in range(tile.vectors)]
        rows = [self._opaque(self._number("%a.row") * row) for row in range(1, min(tile.rows, _FAR))]
        first = [self._moved("%a", self._number("%a.row") * start) for start in range(0, tile.rows, _FAR)]
        sums = [w.fresh() for _ in places]
        bases, b, counter = [w.fresh() for _ in first], w.fresh(), w.fresh()
        head, done = w.new_label(), w.new_label()
        entered = w.block
        w.jump(head)
        w.label(head)
        steps: list[str] = []
        following = [w.fresh() for _ in (*first, "b", "counter")]
        for name, start, after in zip(bases, first, following, strict=False):
            w.line(f"{name} = phi ptr [ {start}, %{entered} ], [ {after}, %{head} ]")
        w.line(f"{b} = phi ptr [ %b, %{entered} ], [ {following[-2]}, %{head} ]")
        w.line(f"{counter} = phi i64 [ %inner, %{entered} ], [ {following[-1]}, %{head} ]")
        where = len(w.lines)
        held = [Value(w, self.type, name) for name in sums]
        columns = [w.load(w.element(b, v * tile.lanes, self.size), tile.kind, tile.lanes) for v in range(tile.vectors)]
        results: list[Value] = []
        for row in range(tile.rows):
            base, far = bases[row // _FAR], row % _FAR
            address = base if not far else self._moved(base, rows[far - 1])
            entry = w.splat(w.load(address, tile.kind), tile.lanes)
            for vector in range(tile.vectors):
                results.append(w.intrinsic("fmuladd", entry, columns[vector], held[len(results)]))
        for name, result in zip(sums, results, strict=True):
            zero = f"phi {self.type.llvm} [ zeroinitializer, %{entered} ], [ {result.text}, %{head} ]"
            steps.append(f"  {name} = {zero}")
        w.lines[where:where] = steps
        for name, after in zip(bases, following, strict=False):
            w.line(f"{after} = getelementptr i8, ptr {name}, i64 %a.step")
        w.line(f"{following[-2]} = getelementptr i8, ptr {b}, i64 %b.step")
        w.line(f"{following[-1]} = add nsw i64 {counter}, -1")
        more = w.fresh()
        w.line(f"{more} = icmp ne i64 {following[-1]}, 0")
        w.line(f"br i1 {more}, label %{head}, label %{done}")
        w.label(done)
        self._finish(results)

    def _number(self, name: str) -> Value:
        return Value(self.w, register(I64), name)

    def _opaque(self, distance: Value) -> Value:
        """The same number, of which LLVM knows nothing: else it would add up the distances one after another."""
        return self.w.made(distance.type, f'call i64 asm "", "=r,0"(i64 {distance.text})')

    def _moved(self, base: str, offset: Value) -> str:
        return self.w.address(base, offset.text)

    # ------------------------------------------------------------------ into C
    def _finish(self, sums: Sequence[Value]) -> None:
        w = self.w
        add, put, end = w.new_label(), w.new_label(), w.new_label()
        w.branch(self._number("%adding").differs(0), add, put)
        w.label(add)
        self._store(sums, adding=True)
        w.jump(end)
        w.label(put)
        self._store(sums, adding=False)
        w.jump(end)
        w.label(end)

    def _store(self, sums: Sequence[Value], *, adding: bool) -> None:
        w, tile = self.w, self.tile
        address = "%c"
        for row in range(tile.rows):
            if row:
                address = w.address(address, "%c.row")
            for vector in range(tile.vectors):
                width = min(tile.lanes, tile.columns - vector * tile.lanes)
                value = first_lanes(w, sums[row * tile.vectors + vector], width)
                place = w.element(address, vector * tile.lanes, self.size)
                if adding:
                    value = w.load(place, tile.kind, width) + value
                w.store(value, place)


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
