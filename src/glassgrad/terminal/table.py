"""Tables that fit the terminal: columns that matter less are left out, long texts are cut. Floor 7.

rich's own table takes a second for a thousand rows; these rows are put together as plain text.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

_GAP = 2
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: how its texts stand, how narrow it may become, and how soon it is left out (0: never)."""

    title: str
    right: bool = False
    least: int | None = None  # None: never cut
    spare: int = 0  # the greatest goes first


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with a style."""

    text: str
    style: str = ""


def terminal_width() -> int:
    """Columns of the terminal (or COLUMNS), at least 40."""
    return max(40, shutil.get_terminal_size().columns)


def coloured() -> bool:
    """Whether stdout shows colours."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, style: str, *, colours: bool) -> str:
    """The text in a style, where there are colours."""
    if not colours or not style or not text:
        return text
    return f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str | Cell]],
    *,
    width: int,
    colours: bool = False,
    indent: int = 0,
) -> str:
    """The lines of a table, at most `width` columns wide.

    >>> print(table([Column("id"), Column("loss", right=True)], [["a", "0.5"], ["b", Cell("12", "red")]], width=20))
    id  loss
    a    0.5
    b     12
    """
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    widths = [
        max([cell_len(column.title), *(cell_len(row[place].text) for row in cells)])
        for place, column in enumerate(columns)
    ]
    kept = _fitting(columns, widths, width - indent)
    lines = [" " * indent + _line([Cell(column.title, "dim") for column in columns], columns, kept, colours=colours)]
    lines += [" " * indent + _line(row, columns, kept, colours=colours) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def _fitting(columns: Sequence[Column], widths: list[int], room: int) -> dict[int, int]:
    """The columns that are shown, with their widths."""
    kept = dict(enumerate(widths))

    def needed(*, least: bool) -> int:
        sizes = (
            min(size, limit) if least and (limit := columns[place].least) is not None else size
            for place, size in kept.items()
        )
        return sum(sizes) + _GAP * (len(kept) - 1)

    while needed(least=True) > room and any(columns[place].spare for place in kept):
        kept.pop(max(kept, key=lambda place: (columns[place].spare, place)))
    while (over := needed(least=False) - room) > 0:
        wide = [place for place in kept if (limit := columns[place].least) is not None and kept[place] > limit]
        if not wide:
            break
        widest = max(wide, key=lambda place: kept[place])
        second = max([kept[place] for place in wide if place != widest], default=0)
        floor = max(columns[widest].least or 0, kept[widest] - over, second - 1)
        kept[widest] = min(kept[widest] - 1, floor)
    return kept


def _line(row: Sequence[Cell], columns: Sequence[Column], kept: dict[int, int], *, colours: bool) -> str:
    parts = []
    for place, size in kept.items():
        text, length = row[place].text, cell_len(row[place].text)
        if length > size:
            text, length = set_cell_size(text, size - 1) + "…", size
        pad = " " * (size - length)
        shown = painted(text, row[place].style, colours=colours)
        parts.append(pad + shown if columns[place].right else shown + pad)
    return (" " * _GAP).join(parts)
