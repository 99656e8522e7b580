"""Boxes as SVG elements, and the elements that everything else is made of."""

from collections.abc import Iterator

from glassgrad.explain.drawing.cards import CELL_PAD, HEAD_HEIGHT, LINE_HEIGHT, Card
from glassgrad.explain.drawing.lettering import SMALL_SIZE, sans_width
from glassgrad.explain.drawing.nesting import Drawing, Rectangle
from glassgrad.explain.drawing.picture import Box
from glassgrad.explain.notation.escape import xml


def short(number: float) -> str:
    """A coordinate with at most one decimal."""
    return f"{number:.1f}".removesuffix(".0")


def rect(kind: str, area: Rectangle, radius: float, inset: float = 0.0) -> str:
    """A rectangle with round corners as an element of class `kind`."""
    return (
        f'<rect class="{kind}" x="{short(area.x + inset)}" y="{short(area.y + inset)}" '
        f'width="{short(area.width - 2 * inset)}" height="{short(area.height - 2 * inset)}" rx="{short(radius)}"/>'
    )


def text(kind: str, x: float, y: float, words: str) -> str:
    """Words on a base line, as an element of class `kind`."""
    return f'<text class="{kind}" x="{short(x)}" y="{short(y)}">{xml(words)}</text>'


def boxes(drawing: Drawing) -> Iterator[str]:
    """Every leaf: a group with its key, its tooltip and its look."""
    for leaf, look, area in zip(drawing.view.leaves, drawing.cards, drawing.boxes, strict=True):
        kind = f"gg-box gg-{leaf.box.kind}" + (" gg-folded" if leaf.inner else "")
        block = f' data-block="{xml(leaf.box.block)}"' if leaf.inner and leaf.box.block else ""
        yield f'<g class="{kind}" data-key="{xml(leaf.box.key)}"{block}>'
        yield f"<title>{xml(_tooltip(leaf.box))}</title>"
        match look.look:
            case "disc":
                yield from _disc(look, area)
            case "record":
                yield from _record(look, area, _radius(leaf.box))
            case _:
                yield from _card(look, area, _radius(leaf.box), folded=leaf.inner > 0)
        yield "</g>"


def _tooltip(box: Box) -> str:
    """The box's own tooltip, or its full text, which the box may show shortened."""
    return box.tooltip or "\n".join([box.title, *(line.text for line in box.lines)])


def _radius(box: Box) -> float:
    """Inputs are round at their ends, the rest has small corners: a difference that needs no colour."""
    return 12.0 if box.kind == "input" else 5.0


def _disc(look: Card, area: Rectangle) -> Iterator[str]:
    radius = area.width / 2
    x, y = area.x + radius, area.y + radius
    yield f'<circle class="gg-tint gg-line" cx="{short(x)}" cy="{short(y)}" r="{short(radius)}"/>'
    yield text("gg-title", x, y + 4.6, look.title)


def _record(look: Card, area: Rectangle, radius: float) -> Iterator[str]:
    """Cells side by side: name | data | gradient."""
    yield rect("gg-body", area, radius)
    yield f'<path class="gg-tint" d="{_left_cell(area, look.cells[0], radius)}"/>'
    x, baseline = area.x, area.y + area.height / 2 + 4.2
    yield text("gg-title", x + look.cells[0] / 2, baseline + 0.3, look.title)
    for line, before, width in zip(look.lines, look.cells, look.cells[1:], strict=False):
        x += before
        yield f'<path class="gg-rule" d="M{short(x)} {short(area.y)}v{short(area.height)}"/>'
        yield text(f"gg-{line.role} gg-middle", x + width / 2, baseline, line.text)
    yield rect("gg-line", area, radius)


def _left_cell(area: Rectangle, width: float, radius: float) -> str:
    r = short(radius)
    return (
        f"M{short(area.x + width)} {short(area.y)}H{short(area.x + radius)}a{r} {r} 0 0 0 -{r} {r}"
        f"V{short(area.y + area.height - radius)}a{r} {r} 0 0 0 {r} {r}H{short(area.x + width)}Z"
    )


def _card(look: Card, area: Rectangle, radius: float, *, folded: bool) -> Iterator[str]:
    """A head with the title above lines; a folded block has a second border around it."""
    middle = area.x + area.width / 2
    if look.lines:
        yield rect("gg-body", area, radius)
        yield f'<path class="gg-tint" d="{_head_cell(area, radius)}"/>'
    else:
        yield rect("gg-tint", area, radius)
    baseline = area.y + (16.8 if look.lines else area.height / 2 + 4.6)
    room = sans_width(look.note, SMALL_SIZE) if look.note else 0.0
    yield text("gg-title", middle - (room + 10.0 if look.note else 0.0) / 2, baseline, look.title)
    if look.note:
        yield text("gg-small", area.x + area.width - room - CELL_PAD - 1.0, baseline, look.note)
    for number, line in enumerate(look.lines):
        y = area.y + HEAD_HEIGHT + 4.5 + LINE_HEIGHT * (number + 0.62)
        yield text(f"gg-{line.role} gg-middle", middle, y, line.text)
    yield rect("gg-line", area, radius)
    if folded:
        yield rect("gg-line", area, radius - 2.5, 3.0)


def _head_cell(area: Rectangle, radius: float) -> str:
    r = short(radius)
    return (
        f"M{short(area.x)} {short(area.y + HEAD_HEIGHT)}V{short(area.y + radius)}a{r} {r} 0 0 1 {r} -{r}"
        f"H{short(area.x + area.width - radius)}a{r} {r} 0 0 1 {r} {r}V{short(area.y + HEAD_HEIGHT)}Z"
    )
