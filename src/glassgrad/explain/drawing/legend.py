"""The legend below a drawing: the kinds of boxes that it has, and what the colour of a gradient means."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from glassgrad.explain.drawing.lettering import SMALL_SIZE, sans_width
from glassgrad.explain.drawing.nesting import Drawing, Rectangle
from glassgrad.explain.drawing.picture import KINDS
from glassgrad.explain.drawing.shapes import rect, text

SWATCH_ROOM = 22.0
SPACE = 16.0


class Entry(NamedTuple):
    """A name with the class of its swatch; a name in its own colour has none."""

    name: str
    swatch: str
    text: str = "gg-small"

    @property
    def width(self) -> float:
        """The room it takes in the row."""
        return sans_width(self.name, SMALL_SIZE) + (SWATCH_ROOM if self.swatch else 0.0) + SPACE


def legend(drawing: Drawing) -> list[Entry]:
    """The entries that this picture needs; none where they would explain nothing."""
    present = {leaf.box.kind for leaf in drawing.view.leaves if not leaf.inner}
    entries = [Entry(kind, f"gg-{kind}") for kind in KINDS if kind in present]
    if any(leaf.inner for leaf in drawing.view.leaves):
        entries.append(Entry("folded block", "gg-value gg-folded"))
    if any(line.role == "gradient" for leaf in drawing.view.leaves for line in leaf.box.lines):
        entries.append(Entry("gradient", "", "gg-small gg-gradient"))
    return entries if len(entries) > 1 else []


def legend_row(entries: Sequence[Entry], x: float, y: float) -> Iterator[str]:
    """The entries side by side, their middle at height y."""
    for entry in entries:
        if entry.swatch:
            swatch = Rectangle(x, y - 5.5, 16.0, 11.0)
            yield f'<g class="{entry.swatch}">'
            yield rect("gg-tint gg-line", swatch, 5.5 if entry.swatch == "gg-input" else 2.5)
            yield (rect("gg-line", swatch, 1.0, 2.5) if "gg-folded" in entry.swatch else "") + "</g>"
        yield text(entry.text, x + (SWATCH_ROOM if entry.swatch else 0.0), y + 3.8, entry.name)
        x += entry.width
