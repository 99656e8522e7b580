"""The order of vertices within layers: barycentre sweeps and exchanges of neighbours (Sugiyama 1981; Gansner 1993)."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass

from glassgrad.explain.drawing.effort import Effort
from glassgrad.explain.drawing.trunks import Layered

ROUNDS = 24  # sweeps at most
PATIENCE = 5  # sweeps without a better order before stopping
LARGE = 4000  # with more vertices only the better of two first orders is improved

Ends = list[tuple[int, float]]  # neighbours, each with the joint's place on it as a part of its breadth
Layers = list[list[int]]


@dataclass(frozen=True, slots=True)
class _Net:
    """The wires as the orderings read them: for every vertex the far ends above and below, and its own joints."""

    above: list[Ends]
    below: list[Ends]
    joints: list[list[float]]  # of the wires below, in the order of `below`


def order_layers(picture: Layered, effort: Effort) -> int:
    """Reorders `picture.layers` in place for few crossings and returns how many are left."""
    net = _net(picture)
    starts = [_depth_first(picture, net, downwards=True), _depth_first(picture, net, downwards=False)]
    if len(picture.breadths) > LARGE:
        starts = [min(starts, key=lambda layers: sum(_crossings_below(net, layers, _places(net, layers))))]
    best: Layers = []
    fewest = -1
    for start in starts:
        layers, crossings = _swept(net, start, effort)
        if fewest < 0 or crossings < fewest:
            best, fewest = layers, crossings
        if fewest == 0:
            break
    picture.layers[:] = best
    return fewest


def _places(net: _Net, layers: Layers) -> list[int]:
    place = [0] * len(net.above)
    for layer in layers:
        for position, vertex in enumerate(layer):
            place[vertex] = position
    return place


def _net(picture: Layered) -> _Net:
    def share(vertex: int, offset: float) -> float:
        return offset / (picture.breadths[vertex] + 1.0) if offset else 0.0

    return _Net(
        [[(wire.upper, share(wire.upper, wire.upper_offset)) for wire in wires] for wires in picture.above],
        [[(wire.lower, share(wire.lower, wire.lower_offset)) for wire in wires] for wires in picture.below],
        [[share(wire.upper, wire.upper_offset) for wire in wires] for wires in picture.below],
    )


def _depth_first(picture: Layered, net: _Net, *, downwards: bool) -> Layers:
    """A first order: vertices as a depth-first walk meets them, so that trees have no crossings."""
    forward, backward = (net.below, net.above) if downwards else (net.above, net.below)
    layer_of = [0] * len(picture.breadths)
    for number, layer in enumerate(picture.layers):
        for vertex in layer:
            layer_of[vertex] = number
    order: Layers = [[] for _ in picture.layers]
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
            for ends in (backward[vertex], forward[vertex]):
                stack.extend(other for other, _ in reversed(ends) if not seen[other])
    return order


def _swept(net: _Net, layers: Layers, effort: Effort) -> tuple[Layers, int]:
    """The best order seen while sweeping down and up, and its crossings."""
    place = _places(net, layers)
    best, fewest, idle = [list(layer) for layer in layers], sum(_crossings_below(net, layers, place)), 0
    size = len(net.above) + sum(map(len, net.above))
    for number in range(ROUNDS):
        if fewest == 0 or idle >= PATIENCE or not effort.is_left:
            break
        if number % 2 == 0:
            _sweep(layers[1:], net.above, place)
        else:
            _sweep(layers[-2::-1], net.below, place)
        below = _crossings_below(net, layers, place)
        knotted = [layer for layer, up, down in zip(layers, [0, *below], below, strict=False) if up or down]
        _exchange_neighbours(net, knotted, place)
        crossings = sum(_crossings_below(net, layers, place))
        effort.spend(4 * size)
        idle += 1
        if crossings < fewest:
            best, fewest, idle = [list(layer) for layer in layers], crossings, 0
    return best, fewest


def _sweep(layers: Sequence[list[int]], ends: Sequence[Ends], place: list[int]) -> None:
    """Orders every layer by the mean place of its neighbours on the layer before it; others keep their places."""
    for layer in layers:
        if len(layer) < 2:
            continue
        wish = {
            vertex: sum(place[other] + share for other, share in ends[vertex]) / len(ends[vertex])
            for vertex in layer
            if ends[vertex]
        }
        moved = iter(sorted(wish, key=wish.__getitem__))
        layer[:] = [next(moved) if vertex in wish else vertex for vertex in layer]
        for position, vertex in enumerate(layer):
            place[vertex] = position


def _exchange_neighbours(net: _Net, layers: Layers, place: list[int]) -> None:
    """Exchanges neighbours on a layer wherever that removes crossings, in two passes."""
    for layer in layers:
        if len(layer) < 2:
            continue
        ends = {
            vertex: (_sorted_ends(net.above[vertex], place), _sorted_ends(net.below[vertex], place)) for vertex in layer
        }
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


def _sorted_ends(ends: Ends, place: Sequence[int]) -> list[float]:
    if len(ends) == 1:
        return [place[ends[0][0]] + ends[0][1]]
    return sorted(place[other] + share for other, share in ends)


def _crossings(left: tuple[list[float], list[float]], right: tuple[list[float], list[float]]) -> int:
    """Crossings between the wires of two neighbours, the first standing to the left."""
    total = 0
    for ends, others in zip(left, right, strict=True):
        if ends and others and others[0] < ends[-1]:
            for end in ends:
                total += bisect_left(others, end)
    return total


def _crossings_below(net: _Net, layers: Layers, place: Sequence[int]) -> list[int]:
    """For every layer how many pairs of wires cross below it."""
    return [_inversions(_wire_ends(net, layer, place)) for layer in layers]


def _wire_ends(net: _Net, layer: list[int], place: Sequence[int]) -> list[float]:
    """Where the wires below a layer end, in the order of their beginnings."""
    ends = [
        (place[vertex] + joint, place[other] + share)
        for vertex in layer
        for joint, (other, share) in zip(net.joints[vertex], net.below[vertex], strict=True)
    ]
    ends.sort()
    return [end for _, end in ends]


def _inversions(ends: Sequence[float]) -> int:
    """How many pairs stand in the wrong order."""
    total = 0
    seen: list[float] = []
    for end in ends:
        if seen and end < seen[-1]:
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
        else:
            seen.append(end)
    return total
