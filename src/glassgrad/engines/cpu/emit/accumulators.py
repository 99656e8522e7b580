"""Reductions: what a loop adds up, in every lane, and how the lanes come together at its end. Floor 4."""

from collections.abc import Sequence

from glassgrad.engines.cpu.emit.scalars import larger, result_kind, smaller
from glassgrad.engines.cpu.emit.scopes import Loops
from glassgrad.engines.cpu.emit.types import I1, I32, I64, Kind, memory_text, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.plan.index import Axis
from glassgrad.engines.cpu.plan.kernels import Root

_IDENTITY: dict[str, float] = {
    "sum": 0,
    "any": 0,
    "all": 1,
    "prod": 1,
    "contract": 0,
    "cumsum": 0,
    "cumprod": 1,
    "recurrence": 0,
}


class Accumulator:
    """The running value of a reduction in so many lanes."""

    def __init__(self, root: Root, loops: Loops, width: int) -> None:
        self.root = root
        self.loops = loops
        self.writer = loops.writer
        self.width = width
        self.kind = result_kind(root.node)
        self.finds_place = root.node.op.name in ("argmax", "argmin")
        self.held_kind = result_kind(root.node.inputs[0]) if self.finds_place else self.kind
        self.room = self._reserved(self.held_kind, self.identity(root, self.held_kind))
        self.place_kind = _place_kind(self.held_kind, root) if self.finds_place else I64
        self.place = self._reserved(self.place_kind, 0) if self.finds_place else ""
        self.total = self.lost = ""
        if root.node.op.name in ("sum", "contract") and self.kind.is_float:
            self.total, self.lost = self._reserved(self.kind, 0), self._reserved(self.kind, 0)
            loops.after_block.append(self._put_aside)

    def _reserved(self, kind: Kind, number: float) -> str:
        room = self.loops.reserve(memory_text(kind, self.width))
        self._set(room, kind, number)
        return room

    def _set(self, room: str, kind: Kind, number: float) -> None:
        self.writer.store(self.writer.constant(number, register(kind, self.width)), room)

    @staticmethod
    def identity(root: Root, kind: Kind) -> float:
        """What changes nothing."""
        name = root.node.op.name
        if name in _IDENTITY:
            return _IDENTITY[name]
        low = name in ("max", "argmax")
        if kind.is_float:
            return float("-inf") if low else float("inf")
        if kind is I1:
            return 0 if low else 1
        if kind.is_signed:
            half = 1 << (kind.bits - 1)
            return -half if low else half - 1
        return 0 if low else (1 << kind.bits) - 1

    # ------------------------------------------------------------------ adding
    def add(self, value: Value, root: Root) -> None:
        """One more value (in each lane; one that is the same in all of them counts as often)."""
        w = self.writer
        value = value if self.finds_place else w.convert(value, self.kind)
        if self.loops.lanes > self.width and not self.finds_place:
            value = self.across(w, root, w.splat(value, self.loops.lanes))
        if self.loops.lanes < self.width:  # the last, incomplete step
            value = self._filled(w.splat(value, self.loops.lanes))
        value = w.splat(value, self.width)
        before = w.load(self.room, self.held_kind, self.width)
        if self.finds_place:
            self._add_place(before, value)
        else:
            w.store(self.joined(w, root, before, value), self.room)

    def _filled(self, value: Value) -> Value:
        """All lanes, those behind the value's with what changes nothing."""
        w, (type, lanes) = self.writer, (value.type.llvm, value.type.lanes)
        full, number = register(value.kind, self.width), self.identity(self.root, value.kind)
        if lanes == 1:
            return w.made(
                full, f"insertelement {full.llvm} {w.constant(number, full).text}, {type} {value.text}, i64 0"
            )
        mask = ", ".join(f"i32 {min(lane, lanes)}" for lane in range(self.width))
        nothing = w.constant(number, value.type).text
        return w.made(full, f"shufflevector {type} {value.text}, {type} {nothing}, <{self.width} x i32> <{mask}>")

    def _add_place(self, best: Value, value: Value) -> None:
        w, at = self.writer, self._here()
        place = w.load(self.place, self.place_kind, self.width)
        if value.kind.is_float:  # better, or NaN: anything but not better; and nothing is better than NaN
            worse = value <= best if self.root.node.op.name == "argmax" else value >= best
            better = w.binary("and", ~worse, best.equals(best))
        else:
            better = value > best if self.root.node.op.name == "argmax" else value < best
        w.store(w.select(better, value, best), self.room)
        w.store(w.select(better, at, place), self.place)

    def _here(self) -> Value:
        """The position along the reduced axis, in each lane."""
        (axis,), w, kind = self.root.reduced, self.writer, self.place_kind
        if axis in self.loops.fixed or axis not in self.loops.counters:
            return w.constant(self.loops.fixed.get(axis, 0), register(kind, self.width))
        counter = w.splat(w.convert(self.loops.counters[axis], kind), self.width)
        if axis is not self.loops.lane_axis or self.width == 1:
            return counter
        steps = ", ".join(f"{kind.llvm} {k}" for k in range(self.width))
        return counter + Value(w, register(kind, self.width), f"<{steps}>")

    def run(self, values: Sequence[Value]) -> Value:
        """The next value of a running sum, product or recurrence."""
        w, width = self.writer, self.loops.lanes
        if self.loops.lane_axis is not None and self.loops.lane_axis is self._running_axis():
            return self._run_along(values[0])
        values = [w.splat(w.convert(v, self.kind), width) for v in values]
        before = w.load(self.room, self.kind, width)
        match self.root.node.op.name:
            case "cumsum":
                result = before + values[0]
            case "cumprod":
                result = before * values[0]
            case _:  # h[k] = a[k] h[k-1] + b[k], and h[-1] is not read: a[0] may be infinite
                result = self._recur(before, values)
        w.store(result, self.room)
        return result

    def _running_axis(self) -> Axis:
        place: int = self.root.node.param("axis")
        return self.root.axes[place]

    def _run_along(self, value: Value) -> Value:
        """A running sum in all lanes: of one lane, two, four … before each, and what the step before has left."""
        w, lanes, backwards = self.writer, self.loops.lanes, self.root.node.param("backwards")
        value = w.splat(w.convert(value, self.kind), lanes)
        nothing = w.constant(-0.0 if self.kind.is_float else 0, value.type)
        distance = 1
        while distance < lanes:
            behind = [lane + distance if backwards else lane - distance for lane in range(lanes)]
            value = value + w.shuffled(value, nothing, [at if 0 <= at < lanes else lanes for at in behind])
            distance *= 2
        before = w.load(self.room, self.kind, 1)
        result = value + w.splat(before, lanes)
        w.store(w.lane(result, 0 if backwards else lanes - 1) if lanes > 1 else result, self.room)
        return result

    def _recur(self, before: Value, values: Sequence[Value]) -> Value:
        axis = self._running_axis()
        first = axis.extent - 1 if self.root.node.param("backwards") else 0
        stepped = before * values[0] + values[1]
        if axis.extent == 1:
            return values[1]
        if axis in self.loops.fixed:
            return values[1] if self.loops.fixed[axis] == first else stepped
        at_first = self.loops.counters[axis].equals(first)
        return self.writer.select(self.writer.splat(at_first, values[1].type.lanes), values[1], stepped)

    # ------------------------------------------------------------------ the end
    def _put_aside(self) -> None:
        """Adds the block's sums to the totals, and what is lost by that to what was lost before: errors do not grow
        with the number of blocks (D. E. Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B).
        """
        w = self.writer
        total, block = w.load(self.total, self.kind, self.width), w.load(self.room, self.kind, self.width)
        result = total + block
        own = result - block
        lost = (total - own) + (block - (result - own))
        w.store(result, self.total)
        w.store(w.load(self.lost, self.kind, self.width) + lost, self.lost)
        self._set(self.room, self.kind, 0)

    def _with_totals(self, value: Value) -> Value:
        """The last block's sums and the totals with what they lost; of an infinite total that is no number."""
        w = self.writer
        value = value + w.load(self.total, self.kind, self.width)
        lost = w.load(self.lost, self.kind, self.width)
        return w.select(lost.is_nan(), value, value + lost)

    def close(self) -> None:
        """The loop has ended."""
        if self._put_aside in self.loops.after_block:
            self.loops.after_block.remove(self._put_aside)

    def result(self) -> Value:
        """All that was added, the lanes taken together where the loop was over them."""
        w = self.writer
        if self.finds_place:
            return self.best()[1]
        value = w.load(self.room, self.kind, self.width)
        if self.total:
            value = self._with_totals(value)
        return self.across(w, self.root, value) if self._is_over_lanes() else value

    def _is_over_lanes(self) -> bool:
        return self.loops.lane_axis is None

    def best(self) -> tuple[Value, Value]:
        """The best value and its place; of equal ones the first."""
        best = self.writer.load(self.room, self.held_kind, self.width)
        place = self.writer.load(self.place, self.place_kind, self.width)
        if self._is_over_lanes():
            best, place = self._best_lane(best, place)
        return best, self.writer.convert(place, I64)

    def _best_lane(self, best: Value, place: Value) -> tuple[Value, Value]:
        """The best of all lanes, in halves; a lane in the middle is in both."""
        lanes = best.type.lanes
        while lanes > 1:
            half = (lanes + 1) // 2
            low, high = [
                (_part(self.writer, best, start, half), _part(self.writer, place, start, half))
                for start in (0, lanes - half)
            ]
            (best, place), lanes = best_of(self.writer, self.root, low, high), half
        return best, place

    # ------------------------------------------------------------------ the operation
    @staticmethod
    def joined(w: Writer, root: Root, a: Value, b: Value) -> Value:
        """Two partial results as one."""
        match root.node.op.name:
            case "max":
                return larger(w, a, b)
            case "min":
                return smaller(w, a, b)
            case "prod" if a.kind is not I1:
                return a * b
            case "any":
                return a | b
            case "all" | "prod":
                return a & b
        return a | b if a.kind is I1 else a + b

    @staticmethod
    def across(w: Writer, root: Root, value: Value) -> Value:
        """The lanes taken together, in halves."""
        lanes = value.type.lanes
        while lanes > 1:
            half = lanes // 2
            low, high = _part(w, value, 0, half), _part(w, value, lanes - half, half)
            joined = Accumulator.joined(w, root, low, high)
            if lanes % 2:
                middle = w.lane(value, half)
                first = joined if half == 1 else Accumulator.across(w, root, joined)
                return Accumulator.joined(w, root, first, middle)
            value, lanes = joined, half
        return value


