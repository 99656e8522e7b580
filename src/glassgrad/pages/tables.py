"""Tables of a report: each with a caption and headers that a screen reader tells with the cells. Floor 7."""

from collections.abc import Collection, Sequence
from typing import TypeAlias

import numpy as np

from glassgrad.explain.notation.escape import xml

Cell: TypeAlias = str | tuple[str, str]  # a text, or a text and what it is: "l" words, "best" a number, "bar" a length

_KINDS = ("wrong", "right")  # of cells


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    about: str,
    kind: str = "",
    dropped: Collection[int] = (),
) -> str:
    """Rows whose first cell is their name. Cells are numbers unless they say otherwise."""
    is_word = [place == 0 or (bool(rows) and _role(rows[0][place]) in ("l", "bar")) for place in range(len(header))]
    head = "".join(
        f'<th scope="col"{"" if word else " class=n"}>{xml(text)}</th>' if text else "<td></td>"
        for text, word in zip(header, is_word, strict=True)
    )
    body = "".join(
        f"<tr{' class=dropped' if place in dropped else ''}>"
        f'<th scope="row">{xml(_text(row[0]))}</th>{"".join(_cell(cell) for cell in row[1:])}</tr>'
        for place, row in enumerate(rows)
    )
    return framed(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", kind, about)


def confusion_table(counts: np.ndarray, classes: Sequence[str], about: str) -> str:
    """(true, predicted) counts; the darker a cell, the larger its share of the row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    head = "".join(f'<th scope="col">{xml(name)}</th>' for name in classes)
    body = ""
    for true, name in enumerate(classes):
        cells = "".join(
            f'<td class="{_KINDS[true == said]}" style="--share: {shares[true, said]:.3f}">{count:,}</td>'
            for said, count in enumerate(counts[true])
        )
        body += f'<tr><th scope="row">{xml(name)}</th>{cells}</tr>'
    top = f'<thead><tr><th scope="col">true ↓ predicted →</th>{head}</tr></thead>'
    return framed(f"{top}<tbody>{body}</tbody>", "confusion", about)


def framed(inside: str, kind: str, about: str) -> str:
    """A table that scrolls by itself where it is wider than the screen, under the words about it."""
    name = xml(about.partition(".")[0])
    return (
        f'<p class="about">{xml(about)}</p><div class="scroll" role="group" aria-label="{name}" tabindex="0">'
        f'<table class="{kind}" aria-label="{name}">{inside}</table></div>'
    )


def _role(cell: Cell) -> str:
    return cell[1] if isinstance(cell, tuple) else ""


def _text(cell: Cell) -> str:
    return cell[0] if isinstance(cell, tuple) else cell


def _cell(cell: Cell) -> str:
    text = xml(_text(cell))
    match _role(cell):
        case "l":
            return f"<td>{text}</td>"
        case "bar":
            return f'<td class="bar" aria-hidden="true"><span style="width: {float(text):.1%}"></span></td>'
        case "best":
            return f'<td class="n best">{text}</td>'
        case _:
            return f'<td class="n">{text}</td>'
