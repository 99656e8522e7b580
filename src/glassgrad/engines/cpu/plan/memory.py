"""Where values lie: the caller's arrays, the results, or one block of memory whose parts are used again. Floor 4."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node

_ALIGNED = 64


@dataclass(frozen=True, slots=True)
class Place:
    """`space` is "inputs", "outputs", "arena" or "near" (a room on the stack).

    `number` is the position in the list, the byte in the arena, or the number of the room.
    """

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


NEAR_BYTES = 256  # up to which a value of a loop's body lies on the stack
_NEAR_STEPS = 64  # steps of a body up to which LLVM is asked to keep its small values in registers
RAGGED_BYTES = 16  # the address of the elements, and how many there are along the first axis


def is_ragged(aval: Aval) -> bool:
    """Will only the run tell the length of the array?"""
    return any(size < 0 for size in aval.shape)


def stored_bytes(aval: Aval) -> int:
    """The room that an array takes where it lies; one of unknown length has its elements elsewhere."""
    return RAGGED_BYTES if is_ragged(aval) else aval.nbytes


def element_bytes(aval: Aval) -> int:
    """The bytes of one entry along the first axis."""
    return prod(aval.shape[1:]) * aval.dtype.itemsize


def carried_avals(node: Node) -> tuple[Aval, ...]:
    """What a body gives at a time for each output of the op that carries it."""
    return node.param("body").avals if node.op.name in ("scan", "while_loop") else node.avals


def near_places(lifetimes: Sequence[Lifetime], steps: int) -> dict[object, Place]:
    """Rooms on the stack for the small values of a body with so many steps."""
    if steps > _NEAR_STEPS:
        return {}
    small = [life.owner for life in lifetimes if life.nbytes <= NEAR_BYTES and isinstance(life.owner, Node)]
    return {owner: Place("near", number) for number, owner in enumerate(small)}


def aligned(nbytes: int) -> int:
    """The next whole number of cache lines."""
    return -(-nbytes // _ALIGNED) * _ALIGNED


def given_places(inputs: Sequence[Node], outputs: Sequence[Node]) -> dict[Node, Place]:
    """The places of what comes in and of what goes out."""
    places = {node: Place("outputs", position) for position, node in reversed(list(enumerate(outputs)))}
    return places | {node: Place("inputs", position) for position, node in enumerate(inputs)}
