"""Wide fans as buses: where many wires share an end they run along one lane between two layers, not as many curves."""

from collections.abc import Sequence

from glassgrad.explain.drawing.trunks import Layered, Wire

FAN = 7  # wires that share an end before they become a bus
LANE_ROOM = 10.0


def lanes(picture: Layered, across: Sequence[float], number: int) -> list[list[Wire]]:
    """The lanes below layer `number`, from the top: for each the wires that run along it.

    Fans that gather come above fans that spread, so that their branches do not meet.
    """
    spreading: dict[tuple[int, float], list[Wire]] = {}
    gathering: dict[tuple[int, float], list[Wire]] = {}
    for vertex in picture.layers[number]:
        for wire in picture.below[vertex]:
            spreading.setdefault((wire.upper, wire.upper_offset), []).append(wire)
    for fan in spreading.values():
        if len(fan) < FAN:
            for wire in fan:
                gathering.setdefault((wire.lower, wire.lower_offset), []).append(wire)
    return [
        *_packed(picture, across, [fan for fan in gathering.values() if len(fan) >= FAN]),
        *_packed(picture, across, [fan for fan in spreading.values() if len(fan) >= FAN]),
    ]


def _packed(picture: Layered, across: Sequence[float], fans: Sequence[list[Wire]]) -> list[list[Wire]]:
    """Fans on as few lanes as keep them apart, each on the first lane with room."""
    packed: list[list[Wire]] = []
    taken: list[list[tuple[float, float]]] = []
    for fan in fans:
        ends = [across[wire.upper] + wire.upper_offset for wire in fan]
        ends += [across[wire.lower] + wire.lower_offset for wire in fan]
        # An arrow may meet its target anywhere on its border, so the target's whole breadth counts.
        reach = max((picture.breadths[wire.lower] / 2 for wire in fan), default=0.0)
        low, high = min(ends) - reach, max(ends) + reach
        free = (lane for lane, spans in enumerate(taken) if all(high < a or b < low for a, b in spans))
        lane = next(free, len(packed))
        if lane == len(packed):
            packed.append([])
            taken.append([])
        packed[lane] += fan
        taken[lane].append((low, high))
    return packed
