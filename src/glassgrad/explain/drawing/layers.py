"""Which layer each node lies on: every link goes down at least one layer, total length is small, no layer too broad."""

import math
from collections.abc import Sequence

from glassgrad.explain.drawing.acyclic import Link, successors, topological_order
from glassgrad.explain.drawing.effort import Effort
from glassgrad.explain.drawing.simplex import shorten

SIMPLEX_STEPS = 400  # steps of the network simplex for each node and link: a bound, seldom reached


def rank(count: int, links: Sequence[Link]) -> list[int]:
    """A layer for every node, 0 at the top, with links as short as they can be together."""
    weight: dict[Link, int] = {}
    for link in links:
        weight[link] = weight.get(link, 0) + 1
    ranks = _latest(count, links)
    effort = Effort(SIMPLEX_STEPS * (count + len(weight)))
    shorten(ranks, [(tail, head, value) for (tail, head), value in weight.items()], effort)
    _raise_components(ranks, links)
    return ranks


def _latest(count: int, links: Sequence[Link]) -> list[int]:
    """The lowest layer for every node: as far below the top as its longest way to an end allows."""
    following = successors(count, links)
    ranks = [0] * count
    for node in reversed(topological_order(count, links)):
        ranks[node] = min((ranks[target] - 1 for target in following[node]), default=0)
    return ranks


def _raise_components(ranks: list[int], links: Sequence[Link]) -> None:
    """Moves every connected component up until its highest node is on layer 0."""
    home = list(range(len(ranks)))

    def find(node: int) -> int:
        while home[node] != node:
            home[node] = home[home[node]]
            node = home[node]
        return node

    for source, target in links:
        home[find(source)] = find(target)
    highest: dict[int, int] = {}
    for node, layer in enumerate(ranks):
        root = find(node)
        highest[root] = min(layer, highest.get(root, layer))
    for node in range(len(ranks)):
        ranks[node] -= highest[find(node)]


def widest(breadths: Sequence[float], lengths: Sequence[float], least: float) -> float:
    """How broad a layer may become: in proportion to the whole picture, so that it fills about a page."""
    area = sum((breadth + 28.0) * (length + 56.0) for breadth, length in zip(breadths, lengths, strict=True))
    return max(least, 1.5 * math.sqrt(area))


def wrap(ranks: Sequence[int], breadths: Sequence[float], links: Sequence[Link], limit: float) -> list[int]:
    """The ranks, or new ones where a layer is broader than the limit: whole branches move further down together."""
    fill: dict[int, float] = {}
    for layer, breadth in zip(ranks, breadths, strict=True):
        fill[layer] = fill.get(layer, 0.0) + breadth
    if max(fill.values(), default=0.0) <= limit:
        return list(ranks)
    schedule = _Schedule(limit)
    following = successors(len(ranks), links)
    preceding = successors(len(ranks), [(target, source) for source, target in links])
    is_source = [not preceding[node] and bool(following[node]) for node in range(len(ranks))]
    waiting = [sum(not is_source[before] for before in preceding[node]) for node in range(len(ranks))]
    ready = [node for node in range(len(ranks)) if not waiting[node] and not is_source[node]][::-1]
    layer_of: dict[int, int] = {}
    while ready:  # a stack: a branch is followed to its end before the next begins
        node = ready.pop()
        first = max((layer_of[before] + 1 for before in preceding[node] if before in layer_of), default=0)
        layer_of[node] = schedule.place(first, breadths[node], 1)
        for before in preceding[node]:
            if before not in layer_of:  # a source that nothing used yet: right above its first use
                layer_of[before] = schedule.place(layer_of[node] - 1, breadths[before], -1)
        for target in reversed(following[node]):
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    top = min(layer_of.values())
    return [layer_of[node] - top for node in range(len(ranks))]


class _Schedule:
    """How full each layer is; layers may be negative until all nodes are placed."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._fill: dict[int, float] = {}
        self._skip: dict[tuple[int, int], int] = {}  # (full layer, direction) -> a layer further on

    def place(self, layer: int, breadth: float, direction: int) -> int:
        """Takes room on the first layer with enough of it, going down (1) or up (-1) from `layer`."""
        layer = self._open(layer, direction)
        while self._fill.get(layer, 0.0) > 0.0 and self._fill[layer] + breadth > self._limit:
            layer = self._open(layer + direction, direction)
        self._fill[layer] = self._fill.get(layer, 0.0) + breadth
        if self._fill[layer] > 0.92 * self._limit:
            self._skip[layer, 1], self._skip[layer, -1] = layer + 1, layer - 1
        return layer

    def _open(self, layer: int, direction: int) -> int:
        """The first layer from here that is not full, shortening the way for the next who asks."""
        passed = []
        while (layer, direction) in self._skip:
            passed.append((layer, direction))
            layer = self._skip[layer, direction]
        for full in passed:
            self._skip[full] = layer
        return layer
