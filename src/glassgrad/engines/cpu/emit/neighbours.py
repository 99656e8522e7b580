"""Elements of several vectors that are neighbours in memory, as the columns of short rows are. Floor 4."""

from collections.abc import Sequence
from dataclasses import dataclass

from glassgrad.engines.cpu.emit.squares import side_by_side
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.plan.index import Affine


@dataclass(frozen=True, slots=True)
class Written:
    """A value put at a place in the array at an address; neighbouring lanes are `step` elements apart."""

    base: str
    offset: Affine
    step: int
    value: Value


def rows(written: Sequence[Written]) -> list[list[Written]]:
    """Those that make whole rows together, in the order of their columns; the others one by one."""
    places = {(one.base, one.offset): one for one in written}
    if len(places) < len(written):  # the last one counts
        return [[one] for one in written]
    found: list[list[Written]] = []
    for one in written:
        row = [places.get((one.base, one.offset.shifted(column))) for column in range(one.step)]
        whole = [column for column in row if column is not None]
        if len(whole) == one.step:
            found.append(whole)
            for column in whole:
                del places[column.base, column.offset]
    return [*found, *[[one] for one in places.values()]]


def interleaved(w: Writer, values: Sequence[Value]) -> Value:
    """The first lanes of all values, then the second lanes, and so on."""
    count, lanes = len(values), values[0].type.lanes
    if count == 1:
        return values[0]
    if count % 2:
        return side_by_side(w, [_piece(w, values, k * lanes) for k in range(count)], count * lanes)
    even, odd = interleaved(w, values[::2]), interleaved(w, values[1::2])
    half = even.type.lanes
    return w.shuffled(even, odd, [lane + first for lane in range(half) for first in (0, half)])


def _piece(w: Writer, values: Sequence[Value], begin: int) -> Value:
    """As many elements as one of the values has, from one on, of all of them interleaved."""
    count, lanes = len(values), values[0].type.lanes
    places = [divmod(begin + k, count) for k in range(lanes)]
    result = w.shuffled(values[0], values[1], [lane + which * lanes if which < 2 else None for lane, which in places])
    for number in range(2, count):
        taken = [lanes + lane if which == number else k for k, (lane, which) in enumerate(places)]
        result = w.shuffled(result, values[number], taken)
    return result
