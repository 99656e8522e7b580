"""The report for a terminal: at most 40 lines, the verdict first. Floor 7."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from textwrap import wrap

import numpy as np

from glassgrad.doctor.report.found import Found
from glassgrad.doctor.report.text_chain import chain
from glassgrad.doctor.report.text_cures import cures, remedy
from glassgrad.doctor.report.words import broke, cost, learnt, titled
from glassgrad.pages.numbers import percent
from glassgrad.terminal.charts import sparkline
from glassgrad.terminal.table import painted

_MOST = 40
_COLOURS = {"healthy": "bold green", "slow but flowing": "bold yellow", "sick": "bold red", "unknown": "bold yellow"}


@dataclass(frozen=True, slots=True)
class _Room:
    """How much of each part is shown."""

    rows: int  # of the chain
    causes: int
    evidence: int  # of the first cause; of the others one less
    cures: int
    code: int
    notes: int


_ROOMS = (
    _Room(12, 3, 4, 4, 12, 3), _Room(10, 3, 3, 4, 10, 2), _Room(8, 3, 2, 3, 8, 2), _Room(7, 2, 2, 3, 7, 1),
    _Room(6, 2, 1, 2, 6, 1), _Room(5, 1, 1, 1, 5, 0),
)  # fmt: skip


def as_text(report: Found, *, width: int = 80, colours: bool = False) -> str:
    """The whole report; what has no room in 40 lines is left to the HTML."""
    width = max(60, width)
    lines: list[str] = []
    for room in _ROOMS:
        lines = _lines(report, room, width, colours)
        if len(lines) <= _MOST:
            return "\n".join(lines)
    return "\n".join([*lines[: _MOST - 1], "… the rest: report.save('report.html')"])


def _lines(report: Found, room: _Room, width: int, colours: bool) -> list[str]:
    def heading(text: str) -> str:
        return painted(text, "bold", colours=colours)

    parts = [
        list(_verdict(report, width, colours)),
        list(chain(report, room.rows, width, colours)),
        list(_why(report, room, width, heading)),
        list(cures(report, room.cures, width, colours)),
        list(remedy(report, room.code, width, colours)),
        list(_end(report, room.notes, width, colours)),
    ]
    return [line.rstrip() for part in parts if part for line in ("", *part)][1:]


def _verdict(report: Found, width: int, colours: bool) -> Iterator[str]:
    word, text = report.verdict.upper(), titled(report)
    first, *rest = wrap(f"{word}: {text}", width) or [word]
    yield painted(first[: len(word)], _COLOURS[report.verdict], colours=colours) + first[len(word) :]
    yield from rest
    losses = np.array([loss for loss in report.trace.losses if loss == loss], float)  # noqa: PLR0124 - not NaN
    curve = sparkline(losses, 20) if len(losses) > 1 else ""
    text = " ".join(part for part in (learnt(report), broke(report)) if part)
    if text:
        *before, last = wrap(text, width)
        yield from before
        if curve and len(last) + len(curve) + 2 <= width:
            last += "  " + painted(curve, "cyan", colours=colours)
        yield last


def _why(report: Found, room: _Room, width: int, heading: Callable[[str], str]) -> Iterator[str]:
    """The causes with what speaks for them; where none is known, what is seen."""
    sure = [cause for cause in report.causes if cause.is_sure][: room.causes]
    others = [cause for cause in report.causes if cause not in sure]
    if not sure and report.symptoms:
        yield heading("Seen")
        for symptom in report.symptoms[: room.causes]:
            yield from _item("  - ", symptom.title, width)
            for text in symptom.evidence[: room.evidence]:
                yield from _item("      ", text, width)
    elif sure:
        if report.symptoms:
            yield from _item("Seen: ", "; ".join(symptom.title for symptom in report.symptoms[:2]), width)
        yield heading("Why")
    for place, cause in enumerate(sure):
        number = f"  {place + 1}. " if len(sure) > 1 else "  "
        yield from _item(number, f"{cause.title} ({percent(round(cause.confidence, 2))} sure)", width)
        spoken = [*cause.evidence, *(f"tried: {text}" for text in cause.tested)]
        for text in spoken[: max(1, room.evidence - place)]:
            yield from _item(" " * len(number) + "- ", text, width)
    if others:
        yield from _item("  also possible: ", "; ".join(cause.title for cause in others[:2]), width)


def _item(mark: str, text: str, width: int) -> Iterator[str]:
    space = " " * (len(mark) if len(mark) < 9 else 4)
    yield from wrap(mark + text, width, subsequent_indent=space, drop_whitespace=True)


def _end(report: Found, notes: int, width: int, colours: bool) -> Iterator[str]:
    for note in list(dict.fromkeys((*report.notes, *report.trace.notes)))[:notes]:
        yield from _item("note: ", note, width)
    if isfinite(report.trace.seconds):
        yield from (painted(line, "dim", colours=colours) for line in wrap(cost(report), width))
