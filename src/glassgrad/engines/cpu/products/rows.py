"""A block of A laid out row by row, as a tile reads it. Floor 4.

It is copied where its rows lie whole, turned where its columns do.
"""

from dataclasses import dataclass

from glassgrad.engines.cpu.emit.types import Kind, bytes_of
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.routine import Routine, module_text
from glassgrad.engines.cpu.products.panels import Packing, panel_routine


@dataclass(frozen=True, slots=True)
class RowCopy:
    """Turns `lanes` columns at once and the `rest` behind them; with no lanes, copies rows."""

    kind: Kind
    lanes: int = 0
    rest: int = 0

    @property
    def name(self) -> str:
        """The function that lays out a block."""
        return f"glassgrad.rows.{self.kind.name}.{self.lanes}.{self.rest}"


def rows_text(copy: RowCopy) -> str:
    """`void name(ptr a, i64 bytes between its rows, i64 bytes between its columns, i64 rows, ptr target, i64 bytes
    between the target's rows, i64 columns)`.
    """
    parameters = "ptr %a, i64 %row, i64 %column, i64 %rows, ptr %target, i64 %pitch, i64 %columns"
    w = Routine(f"void @{copy.name}({parameters})", {}, {})
    turning = _turned(w, copy) if copy.lanes else _copied(w, copy)
    w.leave()
    return module_text([w, *turning])


def _copied(w: Routine, copy: RowCopy) -> list[Routine]:
    with w.count(w.parameter("%rows")) as row:
        source = w.at("%a", row * w.parameter("%row"))
        target = w.at("%target", row * w.parameter("%pitch"))
        w.call_void("memcpy", target, source, w.parameter("%columns") * bytes_of(copy.kind))
    return []


def _turned(w: Routine, copy: RowCopy) -> list[Routine]:
    """Whole squares and the rest, each by a panel's function, of A seen as a B whose columns lie whole."""
    columns, size = w.parameter("%columns"), bytes_of(copy.kind)
    whole = columns & ~(copy.lanes - 1)

    def turn(name: str, column: Value) -> None:
        source, target = w.at("%a", column * w.parameter("%column")), w.element("%target", column, size)
        given = (source, w.number(size), w.parameter("%column"), w.parameter("%rows"), target, w.parameter("%pitch"))
        w.call_void(name, *given, columns)

    names = f"{copy.name}.square", f"{copy.name}.behind"
    used = [panel_routine(Packing(copy.kind, 1, copy.lanes, copy.lanes, turned=True), names[0])]
    with w.count(whole, copy.lanes) as column:
        turn(names[0], column)
    if copy.rest:
        used.append(panel_routine(Packing(copy.kind, 1, copy.lanes, copy.rest, turned=True), names[1]))
        with w.when(whole < columns):
            turn(names[1], whole)
    return used
