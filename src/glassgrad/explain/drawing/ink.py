"""Arrows as SVG paths: curves, lanes with round corners, heads; what several arrows share is drawn once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from glassgrad.explain.drawing.nesting import Drawing, Way
from glassgrad.explain.drawing.shapes import short
from glassgrad.explain.notation.escape import xml

HEAD_LENGTH = 7.0
HEAD_WIDTH = 7.0
STRAIGHT = 0.5  # what goes less far sideways counts as straight
CORNER = 7.0  # the radius where a way turns onto a lane

FlowPoint = tuple[float, float]  # across and along the flow


def arrows(drawing: Drawing) -> Iterator[str]:
    """Every arrow with its head; parts that several arrows share are drawn with the first of them."""
    pen, ink = _Pen(sideways=drawing.direction == "right"), _Ink({}, set())
    for (source, target, label), ways in zip(drawing.view.arrows, drawing.ways, strict=True):
        start, end = drawing.view.leaves[source].box, drawing.view.leaves[target].box
        flows = [pen.flow(way) for way in ways]
        runs = [run for flow in flows for run in ink.fresh([*flow[:-1], _behind_head(flow[-1])])]
        words = f"{start.title} → {end.title}" + (f": {label}" if label else "")
        yield f'<g class="gg-arrow" data-from="{xml(start.key)}" data-to="{xml(end.key)}"><title>{xml(words)}</title>'
        yield f'<path class="gg-edge" d="{"".join(pen.line(run) for run in runs)}"/>'
        yield f'<path class="gg-head" d="{"".join(pen.head(flow[-1]) for flow in flows)}"/></g>'


def _behind_head(tip: FlowPoint) -> FlowPoint:
    return tip[0], tip[1] - HEAD_LENGTH + 1.0


@dataclass(frozen=True, slots=True)
class _Ink:
    """What has been drawn: stretches of lanes (by their place along the flow), and pieces between knots."""

    lanes: dict[float, list[tuple[float, float]]]
    pieces: set[tuple[FlowPoint, FlowPoint]]

    def fresh(self, way: Sequence[FlowPoint]) -> list[list[FlowPoint]]:
        """The stretches of a way that no arrow has drawn yet."""
        runs: list[list[FlowPoint]] = [[]]
        for here, there in pairwise(way):
            piece = self._undrawn(here, there)
            if piece is None or (runs[-1] and runs[-1][-1] != piece[0]):
                runs.append([])
            if piece is not None:
                runs[-1] += piece[1:] if runs[-1] else piece
        return [run for run in runs if run]

    def _undrawn(self, here: FlowPoint, there: FlowPoint) -> tuple[FlowPoint, FlowPoint] | None:
        """The part of a piece that is not drawn yet, None for nothing; lanes are shared in part."""
        if not _on_lane(here, there):
            is_new = (here, there) not in self.pieces
            self.pieces.add((here, there))
            return (here, there) if is_new else None
        low, high = min(here[0], there[0]), max(here[0], there[0])
        spans = self.lanes.setdefault(round(here[1], 1), [])
        for number, (a, b) in enumerate(spans):
            if a <= low and high <= b:
                return None
            if a <= high and low <= b:
                spans[number] = (min(a, low), max(b, high))
                start = here[0] if not a <= here[0] <= b else b if there[0] > b else a
                end = there[0] if not a <= there[0] <= b else b if here[0] > b else a
                return (start, here[1]), (end, there[1])
        spans.append((low, high))
        return here, there


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pen:
    """Writes points across and along the flow as paths on the page."""

    sideways: bool

    def flow(self, way: Way) -> list[FlowPoint]:
        """Points on the page as points across and along the flow."""
        return [(y, x) if self.sideways else (x, y) for x, y in way]

    def line(self, run: Sequence[FlowPoint]) -> str:
        """S-curves where a way moves sideways between layers, round corners on lanes, straight lines else."""
        parts = ["M" + self._at(run[0])]
        for here, there, following in zip(run[:-1], run[1:], [*run[2:], None], strict=True):
            if abs(there[0] - here[0]) >= STRAIGHT and not _on_lane(here, there):
                middle = (here[1] + there[1]) / 2
                parts.append("C" + " ".join(map(self._at, ((here[0], middle), (there[0], middle), there))))
            elif following is not None and _turns(here, there, following):
                parts.append("L" + self._at(_towards(there, here)))
                parts.append(f"Q{self._at(there)} {self._at(_towards(there, following))}")
            else:
                parts.append("L" + self._at(there))
        return "".join(parts)

    def head(self, tip: FlowPoint) -> str:
        """The arrow's head."""
        across, along = tip
        corners = ((across, along), *((across + side * HEAD_WIDTH / 2, along - HEAD_LENGTH) for side in (-1, 1)))
        return "M" + "L".join(map(self._at, corners)) + "Z"

    def _at(self, point: FlowPoint) -> str:
        across, along = point
        x, y = (along, across) if self.sideways else (across, along)
        return f"{short(x)} {short(y)}"


def _on_lane(here: FlowPoint, there: FlowPoint) -> bool:
    return abs(here[1] - there[1]) < 0.05


def _turns(before: FlowPoint, corner: FlowPoint, after: FlowPoint) -> bool:
    """Whether the way turns onto a lane or off it at the corner."""
    straight_before, straight_after = abs(before[0] - corner[0]) < STRAIGHT, abs(after[0] - corner[0]) < STRAIGHT
    return (straight_before and _on_lane(corner, after)) or (_on_lane(before, corner) and straight_after)


def _towards(start: FlowPoint, end: FlowPoint) -> FlowPoint:
    """A corner's radius from one point towards another, at most half the way."""
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(CORNER, length / 2) / length if length else 0.0
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
