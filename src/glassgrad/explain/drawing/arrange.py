"""One scope laid out: nodes on layers, layers in order, places, and the ways of its links. Frames are nodes here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from glassgrad.explain.drawing.cards import tag
from glassgrad.explain.drawing.coordinates import place_across
from glassgrad.explain.drawing.effort import Effort
from glassgrad.explain.drawing.layers import rank, widest, wrap
from glassgrad.explain.drawing.ordering import order_layers
from glassgrad.explain.drawing.route import CORNER, Band, Knots, Point, Rows, arrivals, knots, rim, rows_along
from glassgrad.explain.drawing.settling import settle
from glassgrad.explain.drawing.spine import side_wires
from glassgrad.explain.drawing.trunks import Joint, Layered, Wire, layered, longest_trunk, trunk_lengths, trunks_of

BENDS_PER_NODE = 4
ORDERING_STEPS = 300  # steps of crossing reduction for each vertex: a bound


@dataclass(frozen=True, slots=True)
class Node:
    """Something with a place: a card, a frame, or a port on the border of the scope ("entry" or "exit")."""

    breadth: float
    length: float
    role: str = "card"  # card, disc, frame, entry, exit, tag
    title: str = ""  # of a tag


@dataclass(frozen=True, slots=True)
class Plan:
    """What to lay out. Links join nodes at joints.

    `names` says for each link which boxes it is from and to; `labels` how long the labels of some links are along
    the flow.
    """

    nodes: tuple[Node, ...]
    links: tuple[tuple[Joint, Joint], ...]
    names: tuple[tuple[str, str], ...]
    labels: Mapping[int, float]
    lead: float
    trail: float
    is_sideways: bool  # the flow goes to the right: text lies along it
    least_length: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Nodes (tags are appended to the plan's) with their centres across and starts along the flow, and the ways.

    A link that is cut has two ways: from its source to a tag, and from a tag to its target.
    """

    nodes: tuple[Node, ...]
    across: tuple[float, ...]
    along: tuple[float, ...]
    ways: tuple[tuple[Knots, ...], ...]
    breadth: float
    length: float
    crossings: int


def arrange(plan: Plan, effort: Effort) -> Arrangement:
    """Lays the plan out, from (0, 0) to (breadth, length)."""
    ranks = _ranks(plan)
    nodes, ranks, links, pieces = _cut(plan, ranks)
    picture = layered(ranks, [node.breadth for node in nodes], links)
    effort.limit = effort.spent + ORDERING_STEPS * len(picture.breadths)
    crossings = order_layers(picture, effort)
    beside = side_wires(picture, {i for i, node in enumerate(nodes) if node.role in ("entry", "exit")})
    across = place_across(picture, beside)
    settle(picture, across, beside)
    left = min((a - b / 2 for a, b in zip(across, picture.breadths, strict=True)), default=0.0)
    across = [place - left for place in across]
    room: dict[int, float] = {}  # for labels, above a layer
    for number, length in plan.labels.items():
        layer = ranks[links[pieces[number][-1]][1].node]
        room[layer] = max(room.get(layer, 0.0), length)
    rows = rows_along(picture, across, [node.length for node in nodes], room, plan.lead)
    trail = _lengthened(plan, rows.bands)
    along = _along(picture, nodes, ranks, rows.bands)
    ways = _ways(picture, nodes, ranks, links, across, along, rows)
    return Arrangement(
        nodes,
        tuple(across[: len(nodes)]),
        tuple(along),
        tuple(tuple(ways[piece] for piece in parts) for parts in pieces),
        max((a + b / 2 for a, b in zip(across, picture.breadths, strict=True)), default=0.0),
        (rows.bands[-1].end if rows.bands else 0.0) + trail,
        crossings,
    )


def _lengthened(plan: Plan, rows: list[Band]) -> float:
    """The room behind the last layer, so that the whole is as long as asked; exits stay on the border."""
    missing = plan.least_length - (rows[-1].end if rows else 0.0) - plan.trail
    if missing <= 0:
        return plan.trail
    if not any(node.role == "exit" for node in plan.nodes):
        return plan.trail + missing
    rows[-1] = Band(rows[-1].start + missing, rows[-1].end + missing)
    return plan.trail


