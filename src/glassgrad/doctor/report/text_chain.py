"""The chain in a terminal: each link with its gain, and a bar on a log axis of what it passes on. Floor 7."""

import re
from collections.abc import Iterator
from math import isinf, isnan
from textwrap import wrap

from glassgrad.doctor.report.found import Found
from glassgrad.doctor.report.rows import Row, Span, rows_of, span_of
from glassgrad.doctor.report.words import chain_says
from glassgrad.pages.numbers import factor, power_of_ten
from glassgrad.terminal.charts import sparkline_of_decades
from glassgrad.terminal.table import painted

_GAIN = 9


def chain(report: Found, most: int, width: int, colours: bool) -> Iterator[str]:
    """The ledger; what is broken is marked, unless nothing was found."""
    ledger = report.ledger
    if ledger is None or not ledger.entries:
        return
    rows = rows_of(ledger, most)
    span = span_of(rows)
    wide = max(16, min(30, width - 50))
    names = width - wide - 2 * _GAIN - 4
    title = "The chain, from the loss back"
    head = f"{_cut(title, names + 1):<{names + 2}}{'gain':>{_GAIN}}{'left':>{_GAIN}}  "
    yield painted(head, "bold", colours=colours) + painted(_axis(span, wide), "dim", colours=colours)
    for row in rows:
        is_broken = row.is_broken and not report.is_healthy
        mark = "✗ " if is_broken else "  "
        line = f"{mark}{_cut(_name(row, names), names):<{names}}{row.gain:>{_GAIN}}"
        line += f"{factor(row.after):>{_GAIN}}  {_bar(row, span, wide)}"
        yield painted(line, "red", colours=colours and is_broken)
        if is_broken:
            yield from _broken(row, width)
    yield from wrap(chain_says(report), width, initial_indent="  ", subsequent_indent="  ")


def _name(row: Row, width: int) -> str:
    whole = row.operation if len(row.entries) > 1 or row.path == "loss" else f"{row.path}  {row.operation}"
    if row.path == "loss":
        whole = f"loss  {row.operation}"
    if len(whole) > width and len(row.entries) == 1:
        whole = row.operation
    return whole if len(whole) <= width else re.sub(r"(\w)\([^()]*\)", r"\1", whole)  # without the sizes


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _bar(row: Row, span: Span, width: int) -> str:
    if isnan(row.after):
        return "–"
    if isinf(row.after):
        return "0" if row.after < 0 else "∞"
    return "█" * max(1, round(span.place(row.after) * width))


def _axis(span: Span, width: int) -> str:
    """The ticks, each ending where a bar of that length ends."""
    line = ""
    for tick in span.ticks(4):
        text = power_of_ten(tick)
        end = max(round(span.place(tick) * width), len(text) if not line else 0)
        room = end - len(text)
        if room < len(line) + (1 if line else 0):
            continue
        line = f"{line:<{room}}{text}"
    return line


def _broken(row: Row, width: int) -> Iterator[str]:
    """The formula at the operating point, and the line of the person's code; along time, how it falls."""
    where = f"  [{row.place}]" if row.place else ""
    if row.formula or where:
        yield from wrap(f"{row.formula}{where}", width, initial_indent="      ", subsequent_indent="      ")
    along = next((entry.time for entry in row.entries if entry.is_broken and len(entry.time) > 1), ())
    if along:
        curve = sparkline_of_decades(along, min(24, width - 52))
        yield f"      along time, the last step first: {curve} to {factor(along[-1])}"
