"""Ways of links through their layers, as knots: straight along the flow inside layers, curved between them.

Points here are (across, along): across the flow and along it.
"""

import math
from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

from glassgrad.explain.drawing.buses import FAN, LANE_ROOM, lanes
from glassgrad.explain.drawing.trunks import Joint, Layered, Wire

GAP = 31.0  # between layers, where all wires are straight
WIDEST_GAP = 110.0
ARRIVAL_STEP = 13.0
CORNER = 12.0  # no arrow arrives nearer than this to a box's corner


class Point(NamedTuple):
    """A point across and along the flow."""

    across: float
    along: float


Knots = tuple[Point, ...]


class Band(NamedTuple):
    """Where a layer lies along the flow."""

    start: float
    end: float


class Rows(NamedTuple):
    """The layers along the flow, and where the lanes between them lie, by the wires that run on them."""

    bands: list[Band]
    lanes: dict[Wire, float]


def rows_along(
    picture: Layered, across: Sequence[float], lengths: Sequence[float], room: Mapping[int, float], lead: float
) -> Rows:
    """Places the layers along the flow; gaps grow as wires go further sideways, with lanes, and with labels.

    `room` is how much the labels above a layer need.
    """
    rows = Rows([], {})
    along = lead
    for number, layer in enumerate(picture.layers):
        length = max((lengths[vertex] for vertex in layer if vertex < picture.nodes), default=0.0)
        rows.bands.append(Band(along, along + length))
        along += length
        found = lanes(picture, across, number)
        on_lanes = {wire for lane in found for wire in lane}
        sideways = max(
            (
                abs(across[wire.upper] + wire.upper_offset - across[wire.lower] - wire.lower_offset)
                for vertex in layer
                for wire in picture.below[vertex]
                if wire not in on_lanes
            ),
            default=0.0,
        )
        gap = min(WIDEST_GAP, GAP + 0.09 * sideways) + len(found) * LANE_ROOM
        gap += room.get(number + 1, 0.0)
        for place, lane in enumerate(found):
            for wire in lane:
                rows.lanes[wire] = along + gap * (place + 1) / (len(found) + 1)
        along += gap
    return rows


def arrivals(
    picture: Layered,
    across: Sequence[float],
    links: Sequence[tuple[Joint, Joint]],
    is_fixed: Sequence[bool],
    reach: Sequence[float],
    on_lanes: Container[Wire],
) -> list[float]:
    """Where across the flow each link meets its target: straight below where it comes from, if the box is there.

    `is_fixed` tells the nodes whose joints stay where they are (frames and their ports); `reach` is how far from
    its centre a node can be met. From a lane the middle is met as well as any other place.
    """
    places = [across[target.node] + target.offset for _, target in links]
    meeting: dict[int, dict[tuple[int, float, int], list[int]]] = {}
    for number, ((source, target), trail) in enumerate(zip(links, picture.trails, strict=True)):
        if not is_fixed[target.node]:
            last = Joint(trail[-1], 0.0) if trail else source
            wire = Wire(last.node, target.node, last.offset, target.offset)
            key = (target.node if wire in on_lanes else last.node, last.offset, -1 if trail else number)
            meeting.setdefault(target.node, {}).setdefault(key, []).append(number)
    for node, comers in meeting.items():
        ordered = sorted(comers, key=lambda key: across[key[0]] + key[1])
        wishes = [across[key[0]] + key[1] for key in ordered]
        if len(ordered) >= FAN:  # a bus arrives as one arrow
            spread = [across[node]] * len(ordered)
        else:
            low, high = across[node] - reach[node], across[node] + reach[node]
            spread = spread_out(wishes, low, high, min(ARRIVAL_STEP, reach[node]))
        for key, place in zip(ordered, spread, strict=True):
            for number in comers[key]:
                places[number] = place
    return places


def spread_out(wishes: Sequence[float], low: float, high: float, step: float) -> list[float]:
    """The places nearest to sorted wishes that keep a distance and stay within bounds (pool adjacent violators)."""
    count = len(wishes)
    if count > 1:
        step = min(step, (high - low) / (count - 1))
    pools: list[tuple[float, int]] = []  # mean, size
    for position, wish in enumerate(wishes):
        mean, size = wish - position * step, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean, size = (mean * size + other * others) / (size + others), size + others
        pools.append((mean, size))
    means = [mean for mean, size in pools for _ in range(size)]
    top = high - (count - 1) * step
    return [min(max(mean, low), top) + position * step for position, mean in enumerate(means)]


def knots(
    source: Point, trail: Sequence[float], target: Point, passed: Sequence[Band], on: Sequence[float | None]
) -> Knots:
    """The way from the source's border to the target's.

    `trail` are the bends, `passed` the bands from the source's to the target's, `on` the lanes in the gaps between.
    """
    way = [source]
    stops = [source.across, *trail, target.across]
    for here, there, band, following, lane in zip(stops, stops[1:], passed, passed[1:], on, strict=False):
        way.append(Point(here, max(band.end, source.along)))
        if lane is not None:
            way += [Point(here, lane), Point(there, lane)]
        way.append(Point(there, min(following.start, target.along)))
    return (*way, target)


def simplified(way: Sequence[Point]) -> Knots:
    """The same way without knots that repeat, and without sideways steps too small to see."""
    kept: list[Point] = []
    for point in way:
        if kept and abs(kept[-1].across - point.across) < 0.4:
            if abs(kept[-1].along - point.along) < 0.05:
                continue
            kept.append(Point(kept[-1].across, point.along))
        else:
            kept.append(point)
    return tuple(kept)


def rim(radius: float, sideways: float) -> float:
    """How much further along the flow a disc's border is, this far from its middle."""
    return radius - math.sqrt(max(radius * radius - sideways * sideways, 0.0))
