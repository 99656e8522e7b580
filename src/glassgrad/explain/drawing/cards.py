"""How a leaf looks before it has a place: its text, shortened, and its size. A scalar looks like micrograd's record."""

from dataclasses import dataclass
from typing import Literal

from glassgrad.explain.drawing.folding import Leaf
from glassgrad.explain.drawing.lettering import (
    LINE_SIZE,
    SMALL_SIZE,
    TITLE_SIZE,
    mono_width,
    sans_width,
    shortened,
)
from glassgrad.explain.drawing.picture import Line

Look = Literal["disc", "record", "card", "tag"]

LONGEST_TITLE = 34
LONGEST_LINE = 44
LINE_HEIGHT = 16.0
HEAD_HEIGHT = 24.0
CELL_PAD = 9.0


@dataclass(frozen=True, slots=True)
class Card:
    """A leaf's text and size. `cells` are the widths of a record's cells, the title's first."""

    look: Look
    title: str
    lines: tuple[Line, ...]
    width: float
    height: float
    cells: tuple[float, ...] = ()
    note: str = ""


def card(leaf: Leaf) -> Card:
    """The card of a leaf: a disc for a bare operator sign, a record for a scalar, a card for the rest."""
    title = shortened(leaf.box.title, LONGEST_TITLE) or "·"
    lines = tuple(Line(shortened(line.text, LONGEST_LINE), line.role) for line in leaf.box.lines)
    if leaf.inner:
        return _stacked(title, lines, f"{leaf.inner} inside" if leaf.inner > 1 else "1 inside")
    if not lines and leaf.box.kind == "operation" and len(title) <= 2:
        return Card("disc", title, (), 32.0, 32.0)
    if lines and len(lines) <= 2 and all(_is_scalar(line) for line in lines):
        return _record(title, lines)
    return _stacked(title, lines, "")


def tag(title: str) -> Card:
    """The small card that stands for a box drawn far away."""
    text = shortened(title, LONGEST_TITLE)
    return Card("tag", text, (), sans_width(text, SMALL_SIZE) + 16.0, 18.0)


def _is_scalar(line: Line) -> bool:
    return line.role in ("value", "gradient") and len(line.text) <= 20


def _record(title: str, lines: tuple[Line, ...]) -> Card:
    """Cells side by side: name | data | gradient."""
    cells = (
        max(sans_width(title, TITLE_SIZE, bold=True) + 2 * CELL_PAD, 30.0),
        *(mono_width(line.text, LINE_SIZE) + 2 * CELL_PAD for line in lines),
    )
    return Card("record", title, lines, sum(cells), 28.0, cells)


def _stacked(title: str, lines: tuple[Line, ...], note: str) -> Card:
    """A head with the title, the lines below it."""
    note_width = sans_width(note, SMALL_SIZE) + 10.0 if note else 0.0
    width = max(
        sans_width(title, TITLE_SIZE, bold=True) + note_width + 2 * CELL_PAD + 4.0,
        *(mono_width(line.text, LINE_SIZE) + 2 * CELL_PAD + 2.0 for line in lines),
        44.0,
    )
    body = len(lines) * LINE_HEIGHT + 9.0 if lines else 4.0
    return Card("card", title, lines, width, HEAD_HEIGHT + body, (), note)
