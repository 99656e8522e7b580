"""Places across the flow: long links straight, nodes over the middle of their neighbours.

Brandes and Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2001), with different breadths and offset
joints; blocks are compacted by longest paths in their constraint graph instead of by classes, which avoids the flaws
that the authors' erratum (arXiv:2008.01252) describes.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise

from glassgrad.explain.drawing.acyclic import topological_order
from glassgrad.explain.drawing.trunks import Layered

NODE_GAP = 26.0
BEND_GAP = 14.0

Near = tuple[int, float, float]  # a neighbour, the joint's offset on it, the joint's offset here


def gap_between(picture: Layered, left: int, right: int) -> float:
    """Free room between neighbours on a layer."""
    bends = (left >= picture.nodes) + (right >= picture.nodes)
    return (NODE_GAP, 18.0, BEND_GAP)[bends]


def place_across(picture: Layered, beside: Collection[tuple[int, int]]) -> list[float]:
    """The centre of every vertex across the flow; vertices of a layer keep their order and their distance.

    Wires in `beside`, given by their ends, align nothing.
    """
    if not picture.breadths:
        return []
    blocked = {*_crossing_inner_wires(picture), *beside}
    candidates = [
        _candidate(picture, blocked, downwards=downwards, leftwards=leftwards)
        for downwards in (True, False)
        for leftwards in (True, False)
    ]
    spans = [_span(picture, places) for places in candidates]
    narrowest = min(range(4), key=lambda number: (round(spans[number][1] - spans[number][0], 6), number))
    for number, places in enumerate(candidates):
        side = 0 if number % 2 == 0 else 1
        shift = spans[narrowest][side] - spans[number][side]
        candidates[number] = [place + shift for place in places]
    return [_middle(four) for four in zip(*candidates, strict=True)]


def apart(picture: Layered, left: int, right: int) -> float:
    """The least distance between the centres of neighbours on a layer."""
    return (picture.breadths[left] + picture.breadths[right]) / 2 + gap_between(picture, left, right)


def _middle(four: Sequence[float]) -> float:
    ordered = sorted(four)
    return (ordered[1] + ordered[2]) / 2


def _span(picture: Layered, places: Sequence[float]) -> tuple[float, float]:
    halves = [breadth / 2 for breadth in picture.breadths]
    return (
        min(place - half for place, half in zip(places, halves, strict=True)),
        max(place + half for place, half in zip(places, halves, strict=True)),
    )


def _crossing_inner_wires(picture: Layered) -> set[tuple[int, int]]:
    """Wires that cross a wire between two bends (type 1 conflicts): they yield, so that long links stay straight."""
    blocked: set[tuple[int, int]] = set()
    place = {vertex: position for layer in picture.layers for position, vertex in enumerate(layer)}
    for upper, lower in pairwise(picture.layers):
        left = scanned = 0
        for position, vertex in enumerate(lower):
            inner = _inner_neighbour(picture, vertex)
            if inner < 0 and position < len(lower) - 1:
                continue
            right = place[inner] if inner >= 0 else len(upper) - 1
            for passed in lower[scanned : position + 1]:
                for wire in picture.above[passed]:
                    is_inner = wire.upper >= picture.nodes and passed >= picture.nodes
                    if not is_inner and not left <= place[wire.upper] <= right:
                        blocked.add((wire.upper, passed))
            scanned, left = position + 1, right
    return blocked


def _inner_neighbour(picture: Layered, vertex: int) -> int:
    """The bend above this bend, or -1."""
    if vertex < picture.nodes:
        return -1
    return next((wire.upper for wire in picture.above[vertex] if wire.upper >= picture.nodes), -1)


def _candidate(picture: Layered, blocked: set[tuple[int, int]], *, downwards: bool, leftwards: bool) -> list[float]:
    """One of the four extreme placements, mirrored back where it was made from the right."""
    layers = [layer if leftwards else layer[::-1] for layer in picture.layers]
    sign = 1.0 if leftwards else -1.0
    near: list[list[Near]] = []
    for vertex in range(len(picture.breadths)):
        wires = (picture.above if downwards else picture.below)[vertex]
        wires = [wire for wire in wires if (wire.upper, wire.lower) not in blocked]
        near.append(
            [
                (w.upper, sign * w.upper_offset, sign * w.lower_offset)
                if downwards
                else (w.lower, sign * w.lower_offset, sign * w.upper_offset)
                for w in wires
            ]
        )
    root, shift = _aligned(layers if downwards else layers[::-1], near)
    places = _compacted(picture, layers, root, shift)
    return [sign * place for place in places]


def _aligned(layers: Sequence[Sequence[int]], near: list[list[Near]]) -> tuple[list[int], list[float]]:
    """For every vertex the root of the block it joins, and its place relative to that root."""
    count = len(near)
    place = [0] * count
    for layer in layers:
        for position, vertex in enumerate(layer):
            place[vertex] = position
    root, shift, taken = list(range(count)), [0.0] * count, [False] * count
    for layer in layers:
        reach = -1
        for vertex in layer:
            neighbours = sorted(near[vertex], key=lambda item: (place[item[0]], item[1]))
            for middle in sorted({(len(neighbours) - 1) // 2, len(neighbours) // 2}) if neighbours else ():
                other, other_offset, offset = neighbours[middle]
                if root[vertex] != vertex or taken[other]:
                    continue
                if reach < place[other]:
                    root[vertex], taken[other] = root[other], True
                    shift[vertex] = shift[other] + other_offset - offset
                    reach = place[other]
    return root, shift


def _compacted(picture: Layered, layers: Sequence[Sequence[int]], root: list[int], shift: list[float]) -> list[float]:
    """Blocks as far left as their neighbours allow, then drawn to the right as far as the next ones allow."""
    room: dict[tuple[int, int], float] = {}
    for layer in layers:
        for left, right in pairwise(layer):
            distance = apart(picture, left, right) + shift[left] - shift[right]
            pair = (root[left], root[right])
            room[pair] = max(room.get(pair, distance), distance)
    after: list[list[tuple[int, float]]] = [[] for _ in root]
    for (left, right), distance in room.items():
        after[left].append((right, distance))
    order = topological_order(len(root), list(room))
    places = [0.0] * len(root)
    for block in order:
        for right, distance in after[block]:
            places[right] = max(places[right], places[block] + distance)
    for block in reversed(order):
        if after[block]:
            places[block] = max(places[block], min(places[right] - distance for right, distance in after[block]))
    return [places[root[vertex]] + shift[vertex] for vertex in range(len(root))]
