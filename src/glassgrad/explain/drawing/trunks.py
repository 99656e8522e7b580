"""Layers with a vertex for every node and a bend wherever a link passes a layer.

Links of one source share their bends (a trunk that branches), and so do single links into a common target. Trunks
that would fill the picture with parallel lines are cut: the far end gets a tag with the source's name instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

BEND_BREADTH = 1.0
CROWD = 8  # that many single links into one target share a trunk


class Wire(NamedTuple):
    """A link's piece between neighbouring layers; offsets are from the vertices' centres, across the flow."""

    upper: int
    lower: int
    upper_offset: float
    lower_offset: float


class Joint(NamedTuple):
    """One end of a link: a node, and where on it, across the flow from its centre."""

    node: int
    offset: float


class Trunk(NamedTuple):
    """A way that several links share: all from one source, or all into one target."""

    spreads: bool
    end: Joint


@dataclass(slots=True)
class Layered:
    """Vertices on layers. Vertices below `nodes` are nodes, the others bends."""

    nodes: int
    layers: list[list[int]]
    breadths: list[float]
    above: list[list[Wire]]  # for every vertex, the wires to the layer above it
    below: list[list[Wire]]
    trails: list[list[int]] = field(default_factory=list)  # the bends of every link, from the top


def trunk_lengths(
    ranks: Sequence[int], links: Sequence[tuple[Joint, Joint]], trunks: Sequence[Trunk]
) -> dict[Trunk, int]:
    """How many layers every trunk passes."""
    first: dict[Trunk, int] = {}
    last: dict[Trunk, int] = {}
    for (source, target), trunk in zip(links, trunks, strict=True):
        first[trunk] = min(first.get(trunk, ranks[source.node]), ranks[source.node])
        last[trunk] = max(last.get(trunk, ranks[target.node]), ranks[target.node])
    return {trunk: last[trunk] - first[trunk] - 1 for trunk in first}


def longest_trunk(lengths: Sequence[int], budget: int) -> int:
    """The greatest length a trunk may have so that all trunks together stay within the budget of bends."""
    total = sum(lengths)
    if total <= budget:
        return max(lengths, default=0)
    kept = 0
    for length in sorted(lengths):
        kept += length
        if kept > budget:
            return length - 1
    return max(lengths)


def layered(ranks: Sequence[int], breadths: Sequence[float], links: Sequence[tuple[Joint, Joint]]) -> Layered:
    """The vertices, bends and wires for ranked nodes; layers are in the order of the nodes."""
    result = Layered(
        len(ranks),
        [[] for _ in range(max(ranks, default=-1) + 1)],
        list(breadths),
        [[] for _ in ranks],
        [[] for _ in ranks],
    )
    for node, layer in enumerate(ranks):
        result.layers[layer].append(node)
    bends: dict[tuple[Trunk, int], int] = {}
    wired: set[Wire] = set()
    for (source, target), trunk in zip(links, trunks_of(ranks, links), strict=True):
        trail, last = [], source
        for layer in range(ranks[source.node] + 1, ranks[target.node]):
            bend = bends.get((trunk, layer))
            if bend is None:
                bend = bends[trunk, layer] = _new_bend(result, layer)
            trail.append(bend)
            _connect(result, last, Joint(bend, 0.0), wired)
            last = Joint(bend, 0.0)
        _connect(result, last, target, wired)
        result.trails.append(trail)
    return result


def trunks_of(ranks: Sequence[int], links: Sequence[tuple[Joint, Joint]]) -> list[Trunk]:
    """Whose trunk every link follows: its source's, or its target's where many single links run into one target."""
    uses: dict[Joint, int] = {}
    arrivals: dict[Joint, int] = {}
    for source, _ in links:
        uses[source] = uses.get(source, 0) + 1
    for source, target in links:
        if ranks[target.node] - ranks[source.node] > 1 and uses[source] == 1:
            arrivals[target] = arrivals.get(target, 0) + 1
    return [
        Trunk(False, target) if uses[source] == 1 and arrivals.get(target, 0) >= CROWD else Trunk(True, source)
        for source, target in links
    ]


def _new_bend(result: Layered, layer: int) -> int:
    bend = len(result.breadths)
    result.layers[layer].append(bend)
    result.breadths.append(BEND_BREADTH)
    result.above.append([])
    result.below.append([])
    return bend


def _connect(result: Layered, upper: Joint, lower: Joint, wired: set[Wire]) -> None:
    """Adds the wire unless a trunk has it already; parallel links from node to node keep one wire each."""
    wire = Wire(upper.node, lower.node, upper.offset, lower.offset)
    if wire in wired and max(upper.node, lower.node) >= result.nodes:
        return
    wired.add(wire)
    result.below[upper.node].append(wire)
    result.above[lower.node].append(wire)
