"""Where values lie: the caller's arrays, the results, or one block of memory whose parts are used again. Floor 4."""

from collections.abc import Sequence
from dataclasses import dataclass

from glassgrad.graph.node import Node

_ALIGNED = 64


@dataclass(frozen=True, slots=True)
class Place:
    """`space` is "inputs", "outputs" or "arena"; `number` is the position in the list, or the byte in the arena."""

    space: str
    number: int


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Something in the arena: made in step `start`, read last in step `end`."""

    owner: object
    nbytes: int
    start: int
    end: int


def arena(lifetimes: Sequence[Lifetime]) -> tuple[dict[object, Place], int]:
    """A place for each owner so that those that live at the same time do not overlap, and the size of all.

    The largest come first, each at the lowest place that is free during its life.
    """
    placed: list[tuple[int, int, Lifetime]] = []
    places: dict[object, Place] = {}
    size = 0
    for life in sorted(lifetimes, key=lambda life: -life.nbytes):
        need = aligned(max(life.nbytes, 1))
        at = 0
        beside = [part for part in placed if part[2].start <= life.end and life.start <= part[2].end]
        for start, stop, _ in sorted(beside, key=lambda part: part[0]):
            if at + need <= start:
                break
            at = max(at, stop)
        placed.append((at, at + need, life))
        places[life.owner] = Place("arena", at)
        size = max(size, at + need)
    return places, size


def aligned(nbytes: int) -> int:
    """The next whole number of cache lines."""
    return -(-nbytes // _ALIGNED) * _ALIGNED


def given_places(inputs: Sequence[Node], outputs: Sequence[Node]) -> dict[Node, Place]:
    """The places of what comes in and of what goes out."""
    places = {node: Place("outputs", position) for position, node in reversed(list(enumerate(outputs)))}
    return places | {node: Place("inputs", position) for position, node in enumerate(inputs)}
