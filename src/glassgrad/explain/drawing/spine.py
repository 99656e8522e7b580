"""Which wires shape the drawing: the way of the data runs straight, parameters and skipping links stand beside it."""

from collections.abc import Callable, Container, Iterator, Sequence
from operator import attrgetter

from glassgrad.explain.drawing.buses import FAN
from glassgrad.explain.drawing.trunks import Layered, Wire


def side_wires(picture: Layered, ports: Container[int]) -> dict[tuple[int, int], Wire]:
    """The wires that must not pull at the way of the data, by their ends; `ports` lead on beyond the picture."""
    found: dict[tuple[int, int], Wire] = {}
    carries_on = [
        vertex < picture.nodes and (vertex in ports or bool(picture.above[vertex] and picture.below[vertex]))
        for vertex in range(len(picture.breadths))
    ]
    for vertex in range(len(picture.breadths)):
        if vertex < picture.nodes:
            wires = [*_beside_node(picture, picture.above[vertex], _upper, carries_on)]
            wires += _beside_node(picture, picture.below[vertex], _lower, carries_on)
        else:
            wires = [*_beside_trunk(picture, vertex, carries_on)]
        found.update(((wire.upper, wire.lower), wire) for wire in wires)
    return found


_upper: Callable[[Wire], int] = attrgetter("upper")
_lower: Callable[[Wire], int] = attrgetter("lower")


def _beside_node(
    picture: Layered, wires: Sequence[Wire], end: Callable[[Wire], int], carries_on: Sequence[bool]
) -> Iterator[Wire]:
    """On one side of a node: whatever is not the way of the data, where there is such a way."""
    if any(carries_on[end(wire)] for wire in wires):
        yield from (wire for wire in wires if not carries_on[end(wire)])
    elif any(end(wire) >= picture.nodes for wire in wires):
        yield from (wire for wire in wires if end(wire) < picture.nodes)


def _beside_trunk(picture: Layered, bend: int, carries_on: Sequence[bool]) -> Iterator[Wire]:
    """Branches of a trunk: it runs on straight, but for its first use; wide fans do not bend it either."""
    above, below = picture.above[bend], picture.below[bend]
    if len(above) >= FAN or any(wire.upper >= picture.nodes for wire in above):
        yield from (wire for wire in above if wire.upper < picture.nodes)
    if len(below) < FAN and any(carries_on[wire.lower] for wire in below) and _is_whole(picture, bend):
        yield from (wire for wire in below if not carries_on[wire.lower])
    elif len(below) >= FAN or any(wire.lower >= picture.nodes for wire in below):
        yield from (wire for wire in below if wire.lower < picture.nodes)


def _is_whole(picture: Layered, bend: int) -> bool:
    """Whether the trunk has no branches above the bend."""
    while len(picture.above[bend]) == 1:
        upper = picture.above[bend][0].upper
        if len(picture.below[upper]) > 1:
            return False
        if upper < picture.nodes:
            return True
        bend = upper
    return False
