"""A matrix whose columns lie whole, laid out row by row: a panel of B, or a block of A. Floor 4.

It is turned square by square. The last square of some columns begins before the one above it ends; where columns are
missing behind the last, that one is laid out again in their place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from glassgrad.engines.cpu.emit.types import Kind, bytes_of
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.routine import Routine, module_text


@dataclass(frozen=True, slots=True)
class Turning:
    """Squares of this side."""

    kind: Kind
    side: int

    @property
    def name(self) -> str:
        """The function that lays out a matrix."""
        return f"glassgrad.turned.{self.kind.name}.{self.side}"


def turning_text(turning: Turning) -> str:
    """`void name(ptr matrix, i64 not used here, i64 bytes between its columns, i64 rows, ptr target, i64 bytes between
    the target's rows, i64 columns)`; the target's rows have room for a multiple of `side`.
    """
    w = Routine(
        f"void @{turning.name}(ptr %matrix, i64, i64 %column, i64 %rows, ptr %target, i64 %pitch, i64 %columns)", {}, {}
    )
    side, size = turning.side, bytes_of(turning.kind)
    rows, columns, target = w.parameter("%rows"), w.parameter("%columns"), "%target"
    with w.count(columns, side) as across:
        places = _columns(w, w.at("%matrix", across * w.parameter("%column")), columns - across, side)
        target = w.element("%target", across, size)
        with w.when(rows >= side), w.count(rows, side) as down:
            row = w.opaque(w.select(rows - down < side, rows - side, down))
            square = [w.load(w.element(place, row, size), turning.kind, side) for place in places]
            line = w.at(target, row * w.parameter("%pitch"))
            for value in turned(w, square):
                w.store(value, line)
                line = w.at(line, w.parameter("%pitch"))
        with w.when(rows < side), w.count(rows) as row:
            line = w.at(target, row * w.parameter("%pitch"))
            for step, place in enumerate(places):
                w.store(w.load(w.element(place, row, size), turning.kind), w.element(line, step, size))
    w.leave()
    return module_text([w])


def _columns(w: Routine, first: str, count: Value, side: int) -> list[str]:
    """Where the columns of a square begin: so many, and the last of them again for those that are missing."""
    last = count - 1
    places = [w.select(last < column, last, last.like(column)) for column in range(1, side)]
    return [first, *[w.at(first, w.opaque(place * w.parameter("%column"))) for place in places]]


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
