"""Do arrays that are given up lie apart from all others of the call? Part of the native door. Floor 4.

Their places in memory are sorted by insertion, from the order that the call before has left: in a training loop nearly
nothing moves, and the work grows with the number of arrays.
"""

from glassgrad.engines.cpu.emit.types import I32
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native import layout
from glassgrad.engines.cpu.native.door_parts import MISS, OK, Names
from glassgrad.engines.cpu.native.records import SPAN
from glassgrad.engines.cpu.native.routine import Routine

SLOT, BYTES, ITEM_BYTES, DONATED = (8 * n for n in range(4))  # places in the table
_START, _STOP = 0, 8  # places in a span


def _find_spans(intrinsics: Names, declared: Names) -> Routine:
    """Where each array of the table lies: OK, or MISS where one is given up that may not be written into."""
    w = Routine("internal i64 @find_spans(ptr %frame, ptr %spans, ptr %table, i64 %count)", intrinsics, declared)
    with w.count(w.parameter("%count")) as number:
        entry, span = w.at("%table", number * SPAN), w.at("%spans", number * 16)
        array = w.read_pointer(w.at("%frame", w.read(entry, SLOT)))
        flags = w.read(array, layout.FLAGS, I32)
        with w.when(w.read(entry, DONATED).differs(0) & (flags & layout.WRITEABLE).equals(0)):
            w.leave(w.number(MISS))
        data = w.read(array, layout.DATA)
        w.write(span, _START, data)
        w.write(span, _STOP, data + w.read(entry, BYTES))
        with w.when((flags & layout.C_CONTIGUOUS).equals(0)):
            _widen(w, array, span, data + w.read(entry, ITEM_BYTES))
    w.leave(w.number(OK))
    return w


def _widen(w: Routine, array: str, span: str, stop: Value) -> None:
    """The span of an array whose elements lie apart: from its lowest to its highest."""
    w.write(span, _STOP, stop)
    rank = w.convert(w.read(array, layout.DIMENSIONS_COUNT, I32), stop.kind)
    sizes, strides = w.read_pointer(array, layout.DIMENSIONS), w.read_pointer(array, layout.STRIDES)
    with w.count(rank * 8, step=8) as place:
        reach = w.read(strides, place) * (w.read(sizes, place) - 1)
        with w.when(reach < 0):
            w.write(span, _START, w.read(span, _START) + reach)
        with w.when(reach > 0):
            w.write(span, _STOP, w.read(span, _STOP) + reach)


def _are_apart(intrinsics: Names, declared: Names) -> Routine:
    """OK, or MISS where an array that is given up shares memory with another."""
    w = Routine("internal i64 @are_apart(ptr %spans, ptr %table, i64 %count, ptr %order)", intrinsics, declared)
    count = w.parameter("%count")
    with w.count(count) as number:
        _insert(w, number)
    end, is_donated = w.variable(), w.variable()  # of what reaches furthest so far
    w.write(end, 0, w.number(0))
    w.write(is_donated, 0, w.number(0))
    with w.count(count) as number:
        which = w.read("%order", number * 8)
        donated, span = w.read(w.at("%table", which * SPAN), DONATED), w.at("%spans", which * 16)
        overlaps = w.read(span, _START) < w.read(end)
        with w.when(overlaps & (donated | w.read(is_donated)).differs(0)):
            w.leave(w.number(MISS))
        with w.when(w.read(span, _STOP) > w.read(end)):
            w.write(end, 0, w.read(span, _STOP))
            w.write(is_donated, 0, donated)
    w.leave(w.number(OK))
    return w


def _insert(w: Routine, number: Value) -> None:
    """Puts an array before all that begin behind it, among those that are in order already."""
    which = w.read("%order", number * 8)
    start = w.read(w.at("%spans", which * 16), _START)
    place = w.variable()
    w.write(place, 0, number)
    with w.forever() as done:
        here = w.read(place)
        before, moved = w.new_label(), w.new_label()
        w.branch(here > 0, before, done)
        w.label(before)
        other = w.read("%order", (here - 1) * 8)
        w.branch(w.read(w.at("%spans", other * 16), _START) > start, moved, done)
        w.label(moved)
        w.write("%order", here * 8, other)
        w.write(place, 0, here - 1)
    w.write("%order", w.read(place) * 8, which)


ROUTINES = (_find_spans, _are_apart)
