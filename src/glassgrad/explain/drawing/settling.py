"""Places improved: straight pieces move as one towards what they are wired to, as far as there is room."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from glassgrad.explain.drawing.coordinates import apart
from glassgrad.explain.drawing.trunks import Layered, Wire

PASSES = 8
STRAIGHT = 0.5  # a wire that goes less far sideways counts as straight


@dataclass(frozen=True, slots=True)
class _Pulls:
    """For every vertex the wires that pull it, and which of these hold it to its neighbour once they are straight."""

    all: Sequence[Sequence[Wire]]
    firm: Sequence[Sequence[Wire]]


def settle(picture: Layered, places: list[float], beside: dict[tuple[int, int], Wire]) -> None:
    """Moves pieces until they rest, changing `places`; `beside` are wires that pull only their free end."""
    pulls = _pulls(picture, beside)
    left, right = _neighbours(picture)
    for number in range(PASSES):
        pieces = _straight_pieces(picture, places, pulls)
        moved = 0.0
        for piece in pieces if number % 2 == 0 else reversed(pieces):
            shift = _wish(places, piece, pulls)
            if shift > 0:
                shift = min(shift, _room(picture, places, piece, right, 1.0))
            elif shift < 0:
                shift = -min(-shift, _room(picture, places, piece, left, -1.0))
            if abs(shift) > 0.01:
                moved = max(moved, abs(shift))
                for vertex in piece:
                    places[vertex] += shift
        if moved < 1.0:
            return


def _pulls(picture: Layered, beside: dict[tuple[int, int], Wire]) -> _Pulls:
    """Wires beside the way of the data pull what has no firmer hold: parameters, ends, and trunks."""
    every: list[list[Wire]] = []
    firm: list[list[Wire]] = []
    for vertex in range(len(picture.breadths)):
        wires = [*picture.above[vertex], *picture.below[vertex]]
        held = [wire for wire in wires if (wire.upper, wire.lower) not in beside]
        firm.append(held)
        every.append(wires if vertex >= picture.nodes or not held else held)
    return _Pulls(every, firm)


def _neighbours(picture: Layered) -> tuple[list[int], list[int]]:
    """Who stands to the left and to the right of every vertex, -1 for nobody."""
    left, right = [-1] * len(picture.breadths), [-1] * len(picture.breadths)
    for layer in picture.layers:
        for one, other in pairwise(layer):
            left[other], right[one] = one, other
    return left, right


def _straight_pieces(picture: Layered, places: Sequence[float], pulls: _Pulls) -> list[list[int]]:
    """Vertices that straight wires hold together, from the top down."""
    home = [-1] * len(places)
    pieces: list[list[int]] = []
    for start in (vertex for layer in picture.layers for vertex in layer):
        if home[start] >= 0:
            continue
        home[start] = len(pieces)
        piece = [start]
        for vertex in piece:  # grows while it is read
            for wire in pulls.firm[vertex]:
                other = wire.lower if wire.upper == vertex else wire.upper
                if home[other] < 0 and abs(_sideways(places, wire)) < STRAIGHT:
                    home[other] = len(pieces)
                    piece.append(other)
        pieces.append(piece)
    return pieces


def _sideways(places: Sequence[float], wire: Wire) -> float:
    return places[wire.lower] + wire.lower_offset - places[wire.upper] - wire.upper_offset


def _wish(places: Sequence[float], piece: Sequence[int], pulls: _Pulls) -> float:
    """How far the piece wants to move: to the middle of its wires to others, the least of equally good moves."""
    inside = set(piece)
    pull: list[float] = []
    for vertex in piece:
        for wire in pulls.all[vertex]:
            if wire.upper not in inside:
                pull.append(-_sideways(places, wire))
            elif wire.lower not in inside:
                pull.append(_sideways(places, wire))
    if not pull:
        return 0.0
    pull.sort()
    low, high = pull[(len(pull) - 1) // 2], pull[len(pull) // 2]
    return min(max(0.0, low), high)


def _room(picture: Layered, places: Sequence[float], piece: Sequence[int], beside: Sequence[int], side: float) -> float:
    """How far the piece can go to one side before it meets a neighbour."""
    inside = set(piece)
    room = float("inf")
    for vertex in piece:
        other = beside[vertex]
        if other >= 0 and other not in inside:
            pair = (vertex, other) if side > 0 else (other, vertex)
            room = min(room, side * (places[other] - places[vertex]) - apart(picture, *pair))
    return max(room, 0.0)
