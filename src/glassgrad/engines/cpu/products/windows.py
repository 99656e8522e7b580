"""Windows of an array laid out row by row: the matrix (channel × tap, position) of a convolution, in blocks. Floor 4.

Row k and column p stand at x[rows[k] + columns[p]]: two tables of distances in bytes. Neighbouring positions lie side
by side but where a row of the image ends: among as many positions as a row has, at most once.
"""

from dataclasses import dataclass

from glassgrad.engines.cpu.emit.types import I64, Kind, bytes_of, integer_kind, register
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.routine import Routine, module_text


@dataclass(frozen=True, slots=True)
class WindowCopy:
    """Copies `lanes` neighbouring positions at a time; no row of positions is shorter."""

    kind: Kind
    lanes: int

    @property
    def name(self) -> str:
        """The function that copies a block."""
        return f"glassgrad.windows.{self.kind.name}.{self.lanes}"


def window_text(copy: WindowCopy) -> str:
    """`void name(ptr x, i64 address of rows, i64 address of columns, i64 row count, ptr target, i64 bytes between the
    target's rows, i64 column count)`.
    """
    w = Routine(
        f"void @{copy.name}(ptr %x, i64 %rows, i64 %columns, i64 %high, ptr %target, i64 %pitch, i64 %wide)", {}, {}
    )
    rows, columns = (w.pointer(f"inttoptr i64 {name} to ptr") for name in ("%rows", "%columns"))
    wide, size = w.parameter("%wide"), bytes_of(copy.kind)
    whole = wide & ~(copy.lanes - 1) if copy.lanes > 1 else w.number(0)
    if copy.lanes > 1:
        with w.count(whole, copy.lanes) as column:
            _side_by_side(w, copy, rows, w.element(columns, column, 8), w.element("%target", column, size))
    with w.count(wide - whole) as rest:
        column = whole + rest
        distance = w.read(w.element(columns, column, 8))
        with w.count(w.parameter("%high")) as row:
            source = w.at("%x", w.read(w.element(rows, row, 8)) + distance)
            target = w.at(w.element("%target", column, size), row * w.parameter("%pitch"))
            w.store(w.load(source, copy.kind), target)
    w.leave()
    return module_text([w])


def _side_by_side(w: Routine, copy: WindowCopy, rows: str, columns: str, target: str) -> None:
    """Some positions of every row: what lies beside the first of them, and before the last from where a row ends."""
    lanes, size = copy.lanes, bytes_of(copy.kind)
    distances = w.load(columns, I64, lanes)
    first, last = w.lane(distances, 0), w.lane(distances, lanes - 1) - (lanes - 1) * size
    steps = ", ".join(f"i64 {lane * size}" for lane in range(lanes))
    beside = (distances - w.splat(first, lanes)).equals(Value(w, register(I64, lanes), f"<{steps}>"))
    number = register(integer_kind(copy.kind), lanes)
    mask = w.made(number, f"sext {beside.type.llvm} {beside.text} to {number.llvm}")
    with w.count(w.parameter("%high")) as row:
        source = w.at("%x", w.read(w.element(rows, row, 8)))
        before, after = (w.load(w.at(source, place), copy.kind, lanes) for place in (first, last))
        w.store(w.select(mask < 0, before, after), w.at(target, row * w.parameter("%pitch")))
