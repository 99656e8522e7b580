"""What was tried, as a table in a terminal, and the edit as code. Floor 7."""

from collections.abc import Iterator, Sequence
from textwrap import shorten, wrap

import numpy as np

from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.report.found import Found
from glassgrad.doctor.report.words import improvement, reached, what_is_judged
from glassgrad.terminal.charts import sparkline
from glassgrad.terminal.table import Cell, Column, painted, table


def cures(report: Found, most: int, width: int, colours: bool) -> Iterator[str]:
    """A line for each cure that was tried: what it changes, where it ends, on how many seeds it learns."""
    tried = [cure for cure in report.cures if cure.why_not is None]
    if not tried:
        return
    fresh = max(len(cure.after) for cure in tried) - 1
    also = f"; where it helps, {fresh} fresh" if fresh else ""
    yield painted(f"What was tried (from your start{also})", "bold", colours=colours)
    columns = [
        Column(""), Column("cure", least=18), Column(f"{what_is_judged(report)} at the end"), Column("gained", spare=1),
        Column("learns", right=True), Column("curve", spare=2),
    ]  # fmt: skip
    shown = tried[: max(1, most)]
    rows = [row for cure in shown for row in _rows(report, cure, max(18, width - 55))]
    yield from table(columns, rows, width=width, colours=colours, indent=2).splitlines()
    if not any(cure.works for cure in tried):
        yield "  No cure helped."
    left = len(tried) - len(shown)
    if left:
        yield f"  … and {left} more that {'was' if left == 1 else 'were'} tried"


def _rows(report: Found, cure: Cure, width: int) -> Iterator[list[str | Cell]]:
    """A row of the table, and a second one where the title is long."""
    mark = Cell("✓", "bold green") if cure.works else Cell("✗", "dim")
    losses = f"{reached(report, cure.before)} → {reached(report, cure.after)}"
    curve = Cell(sparkline(_median(cure.losses), 8), "cyan")
    title = wrap(cure.title, width)
    yield [mark, title[0], losses, improvement(cure), f"{cure.helped} of {len(cure.after)}", curve]
    if len(title) > 1:
        yield ["", shorten(" ".join(title[1:]), width, placeholder=" …"), "", "", "", ""]


def _median(curves: Sequence[Sequence[float]]) -> np.ndarray:
    """The middle curve over the seeds, as long as the shortest."""
    length = min((len(curve) for curve in curves), default=0)
    if not length:
        return np.zeros(0)
    stacked = np.array([curve[:length] for curve in curves], float)
    return np.asarray(np.median(stacked, axis=0))


def remedy(report: Found, most: int, width: int, colours: bool) -> Iterator[str]:
    """What to type."""
    found = report.remedy
    if found is None:
        return
    title, code = found
    is_tried = any(cure.works for cure in report.cures)
    yield painted("What to type" if is_tried else "Worth trying (it was not run)", "bold", colours=colours)
    yield from wrap(title, width, initial_indent="  ", subsequent_indent="  ")
    lines = [short for line in code.rstrip("\n").splitlines() for short in _fitting(line, width - 4)]
    for line in lines[:most]:
        style = "green" if line.startswith("+") else "red" if line.startswith("-") else ""
        yield "    " + painted(line, style, colours=colours)
    if len(lines) > most:
        yield f"    … {len(lines) - most} more lines"
    if not is_tried and len(report.worth_trying) > 1:
        others = "; ".join(title for title, _ in report.worth_trying[1:4])
        yield from wrap(f"or: {others}", width, initial_indent="  ", subsequent_indent="  ")


def _fitting(line: str, width: int) -> Iterator[str]:
    """A line of code; the comment behind it goes above it where both have no room."""
    code, mark, comment = line.partition("  # ")
    if len(line) > width and mark:
        sign = code[:2] if code[:1] in "+-" else ""
        for part in wrap(comment, width - len(sign) - 2):
            yield f"{sign}# {part}"
        line = code.rstrip()
    yield line if len(line) <= width else f"{line[: width - 1]}…"
