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


_NEAR = 16  # bytes within which a processor moves elements in any way; of these it moves only the whole


def turned(w: Routine, rows: Sequence[Value]) -> list[Value]:
    """The transpose of a square of vectors, each of its rounds one instruction for each vector.

    Some rows at first, so that their elements of a column lie side by side, then those of all rows.
    """
    near = min(_NEAR // bytes_of(rows[0].kind), len(rows))
    groups = [_side_by_side(w, rows[start : start + near], 1) for start in range(0, len(rows), near)]
    if len(groups) == 1:
        return groups[0]
    columns = [_together(w, [_opaque(w, x) for x in some], near) for some in zip(*groups, strict=True)]
    return [column for some in zip(*columns, strict=True) for column in some]


def _side_by_side(w: Routine, rows: Sequence[Value], width: int) -> list[Value]:
    """Of each column the elements of all rows; they come `width` rows together and go twice as many."""
    if len(rows) == 1:
        return list(rows)
    lanes, near = rows[0].type.lanes, len(rows) * width
    halves = []
    for first in (0, near // 2):
        starts = [start for part in range(first, lanes, near) for start in range(part, part + near // 2, width)]
        mask = [of + start + k for start in starts for of in (0, lanes) for k in range(width)]
        halves.append([_shuffled(w, a, b, mask) for a, b in zip(rows[::2], rows[1::2], strict=True)])
    return [column for half in halves for column in _side_by_side(w, half, 2 * width)]


def _together(w: Routine, rows: Sequence[Value], near: int) -> list[Value]:
    """The transpose of a square of groups of `near` elements, a row of them in each vector."""
    if len(rows) == 1:
        return list(rows)
    lanes = rows[0].type.lanes
    halves = []
    for first in (0, near):
        mask = [of + start + k for of in (0, lanes) for start in range(first, lanes, 2 * near) for k in range(near)]
        made = [_shuffled(w, a, b, mask) for a, b in zip(rows[::2], rows[1::2], strict=True)]
        halves.append(_together(w, made, near))
    return [column for pair in zip(*halves, strict=True) for column in pair]


def _opaque(w: Routine, x: Value) -> Value:
    """The same vector, of which LLVM knows nothing: else it looks, for long, for ways to join rounds.

    It is as wide as a register of x86, whose constraint this is: vectors of 16 bytes have one round, and none here.
    """
    return w.made(x.type, f'call {x.type.llvm} asm "", "=v,0"({x.type.llvm} {x.text})')


def _shuffled(w: Routine, first: Value, second: Value, lanes: Sequence[int]) -> Value:
    type = first.type
    mask = ", ".join(f"i32 {lane}" for lane in lanes)
    return w.made(
        type,
        f"shufflevector {type.llvm} {first.text}, {type.llvm} {second.text}, <{len(lanes)} x i32> <{mask}>",
    )
