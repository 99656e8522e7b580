"""A chart as SVG: text with classes, coloured by the page's style sheet. Floor 7."""

from collections.abc import Iterator

import numpy as np

from glassgrad.charts.chart import Band, Chart, Line, Mark, Points, Rule, Spans
from glassgrad.explain.notation.escape import xml

WIDTH, HEIGHT = 380, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 12, 42
_WIDE, _TALL = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_ROOM = f"M{_LEFT - 4} {_TOP - 4}h{_WIDE + 8}v{_TALL + 8}h{-_WIDE - 8}z"


def svg(chart: Chart) -> str:
    """The drawing, with its title and what it says for a screen reader."""
    name = xml(chart.name)
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-title {name}-says">',
        f'<title id="{name}-title">{xml(chart.title)}</title><desc id="{name}-says">{xml(chart.says)}</desc>',
        f'<clipPath id="{name}-room"><path d="{_ROOM}"/></clipPath>',
        *_axes(chart),
        f'<g clip-path="url(#{name}-room)">',
    ]
    parts += [text for mark in chart.marks for text in _mark(chart, mark)]
    parts.append("</g>")
    parts += [text for mark in chart.marks if isinstance(mark, Rule) for text in _rule_label(chart, mark)]
    return "\n".join([*parts, "</svg>"])


def _axes(chart: Chart) -> Iterator[str]:
    for value, text in chart.y.scale.ticks():
        y = _y(chart, value)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}h{_WIDE}"/>'
        yield f'<text class="tick" x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{xml(text)}</text>'
    for value, text in chart.x.scale.ticks():
        x = float(_x(chart, value))
        yield f'<path class="grid" d="M{x:.1f} {_TOP}v{_TALL}"/>'
        near_edge = x > WIDTH - 6 * len(text)
        place, anchor = (min(x, WIDTH - 2), "end") if near_edge and len(text) > 3 else (x, "middle")
        yield f'<text class="tick" x="{place:.1f}" y="{_TOP + _TALL + 16}" text-anchor="{anchor}">{xml(text)}</text>'
    yield f'<path class="axis" d="M{_LEFT} {_TOP}v{_TALL}h{_WIDE}"/>'
    label = xml(chart.x.label)
    yield f'<text class="label" x="{_LEFT + _WIDE / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{label}</text>'
    middle = _TOP + _TALL / 2
    yield (
        f'<text class="label" transform="translate(13 {middle:.0f}) rotate(-90)" text-anchor="middle">'
        f"{xml(chart.y.label)}</text>"
    )


def _mark(chart: Chart, mark: Mark) -> Iterator[str]:
    match mark:
        case Line():
            for run in _runs(_x(chart, mark.x), _y(chart, mark.y)):
                if len(run) > 1:
                    yield f'<path class="line s{mark.style % 8}" d="{_path(run)}"/>'
                if mark.dots or len(run) == 1:
                    yield from (f'<circle class="dot s{mark.style % 8}" cx="{x}" cy="{y}" r="3"/>' for x, y in run)
        case Points():
            where = [point for run in _runs(_x(chart, mark.x), _y(chart, mark.y)) for point in run]
            shape = "".join(f"M{x} {y}h0" for x, y in where)  # round caps make dots of strokes without length
            yield f'<path class="cloud s{mark.style % 8}" d="{shape}"/>'
        case Spans():
            x, low, high = _x(chart, mark.x), _y(chart, mark.low), _y(chart, mark.high)
            for place, bottom, top in zip(x, low, high, strict=True):
                yield f'<path class="span s{mark.style % 8}" d="M{place:.1f} {bottom:.1f}V{top:.1f}"/>'
        case Band():
            x, low, high = _x(chart, mark.x), _y(chart, mark.low), _y(chart, mark.high)
            is_known = np.isfinite(low) & np.isfinite(high)
            bounds = (_runs(x, np.where(is_known, bound, np.nan)) for bound in (low, high))
            for there, back in zip(*bounds, strict=True):
                yield f'<path class="band s{mark.style % 8}" d="{_path([*there, *reversed(back)])}z"/>'
        case Rule():
            (x1, y1), (x2, y2) = mark.start, mark.end
            start, end = (float(_x(chart, x1)), float(_y(chart, y1))), (float(_x(chart, x2)), float(_y(chart, y2)))
            yield f'<path class="rule" d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"/>'


def _rule_label(chart: Chart, mark: Rule) -> Iterator[str]:
    """The word of a rule, at its end and on the side where there is room."""
    if not mark.label:
        return
    x, y = float(_x(chart, mark.end[0])), float(_y(chart, mark.end[1]))
    left = x > _LEFT + _WIDE / 2
    x, anchor = (x - 5, "end") if left else (x + 5, "start")
    yield f'<text class="note" x="{x:.1f}" y="{max(y, _TOP) + 10:.1f}" text-anchor="{anchor}">{xml(mark.label)}</text>'


def _x(chart: Chart, values: np.ndarray | float) -> np.ndarray:
    return _LEFT + _WIDE * chart.x.scale.place(values)


def _y(chart: Chart, values: np.ndarray | float) -> np.ndarray:
    return _TOP + _TALL * (1 - chart.y.scale.place(values))


def _runs(x: np.ndarray, y: np.ndarray) -> Iterator[list[tuple[str, str]]]:
    """The points without those that have no place; a gap begins a new run."""
    run: list[tuple[str, str]] = []
    for across, up in zip(np.atleast_1d(x), np.atleast_1d(y), strict=True):
        if np.isfinite(across) and np.isfinite(up):
            run.append((f"{across:.1f}", f"{up:.1f}"))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _path(run: list[tuple[str, str]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in run)
