"""Columns of B laid out as a tile reads them: one panel, row after row, zeros where B ends. Floor 4.

B's rows lie whole; where its columns do, the panel is turned (`turning.py`).
"""

from dataclasses import dataclass

from glassgrad.engines.cpu.emit.types import Kind, bytes_of, register
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.routine import Routine, module_text


@dataclass(frozen=True, slots=True)
class Packing:
    """Panels of `vectors` × `lanes` columns, the last of which reach to `columns`."""

    kind: Kind
    vectors: int
    lanes: int
    columns: int

    @property
    def name(self) -> str:
        """The function that lays out a panel."""
        return f"glassgrad.panel.{self.kind.name}.{self.vectors}x{self.lanes}.{self.columns}"


def panel_text(packing: Packing) -> str:
    """`void name(ptr b, i64 bytes between its rows, i64 not used here, i64 rows, ptr panel, i64 bytes between the
    panel's rows, i64 not used here)`.
    """
    w = Routine(f"void @{packing.name}(ptr %b, i64 %row, i64, i64 %rows, ptr %panel, i64 %pitch, i64)", {}, {})
    size = bytes_of(packing.kind)
    with w.count(w.parameter("%rows")) as row:
        source = w.at("%b", row * w.parameter("%row"))
        target = w.at("%panel", row * w.parameter("%pitch"))
        for vector in range(packing.vectors):
            width = _width(packing, vector)
            value = w.load(w.element(source, vector * packing.lanes, size), packing.kind, width)
            w.store(_filled(w, value, packing.lanes), w.element(target, vector * packing.lanes, size))
    w.leave()
    return module_text([w])


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
