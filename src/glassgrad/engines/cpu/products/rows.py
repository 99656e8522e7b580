"""A block of A whose rows lie whole but far apart, copied row beside row. Floor 4."""

from dataclasses import dataclass

from glassgrad.engines.cpu.emit.types import Kind, bytes_of
from glassgrad.engines.cpu.native.routine import PLAIN, Routine, module_text


@dataclass(frozen=True, slots=True)
class RowCopy:
    """Copies of rows of numbers of this kind."""

    kind: Kind

    @property
    def name(self) -> str:
        """The function that copies a block."""
        return f"glassgrad.rows.{self.kind.name}"


def rows_text(copy: RowCopy) -> str:
    """`void name(ptr a, i64 bytes between its rows, i64 not used here, i64 rows, ptr target, i64 bytes between the
    target's rows, i64 columns)`.
    """
    parameters = "ptr %a, i64 %row, i64, i64 %rows, ptr %target, i64 %pitch, i64 %columns"
    w = Routine(f"void @{copy.name}({parameters}) {PLAIN}", {}, {})
    with w.count(w.parameter("%rows")) as row:
        source = w.at("%a", row * w.parameter("%row"))
        target = w.at("%target", row * w.parameter("%pitch"))
        w.call_void("memcpy", target, source, w.parameter("%columns") * bytes_of(copy.kind))
    w.leave()
    return module_text([w])
