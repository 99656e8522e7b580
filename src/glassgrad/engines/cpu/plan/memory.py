"""Where values lie: the caller's arrays, the results, or one block of memory whose parts are used again. Floor 4."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import accumulate
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

    def joined(self, other: "Lifetime") -> "Lifetime":
        """The life of what lies in one place, one after the other."""
        largest, start, end = max(self.nbytes, other.nbytes), min(self.start, other.start), max(self.end, other.end)
        return Lifetime(self.owner, largest, start, end)


_ONE_BY_ONE = 256  # the largest, of which each is compared with every other


def arena(lifetimes: Sequence[Lifetime]) -> tuple[dict[object, Place], int]:
    """A place for each owner so that those that live at the same time do not overlap, and the size of all.

    The largest are placed each at the lowest place that is free during its life, in the best of a few orders. The many
    that are small beside them lie behind, where one after another takes the smallest gap that it fits into: the work
    grows with their number. Where that wastes room, all are placed in this second way.
    """
    by_size = sorted(lifetimes, key=lambda life: -life.nbytes)
    places, size = _in_best_order(by_size[:_ONE_BY_ONE])
    if len(by_size) > _ONE_BY_ONE:
        behind, more = _one_after_another(by_size[_ONE_BY_ONE:])
        all_in_turn, room = _one_after_another(by_size)
        if room < size + more:
            places, size = all_in_turn, room
        else:
            places |= {owner: size + at for owner, at in behind.items()}
            size += more
    return {owner: Place("arena", at) for owner, at in places.items()}, size


def _in_best_order(lives: Sequence[Lifetime]) -> tuple[dict[object, int], int]:
    """The placement of the order that takes the least room; the first that takes no more than must be."""
    least = _most_alive(lives)
    best: tuple[dict[object, int], int] | None = None
    for order in (
        lambda life: (-life.nbytes, life.start),
        lambda life: (-life.nbytes * (life.end - life.start + 1),),
        lambda life: (-(life.end - life.start), -life.nbytes),
        lambda life: (life.start, -life.nbytes),
        lambda life: (-life.end, -life.nbytes),
    ):
        found = _at_lowest_places(sorted(lives, key=order))
        if best is None or found[1] < best[1]:
            best = found
        if best[1] <= least:
            break
    assert best is not None, "there is one order at least"
    return best


def _most_alive(lives: Sequence[Lifetime]) -> int:
    """The bytes that live at the busiest step: no placement takes less."""
    change: Counter[int] = Counter()
    for life in lives:
        change[life.start] += _room_for(life)
        change[life.end + 1] -= _room_for(life)
    return max(accumulate([change[step] for step in sorted(change)]), default=0)


def _at_lowest_places(ordered: Sequence[Lifetime]) -> tuple[dict[object, int], int]:
    placed: list[tuple[int, int, Lifetime]] = []
    size = 0
    for life in ordered:
        need = _room_for(life)
        at = 0
        beside = [part for part in placed if part[2].start <= life.end and life.start <= part[2].end]
        for start, stop, _ in sorted(beside, key=lambda part: part[0]):
            if at + need <= start:
                break
            at = max(at, stop)
        placed.append((at, at + need, life))
        size = max(size, at + need)
    return {life.owner: at for at, _, life in placed}, size


def _one_after_another(lives: Sequence[Lifetime]) -> tuple[dict[object, int], int]:
    """In the order of their beginnings, each in the smallest gap that those before have left."""
    places: dict[object, int] = {}
    gaps, size = _Gaps(), 0
    living: list[tuple[int, int, int]] = []  # the step after which it ends, where it lies, how long it is
    for life in sorted(lives, key=lambda life: (life.start, -life.nbytes)):
        while living and living[0][0] < life.start:
            _, at, length = heappop(living)
            gaps.give(at, length)
        need = _room_for(life)
        taken = gaps.take(need)
        if taken is None:
            taken, size = size, size + need
        places[life.owner] = taken
        heappush(living, (life.end, taken, need))
    return places, size


class _Gaps:
    """Free pieces of memory; neighbours become one."""

    def __init__(self) -> None:
        self._by_length: list[tuple[int, int]] = []  # sorted
        self._length_at: dict[int, int] = {}
        self._start_before: dict[int, int] = {}  # the end of a piece -> its beginning

    def take(self, need: int) -> int | None:
        """The beginning of the smallest piece that is long enough, cut to length; None where there is none."""
        place = bisect_left(self._by_length, (need, -1))
        if place == len(self._by_length):
            return None
        length, at = self._by_length[place]
        self._remove(at, length)
        if length > need:
            self._add(at + need, length - need)
        return at

    def give(self, at: int, length: int) -> None:
        """A piece becomes free."""
        after = self._length_at.get(at + length)
        if after is not None:
            self._remove(at + length, after)
            length += after
        before = self._start_before.get(at)
        if before is not None:
            self._remove(before, at - before)
            at, length = before, length + at - before
        self._add(at, length)

    def _add(self, at: int, length: int) -> None:
        insort(self._by_length, (length, at))
        self._length_at[at] = length
        self._start_before[at + length] = at

    def _remove(self, at: int, length: int) -> None:
        del self._by_length[bisect_left(self._by_length, (length, at))]
        del self._length_at[at]
        del self._start_before[at + length]


_PAGE, _ROUND, _SHIFT = 1 << 12, 1 << 9, 5 * _ALIGNED


def _room_for(life: Lifetime) -> int:
    """Its lines, and a few more where the next array would begin as many whole pages on: both are read side by side."""
    need = aligned(max(life.nbytes, 1))
    return need + _SHIFT if need >= _PAGE and need % _ROUND == 0 else need


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
