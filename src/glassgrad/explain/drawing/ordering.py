"""The order of vertices within layers: barycentre sweeps and exchanges of neighbours (Sugiyama 1981; Gansner 1993)."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from glassgrad.explain.drawing.effort import Effort
from glassgrad.explain.drawing.trunks import Layered, Wire

ROUNDS = 24  # sweeps at most
PATIENCE = 5  # sweeps without a better order before stopping


def order_layers(picture: Layered, effort: Effort, fixed: Sequence[int] = ()) -> int:
    """Reorders `picture.layers` in place for few crossings and returns how many are left; `fixed` layers stay."""
    best: list[list[int]] = []
    fewest = -1
    for start in (_depth_first(picture, downwards=True), _depth_first(picture, downwards=False)):
        for layer in fixed:
            start[layer] = list(picture.layers[layer])
        layers, crossings = _swept(picture, start, effort, set(fixed))
        if fewest < 0 or crossings < fewest:
            best, fewest = layers, crossings
        if fewest == 0:
            break
    picture.layers[:] = best
    return fewest


def count_crossings(picture: Layered, layers: Sequence[Sequence[int]]) -> int:
    """How many pairs of wires cross between neighbouring layers."""
    place = _places(picture, layers)
    total = 0
    for layer in layers:
        ends = sorted(
            (
                place[wire.upper] + _share(picture, wire.upper, wire.upper_offset),
                place[wire.lower] + _share(picture, wire.lower, wire.lower_offset),
            )
            for vertex in layer
            for wire in picture.below[vertex]
        )
        seen: list[float] = []
        for _, lower in ends:
            total += len(seen) - bisect_right(seen, lower)
            insort(seen, lower)
    return total


def _share(picture: Layered, vertex: int, offset: float) -> float:
    """An offset as a part of the vertex's breadth, between -0.5 and 0.5."""
    return offset / (picture.breadths[vertex] + 1.0) if offset else 0.0


def _places(picture: Layered, layers: Sequence[Sequence[int]]) -> list[int]:
    place = [0] * len(picture.breadths)
    for layer in layers:
        for position, vertex in enumerate(layer):
            place[vertex] = position
    return place


def _depth_first(picture: Layered, *, downwards: bool) -> list[list[int]]:
    """A first order: vertices as a depth-first walk meets them, so that trees have no crossings."""
    forward, backward = (picture.below, picture.above) if downwards else (picture.above, picture.below)
    layer_of = [0] * len(picture.breadths)
    for number, layer in enumerate(picture.layers):
        for vertex in layer:
            layer_of[vertex] = number
    order: list[list[int]] = [[] for _ in picture.layers]
    seen = [False] * len(picture.breadths)
    rows = picture.layers if downwards else picture.layers[::-1]
    for start in (vertex for row in rows for vertex in row):
        stack = [start]
        while stack:
            vertex = stack.pop()
            if seen[vertex]:
                continue
            seen[vertex] = True
            order[layer_of[vertex]].append(vertex)
            # The walk also turns back to the vertex's other neighbours, so that related branches stay together.
            for wires in (backward[vertex], forward[vertex]):
                stack.extend(_other(wire, vertex) for wire in reversed(wires))
    return order


def _other(wire: Wire, vertex: int) -> int:
    return wire.lower if wire.upper == vertex else wire.upper


def _swept(picture: Layered, layers: list[list[int]], effort: Effort, fixed: set[int]) -> tuple[list[list[int]], int]:
    """The best order seen while sweeping down and up, and its crossings."""
    best, fewest, idle = [list(layer) for layer in layers], count_crossings(picture, layers), 0
    size = len(picture.breadths) + sum(map(len, picture.above))
    for round_number in range(ROUNDS):
        if fewest == 0 or idle >= PATIENCE or not effort.is_left:
            break
        _sweep(picture, layers, fixed, downwards=round_number % 2 == 0)
        _exchange_neighbours(picture, layers, fixed)
        crossings = count_crossings(picture, layers)
        effort.spend(4 * size)
        idle += 1
        if crossings < fewest:
            best, fewest, idle = [list(layer) for layer in layers], crossings, 0
    return best, fewest


def _sweep(picture: Layered, layers: list[list[int]], fixed: set[int], *, downwards: bool) -> None:
    """Orders every layer by the mean place of its neighbours on the layer before it."""
    place = _places(picture, layers)
    numbers = range(1, len(layers)) if downwards else range(len(layers) - 2, -1, -1)
    wires = picture.above if downwards else picture.below
    for number in numbers:
        if number in fixed:
            continue
        layer = layers[number]
        wish: dict[int, float] = {}
        for vertex in layer:
            if wires[vertex]:
                wish[vertex] = sum(
                    place[wire.upper] + _share(picture, wire.upper, wire.upper_offset)
                    if downwards
                    else place[wire.lower] + _share(picture, wire.lower, wire.lower_offset)
                    for wire in wires[vertex]
                ) / len(wires[vertex])
        moved = iter(sorted(wish, key=wish.__getitem__))
        layer[:] = [next(moved) if vertex in wish else vertex for vertex in layer]
        for position, vertex in enumerate(layer):
            place[vertex] = position


def _exchange_neighbours(picture: Layered, layers: list[list[int]], fixed: set[int]) -> None:
    """Exchanges neighbours on a layer wherever that removes crossings, in two passes."""
    place = _places(picture, layers)
    for number, layer in enumerate(layers):
        if number in fixed or len(layer) < 2:
            continue
        ends = {vertex: _ends(picture, place, vertex) for vertex in layer}
        for _ in range(2):
            changed = False
            for position in range(len(layer) - 1):
                left, right = layer[position], layer[position + 1]
                if _crossings(ends[left], ends[right]) > _crossings(ends[right], ends[left]):
                    layer[position], layer[position + 1] = right, left
                    changed = True
            if not changed:
                break
        for position, vertex in enumerate(layer):
            place[vertex] = position


def _ends(picture: Layered, place: list[int], vertex: int) -> tuple[list[float], list[float]]:
    """Where the vertex's wires end on the layers above and below it, sorted."""
    return (
        sorted(place[w.upper] + _share(picture, w.upper, w.upper_offset) for w in picture.above[vertex]),
        sorted(place[w.lower] + _share(picture, w.lower, w.lower_offset) for w in picture.below[vertex]),
    )


def _crossings(left: tuple[list[float], list[float]], right: tuple[list[float], list[float]]) -> int:
    """Crossings between the wires of two neighbours, the first standing to the left."""
    return sum(bisect_left(others, end) for ends, others in zip(left, right, strict=True) for end in ends)
