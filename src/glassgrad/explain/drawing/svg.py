"""A laid-out drawing as SVG text: no scripts, no ids, nothing from outside, so that it can stand in any page, twice."""

from collections.abc import Iterator, Sequence

from glassgrad.explain.drawing.ink import arrows
from glassgrad.explain.drawing.labels import placed_labels
from glassgrad.explain.drawing.legend import legend, legend_row
from glassgrad.explain.drawing.lettering import SMALL_SIZE, sans_width
from glassgrad.explain.drawing.nesting import Drawing, Rectangle
from glassgrad.explain.drawing.palette import Theme, style_sheet
from glassgrad.explain.drawing.shapes import boxes, rect, short, text
from glassgrad.explain.notation.escape import xml

BORDER = 16.0
HEADING_ROOM = 30.0
HEADING_SIZE = 16.0
LEGEND_ROOM = 34.0


def svg(drawing: Drawing, theme: Theme) -> str:
    """The whole file."""
    title, entries = drawing.view.title, legend(drawing)
    heading = sans_width(title, HEADING_SIZE, bold=True)
    width = max(drawing.width, heading, sum(entry.width for entry in entries), 40.0) + 2 * BORDER
    top = BORDER + (HEADING_ROOM if title else 0.0)
    height = top + drawing.height + BORDER + (LEGEND_ROOM if entries else 0.0)
    size = f'width="{short(width)}" height="{short(height)}"'
    name, summary = title or "Data-flow picture", _summary(drawing)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gg-draw gg-{theme}" role="img" {size}',
        f'viewBox="0 0 {short(width)} {short(height)}" aria-label="{xml(f"{name}. {summary}")}"',
        'style="max-width:100%;height:auto">',
        f"<title>{xml(name)}</title>",
        f"<desc>{xml(summary)}</desc>",
        f"<style>{style_sheet(theme)}</style>",
        f'<rect class="gg-paper" {size} rx="8"/>',
        *([text("gg-heading", BORDER, 28.0, title)] if title else ()),
        f'<g transform="translate({short((width - drawing.width) / 2)} {short(top)})">',
        *_frames(drawing),
        *arrows(drawing),
        *_tags(drawing),
        *boxes(drawing),
        *_labels(drawing),
        "</g>",
        *legend_row(entries, BORDER, height - BORDER - 5.0),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _summary(drawing: Drawing) -> str:
    """One sentence for readers who hear the picture."""
    leaves, links = drawing.view.leaves, drawing.view.arrows
    sources = dict.fromkeys(source for source, _, _ in links)
    targets = dict.fromkeys(target for _, target, _ in links)
    first = [leaves[number].box.title for number in sources if number not in targets]
    last = [leaves[number].box.title for number in targets if number not in sources]
    way = f", from {_few(first)} to {_few(last)}" if links else ""
    return f"{_count(len(leaves), 'box', 'boxes')} and {_count(len(links), 'arrow', 'arrows')}{way}."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _frames(drawing: Drawing) -> Iterator[str]:
    for frame, area in zip(drawing.view.frames, drawing.frames, strict=True):
        yield f'<g class="gg-frame" data-block="{xml(frame.path)}">'
        yield f"<title>{xml(f'{frame.path}: {frame.inner} inside')}</title>"
        yield rect("gg-edge-of-frame", area, 10.0)
        yield "</g>"


def _tags(drawing: Drawing) -> Iterator[str]:
    for title, area in drawing.tags:
        yield '<g class="gg-tag">'
        yield f"<title>{xml(f'{title}: drawn far from here')}</title>"
        yield rect("gg-outline", area, 9.0)
        yield text("gg-small gg-middle", area.x + area.width / 2, area.y + 12.6, title)
        yield "</g>"


def _labels(drawing: Drawing) -> Iterator[str]:
    """Captions of frames and labels of arrows: last, so that no line runs through them."""
    entering: dict[float, list[float]] = {round(area.y, 1): [] for area in drawing.frames}
    for way in (way for ways in drawing.ways for way in ways if entering):
        for x, y in way:
            if (here := entering.get(round(y, 1))) is not None:
                here.append(x)
    for frame, area in zip(drawing.view.frames, drawing.frames, strict=True):
        yield text("gg-caption", *_caption_place(frame.caption, area, entering), frame.caption)
    for number, (x, y) in placed_labels(drawing).items():
        yield text("gg-label", x, y, drawing.view.arrows[number][2])


def _caption_place(caption: str, area: Rectangle, entering: dict[float, list[float]]) -> tuple[float, float]:
    """Left or right in the frame's top, where no arrow enters; left where arrows enter at both."""
    width = sans_width(caption, SMALL_SIZE, bold=True)
    left, right = area.x + 12.0, area.x + area.width - 12.0 - width

    def is_crossed(start: float) -> bool:
        return any(start - 4.0 < x < start + width + 4.0 for x in entering[round(area.y, 1)])

    return (right if is_crossed(left) and not is_crossed(right) else left), area.y + 16.5
