"""Squares of numbers transposed in registers: what lies along one axis of the memory, for lanes
along another. Floor 4.
"""

from collections.abc import Sequence

from glassgrad.engines.cpu.emit.types import bytes_of
from glassgrad.engines.cpu.emit.values import Value, Writer

_PART = 16  # bytes within which processors shuffle fastest


def transposed(w: Writer, rows: Sequence[Value]) -> list[Value]:
    """The columns of a square, of a power of two rows: first within parts of the registers, then whole parts."""
    part = min(_PART // bytes_of(rows[0].kind), len(rows))
    return _parts_exchanged(w, _within_parts(w, list(rows), part), part)


def _within_parts(w: Writer, values: list[Value], part: int) -> list[Value]:
    """Rows interleaved with their neighbours, pairs with neighbouring pairs, and so on."""
    count, unit = len(values), 1
    while unit < part:
        new = list(values)
        for at in range(count):
            if not at & unit:
                new[at] = _interleaved(w, values[at], values[at + unit], unit, part, 0)
                new[at + unit] = _interleaved(w, values[at], values[at + unit], unit, part, part // 2)
        values, unit = new, unit * 2
    bits = part.bit_length() - 1
    turned = [int(f"{place:0{bits}b}"[::-1], 2) if bits else 0 for place in range(part)]
    return [values[at // part * part + turned[at % part]] for at in range(count)]


def _interleaved(w: Writer, a: Value, b: Value, unit: int, part: int, begin: int) -> Value:
    """Units of both in turn, from one half of each part."""
    count = a.type.lanes
    return w.shuffled(a, b, [
        base + place + element + (count if second else 0)
        for base in range(0, count, part)
        for place in range(begin, begin + part // 2, unit)
        for second in (False, True)
        for element in range(unit)
    ])  # fmt: skip


def _parts_exchanged(w: Writer, values: list[Value], part: int) -> list[Value]:
    """Squares of parts, transposed by exchanging blocks of one, two, four … of them (Eklundh's way)."""
    count, step = len(values), part
    while step < count:
        new = list(values)
        for at in range(count):
            if not at & step:
                a, b = values[at], values[at + step]
                new[at] = w.shuffled(a, b, [k if not k & step else count + k - step for k in range(count)])
                new[at + step] = w.shuffled(a, b, [k + step if not k & step else count + k for k in range(count)])
        values, step = new, step * 2
    return values


def added_up(w: Writer, rows: Sequence[Value]) -> Value:
    """The sum of the lanes of each row of a square, of a power of two rows: in halves, those of two rows at a time."""
    values, size = list(rows), len(rows)
    while size > 1:
        half = size // 2
        first = [at + k for at in range(0, 2 * len(rows), size) for k in range(half)]
        pairs = zip(values[::2], values[1::2], strict=True)
        values = [w.shuffled(a, b, first) + w.shuffled(a, b, [k + half for k in first]) for a, b in pairs]
        size = half
    return values[0]


def side_by_side(w: Writer, parts: Sequence[Value], lanes: int) -> Value:
    """The parts as one value, of so many lanes."""
    values = list(parts)
    while len(values) > 1:
        values += [values[-1]] * (len(values) % 2)
        both = range(2 * values[0].type.lanes)
        values = [w.shuffled(a, b, both) for a, b in zip(values[::2], values[1::2], strict=True)]
    (whole,) = values
    return whole if whole.type.lanes == lanes else w.shuffled(whole, whole, range(lanes))
