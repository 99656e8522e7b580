"""A table as plain text, as wide as it needs to be and never wider than a page. Floor 6."""

from collections.abc import Sequence

WIDEST = 118
_GAP = 2


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int = 2) -> list[str]:
    r"""The lines of a table under its head; the last `numbers` columns stand at the right.

    >>> print("\n".join(table_lines(("name", "size"), [("left", "1,000"), ("right", "20")], numbers=1)))
    name    size
    ------------
    left   1,000
    right     20
    """
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    while sum(widths) + _GAP * (len(widths) - 1) > WIDEST:
        widths[widths.index(max(widths))] -= 1
    first_number = len(head) - numbers

    def line(cells: Sequence[str]) -> str:
        placed = [
            _fitted(cell, width).rjust(width) if place >= first_number else _fitted(cell, width).ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return (" " * _GAP).join(placed).rstrip()

    rule = "-" * (sum(widths) + _GAP * (len(widths) - 1))
    return [line(head), rule, *[line(row) for row in rows]]


def _fitted(cell: str, width: int) -> str:
    """The cell, with its middle left out where it is too long: of a path both ends say the most."""
    if len(cell) <= width:
        return cell
    end = (width - 1) // 2
    return f"{cell[: width - 1 - end]}…{cell[len(cell) - end :]}"