def _place_kind(held: Kind, root: Root) -> Kind:
    """Places as wide as values are, where they fit: then both are chosen by the same mask."""
    return I32 if held.bits <= I32.bits and all(axis.extent < 1 << 31 for axis in root.reduced) else I64


def best_of(w: Writer, root: Root, first: tuple[Value, Value], second: tuple[Value, Value]) -> tuple[Value, Value]:
    """The better of two values with their places; of equal ones the one that comes first."""
    wins = second[0] > first[0] if root.node.op.name == "argmax" else second[0] < first[0]
    equal = second[0].equals(first[0])
    if first[0].kind.is_float:
        nan, other = first[0].is_nan(), second[0].is_nan()
        wins = w.binary("or", wins, w.binary("and", other, ~nan))
        equal = w.binary("or", equal, w.binary("and", other, nan))
        wins = w.binary("and", wins, ~nan)
    wins = w.binary("or", wins, w.binary("and", equal, second[1] < first[1]))
    return w.select(wins, second[0], first[0]), w.select(wins, second[1], first[1])


def _part(w: Writer, value: Value, start: int, count: int) -> Value:
    if value.type.lanes == 1:
        return value
    if count == 1:
        return w.lane(value, start)
    mask = ", ".join(f"i32 {start + k}" for k in range(count))
    type = value.type.llvm
    return w.made(
        register(value.kind, count), f"shufflevector {type} {value.text}, {type} poison, <{count} x i32> <{mask}>"
    )