def _ranks(plan: Plan) -> list[int]:
    """Layers of the nodes; entries on the first layer of all, exits on the last."""
    inner = [number for number, node in enumerate(plan.nodes) if node.role not in ("entry", "exit")]
    place = {number: position for position, number in enumerate(inner)}
    links = [(place[a.node], place[b.node]) for a, b in plan.links if a.node in place and b.node in place]
    breadths = [plan.nodes[number].breadth + 26.0 for number in inner]
    limit = widest(breadths, [plan.nodes[number].length for number in inner], 1100.0)
    found = wrap(rank(len(inner), links), breadths, links, limit)
    has_entries = any(node.role == "entry" for node in plan.nodes)
    last = max(found, default=-1) + 1
    ranks = [0] * len(plan.nodes)
    for number, node in enumerate(plan.nodes):
        if node.role != "entry":
            ranks[number] = (last if node.role == "exit" else found[place[number]]) + has_entries
    return ranks


def _cut(
    plan: Plan, ranks: list[int]
) -> tuple[tuple[Node, ...], list[int], list[tuple[Joint, Joint]], list[tuple[int, ...]]]:
    """Replaces links along trunks that are too long by pairs of tags; the last result lists the parts of each link."""
    trunks = trunks_of(ranks, plan.links)
    lengths = trunk_lengths(ranks, plan.links, trunks)
    longest = max(longest_trunk(list(lengths.values()), BENDS_PER_NODE * len(plan.nodes) + 300), 2)
    is_cut = [
        lengths[trunk] > longest and ranks[target.node] - ranks[source.node] > 3
        for (source, target), trunk in zip(plan.links, trunks, strict=True)
    ]
    far: dict[Joint, list[str]] = {}
    for (source, _), (_, name), cut in zip(plan.links, plan.names, is_cut, strict=True):
        if cut:
            far.setdefault(source, []).append(name)
    nodes, ranks = list(plan.nodes), list(ranks)
    links: list[tuple[Joint, Joint]] = []
    pieces: list[tuple[int, ...]] = []
    departures: dict[Joint, int] = {}
    for (source, target), (name, _), cut in zip(plan.links, plan.names, is_cut, strict=True):
        if not cut:
            pieces.append((len(links),))
            links.append((source, target))
            continue
        if source not in departures:
            departures[source] = len(links)
            text = "to " + (far[source][0] if len(far[source]) == 1 else f"{len(far[source])} uses")
            links.append((source, _add_tag(plan, nodes, ranks, ranks[source.node] + 1, text)))
        pieces.append((departures[source], len(links)))
        links.append((_add_tag(plan, nodes, ranks, ranks[target.node] - 1, f"from {name}"), target))
    return tuple(nodes), ranks, links, pieces


def _add_tag(plan: Plan, nodes: list[Node], ranks: list[int], layer: int, text: str) -> Joint:
    look = tag(text)
    size = (look.height, look.width) if plan.is_sideways else (look.width, look.height)
    nodes.append(Node(*size, "tag", text))
    ranks.append(layer)
    return Joint(len(nodes) - 1, 0.0)


def _along(picture: Layered, nodes: Sequence[Node], ranks: Sequence[int], rows: Sequence[Band]) -> list[float]:
    """Starts along the flow: in the middle of the layer, but next to its neighbours where those are on one side."""
    starts = []
    for number, node in enumerate(nodes):
        row = rows[ranks[number]]
        free = row.end - row.start - node.length
        if not picture.above[number] and picture.below[number]:
            starts.append(row.start + free)
        elif picture.above[number] and not picture.below[number]:
            starts.append(row.start)
        else:
            starts.append(row.start + free / 2)
    return starts


def _ways(
    picture: Layered,
    nodes: Sequence[Node],
    ranks: Sequence[int],
    links: Sequence[tuple[Joint, Joint]],
    across: Sequence[float],
    along: Sequence[float],
    rows: Rows,
) -> list[Knots]:
    is_fixed = [node.role in ("frame", "exit") for node in nodes]
    reach = [node.breadth * 0.3 if node.role == "disc" else max(node.breadth / 2 - CORNER, 0.0) for node in nodes]
    meets = arrivals(picture, across, links, is_fixed, reach, rows.lanes)
    ways = []
    for (source, target), trail, meet in zip(links, picture.trails, meets, strict=True):
        start = Point(across[source.node] + source.offset, along[source.node] + nodes[source.node].length)
        end = along[target.node]
        if nodes[target.node].role == "disc":
            end += rim(nodes[target.node].breadth / 2, meet - across[target.node])
        stops = [source, *(Joint(bend, 0.0) for bend in trail), target]
        on = [
            rows.lanes.get(Wire(upper.node, lower.node, upper.offset, lower.offset)) for upper, lower in pairwise(stops)
        ]
        passed = rows.bands[ranks[source.node] : ranks[target.node] + 1]
        ways.append(knots(start, [across[bend] for bend in trail], Point(meet, end), passed, on))
    return ways
