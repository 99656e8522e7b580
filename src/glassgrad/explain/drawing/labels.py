"""Where the labels of arrows stand: beside their arrow's last part, clear of boxes and of each other if possible."""

from collections.abc import Iterator
from itertools import pairwise

from glassgrad.explain.drawing.lettering import SMALL_SIZE, sans_width
from glassgrad.explain.drawing.nesting import Drawing, Rectangle, Way

HEIGHT = 13.0
CELL = 160.0  # the side of the squares in which neighbours are looked up


class _Occupied:
    """Rectangles that are taken, found by the squares they touch."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[Rectangle]] = {}

    def add(self, taken: Rectangle) -> None:
        for cell in _cells(taken):
            self._cells.setdefault(cell, []).append(taken)

    def is_free(self, wanted: Rectangle) -> bool:
        return not any(overlap(wanted, taken) for cell in _cells(wanted) for taken in self._cells.get(cell, ()))


def overlap(one: Rectangle, other: Rectangle) -> bool:
    """Whether two rectangles share more than a border."""
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def placed_labels(drawing: Drawing) -> dict[int, tuple[float, float]]:
    """The middle of each label's base line, by the number of its arrow."""
    occupied = _Occupied()
    for box in drawing.boxes:
        occupied.add(box)
    places: dict[int, tuple[float, float]] = {}
    for number, (_, _, label) in enumerate(drawing.view.arrows):
        if not label:
            continue
        width = sans_width(label, SMALL_SIZE)
        candidates = [
            Rectangle(x - width / 2, y - HEIGHT / 2, width, HEIGHT)
            for x, y in _candidates(drawing.ways[number][-1], width)
        ]
        chosen = next((place for place in candidates if occupied.is_free(place)), candidates[0])
        occupied.add(chosen)
        places[number] = (chosen.x + width / 2, chosen.y + HEIGHT - 3.5)
    return places


def _candidates(way: Way, width: float) -> Iterator[tuple[float, float]]:
    """Points along the way from its end backwards, on the line and to both sides of it."""
    for (x1, y1), (x2, y2) in reversed(list(pairwise(way))):
        for share in (0.5, 0.35, 0.65, 0.2, 0.8):
            smooth = share * share * (3 - 2 * share)  # the course of the curve between two knots, about
            x, y = x1 + (x2 - x1) * smooth, y1 + (y2 - y1) * share
            for side in (0.0, 1.0, -1.0):
                yield x + side * (width / 2 + 5), y


def _cells(area: Rectangle) -> Iterator[tuple[int, int]]:
    for column in range(int(area.x // CELL), int((area.x + area.width) // CELL) + 1):
        for row in range(int(area.y // CELL), int((area.y + area.height) // CELL) + 1):
            yield column, row
