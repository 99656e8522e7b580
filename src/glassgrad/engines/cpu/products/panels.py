"""Columns of B laid out as a tile reads them: one panel of `width` columns, row after row, zeros where B ends. Floor 4.

A panel is copied where B's rows lie side by side, and turned, square by square, where its columns do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from glassgrad.engines.cpu.emit.types import Kind, bytes_of, register
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.routine import Routine, module_text


@dataclass(frozen=True, slots=True)
class Packing:
    """Panels of `vectors` × `lanes` columns, the last of which reach to `columns`; `turned`: B's columns lie whole."""

    kind: Kind
    vectors: int
    lanes: int
    columns: int
    turned: bool

    @property
    def name(self) -> str:
        """The function that lays out a panel."""
        way = "turned" if self.turned else "copied"
        return f"glassgrad.panel.{self.kind.name}.{way}.{self.vectors}x{self.lanes}.{self.columns}"


def panel_text(packing: Packing) -> str:
    """`void name(ptr b, i64 bytes between its rows, i64 bytes between its columns, i64 rows, ptr panel, i64 bytes
    between the panel's rows, i64 not used here)`.
    """
    return module_text([panel_routine(packing, packing.name)])


def panel_routine(packing: Packing, name: str) -> Routine:
    """The function of `panel_text` by itself, under any name."""
    w = Routine(f"void @{name}(ptr %b, i64 %row, i64 %column, i64 %rows, ptr %panel, i64 %pitch, i64)", {}, {})
    (_turned if packing.turned else _copied)(w, packing)
    w.leave()
    return w


def _copied(w: Routine, packing: Packing) -> None:
    size = bytes_of(packing.kind)
    with w.count(w.parameter("%rows")) as row:
        source = w.at("%b", row * w.parameter("%row"))
        target = w.at("%panel", row * w.parameter("%pitch"))
        for vector in range(packing.vectors):
            width = _width(packing, vector)
            value = w.load(w.element(source, vector * packing.lanes, size), packing.kind, width)
            w.store(_filled(w, value, packing.lanes), w.element(target, vector * packing.lanes, size))


def _turned(w: Routine, packing: Packing) -> None:
    """Squares of `lanes` rows, then the rows that are left, number by number."""
    lanes, size = packing.lanes, bytes_of(packing.kind)
    rows = w.parameter("%rows")
    squares = rows & ~(lanes - 1)
    with w.count(squares, lanes) as row:
        for vector in range(packing.vectors):
            columns = []
            for lane in range(lanes):
                if vector * lanes + lane < packing.columns:
                    place = _column(w, vector * lanes + lane)
                    columns.append(w.load(w.element(place, row, size), packing.kind, lanes))
                else:
                    columns.append(w.constant(0.0, register(packing.kind, lanes)))
            for step, value in enumerate(turned(w, columns)):
                target = w.at("%panel", (row + step) * w.parameter("%pitch"))
                w.store(value, w.element(target, vector * lanes, size))
    with w.count(rows - squares) as rest:
        row = squares + rest
        target = w.at("%panel", row * w.parameter("%pitch"))
        for column in range(packing.vectors * lanes):
            zero = w.constant(0.0, register(packing.kind))
            inside = column < packing.columns
            value = w.load(w.element(_column(w, column), row, size), packing.kind) if inside else zero
            w.store(value, w.element(target, column, size))


def _column(w: Routine, column: int) -> str:
    return w.at("%b", w.parameter("%column") * column)


def _width(packing: Packing, vector: int) -> int:
    return max(min(packing.lanes, packing.columns - vector * packing.lanes), 1)


def _filled(w: Routine, value: Value, lanes: int) -> Value:
    """Zeros behind the value's lanes."""
    count = value.type.lanes
    if count == lanes:
        return value
    if count == 1:
        whole = register(value.kind, lanes)
        return w.made(whole, f"insertelement {whole.llvm} zeroinitializer, {value.type.llvm} {value.text}, i64 0")
    mask = ", ".join(f"i32 {min(lane, count)}" for lane in range(lanes))
    return w.made(
        register(value.kind, lanes),
        f"shufflevector {value.type.llvm} {value.text}, {value.type.llvm} zeroinitializer, <{lanes} x i32> <{mask}>",
    )


def turned(w: Routine, rows: Sequence[Value]) -> list[Value]:
    """The transpose of a square of vectors, in as many rounds as its side has doublings.

    Each round swaps the blocks off the diagonal: first half the side wide, then a quarter …
    """
    count = len(rows)
    now = list(rows)
    half = count // 2
    while half:
        following = list(now)
        for place in range(count):
            if place & half:
                continue
            above, below = now[place], now[place | half]
            low = [lane if not lane & half else lane - half + count for lane in range(count)]
            high = [lane + half if not lane & half else lane + count for lane in range(count)]
            following[place] = _shuffled(w, above, below, low)
            following[place | half] = _shuffled(w, above, below, high)
        now = following
        half //= 2
    return now


def _shuffled(w: Routine, first: Value, second: Value, lanes: Sequence[int]) -> Value:
    type = first.type
    mask = ", ".join(f"i32 {lane}" for lane in lanes)
    return w.made(
        type,
        f"shufflevector {type.llvm} {first.text}, {type.llvm} {second.text}, <{len(lanes)} x i32> <{mask}>",
    )
