"""Windows of an array laid out row by row: the matrix (channel × tap, position) of a convolution, in blocks. Floor 4.

Row k and column p stand at x[rows[k] + columns[p]]: two tables of distances in bytes. Neighbouring positions lie at one
distance from each other but where a row of the image ends: among as many positions as a row has, at most once.
"""

from dataclasses import dataclass

from glassgrad.engines.cpu.emit.access import thinned
from glassgrad.engines.cpu.emit.types import I64, Kind, bytes_of, integer_kind, register
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.routine import Routine, module_text


@dataclass(frozen=True, slots=True)
class WindowCopy:
    """Copies `lanes` neighbouring positions at a time, which lie `apart` elements from each other.

    No row of positions is shorter; with `seams`, rows end among the lanes.
    """

    kind: Kind
    lanes: int
    apart: int
    seams: bool

    @property
    def name(self) -> str:
        """The function that copies a block."""
        return f"glassgrad.windows.{self.kind.name}.{self.lanes}x{self.apart}.{'seams' if self.seams else 'whole'}"


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
    """Some positions of every row: those in line with the first of them, and from where a row ends with the last."""
    lanes, size = copy.lanes, bytes_of(copy.kind) * copy.apart
    first, parted = w.read(columns), _parted(w, copy, columns) if copy.seams else None
    with w.count(w.parameter("%high")) as row:
        source = w.at("%x", w.read(w.element(rows, row, 8)))
        value = thinned(w, w.at(source, first), copy.kind, lanes, copy.apart)
        if parted is not None:
            last = w.read(w.element(columns, lanes - 1, 8)) - (lanes - 1) * size
            value = w.select(parted, thinned(w, w.at(source, last), copy.kind, lanes, copy.apart), value)
        w.store(value, w.at(target, row * w.parameter("%pitch")))


def _parted(w: Routine, copy: WindowCopy, columns: str) -> Value:
    """Which of the lanes are not in line with the first: in the next row of the image."""
    lanes, size = copy.lanes, bytes_of(copy.kind) * copy.apart
    distances = w.load(columns, I64, lanes)
    steps = ", ".join(f"i64 {lane * size}" for lane in range(lanes))
    moved = (distances - w.splat(w.lane(distances, 0), lanes)).differs(Value(w, register(I64, lanes), f"<{steps}>"))
    number = register(integer_kind(copy.kind), lanes)
    return w.made(number, f"sext {moved.type.llvm} {moved.text} to {number.llvm}") < 0
