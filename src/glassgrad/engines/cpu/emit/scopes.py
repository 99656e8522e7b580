"""Loops as text: each open loop has its own lines, so that what does not depend on it can go before it. Floor 4."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from glassgrad.engines.cpu.emit.rooms import room_lines
from glassgrad.engines.cpu.emit.types import I64, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.plan.index import Affine, Axis, Index, Looked, Quotient
from glassgrad.graph.node import Node

_BLOCK = 32  # rounds of a loop after which sums are put aside, so that rounding errors do not pile up


@dataclass(eq=False, slots=True)
class Scope:
    """The inside of one loop: its lines so far, the values known there, the block that is being written."""

    block: str
    lines: list[str] = field(default_factory=list)
    known: dict[tuple[Node, Index], Value] = field(default_factory=dict)
    looked: dict[Looked, Value] = field(default_factory=dict)
    addresses: dict[tuple[str, Affine, int], list[str]] = field(default_factory=dict)  # of lanes that lie anywhere
    squares: dict[tuple[str, Affine, int], list[Value]] = field(default_factory=dict)  # the columns of each


@dataclass(frozen=True, slots=True)
class Turn:
    """Rounds of a loop that are written out side by side, so many at a time: `axis` is now `block` + `place`."""

    axis: Axis
    block: Axis
    place: int
    count: int


def block_rounds(inside: int) -> int:
    """The rounds of a block, of a loop that adds so many times in each."""
    return max(_BLOCK // inside, 1)


class Loops:
    """The loops that are open while a kernel is written.

    `lane_axis` is the loop variable whose neighbouring values are computed side by side, `lanes` at a time.
    """

    def __init__(self, intrinsics: dict[str, str]) -> None:
        self.writer = Writer(intrinsics, contract=True)
        self.scopes = [Scope("entry")]
        self.writer.lines = self.scopes[0].lines
        self.reserved: list[str] = []  # lines at the very top of the function
        self.counters: dict[Axis, Value] = {}
        self.level: dict[Axis, int] = {}
        self.fixed: dict[Axis, int] = {}
        self.turn: Turn | None = None
        self.lane_axis: Axis | None = None
        self.lanes = 1
        self.after_block: list[Callable[[], None]] = []

    # ------------------------------------------------------------------ where lines go
    @contextmanager
    def at(self, level: int) -> Iterator[None]:
        """Writes into the scope at this level, before the loop that is open inside of it."""
        before = self.writer.lines
        self.writer.lines = self.scopes[level].lines
        try:
            yield
        finally:
            self.writer.lines = before

    def written(self) -> Scope:
        """The scope into which lines go at present."""
        return next(scope for scope in reversed(self.scopes) if scope.lines is self.writer.lines)

    def reserve(self, type: str, count: int = 1) -> str:
        """Room on the stack for as long as the function runs."""
        name = self.writer.fresh()
        self.reserved.extend(room_lines(self.writer.intrinsics, name, f"{type}, i64 {count}", 64))
        return name

    def is_straight(self, level: int) -> bool:
        """Can the lines of this level end their block, for nothing was written inside of it that says where it is?"""
        return all(scope.block == self.scopes[level].block for scope in self.scopes[level + 1 :])

    def goes_on(self, level: int, label: str) -> None:
        """The lines of this level are in another block from here on."""
        for scope in self.scopes[level:]:
            scope.block = label

    @contextmanager
    def _inside(self, block: str) -> Iterator[Scope]:
        scope = Scope(block)
        self.scopes.append(scope)
        self.writer.lines = scope.lines
        try:
            yield scope
        finally:
            self.scopes.pop()
            self.writer.lines = self.scopes[-1].lines

    # ------------------------------------------------------------------ loops
    def straight(self, axis: Axis, at: int, body: Callable[[], None]) -> None:
        """One round, at a fixed value of the variable."""
        with self._inside(self.scopes[-1].block) as scope:
            self.counters[axis] = Value(self.writer, register(I64), str(at))
            self.level[axis] = len(self.scopes) - 1
            body()
            lines, block = scope.lines, scope.block
        del self.counters[axis], self.level[axis]
        self.scopes[-1].lines.extend(lines)
        self.scopes[-1].block = block

    def unrolled(self, axis: Axis, body: Callable[[], None], *, backwards: bool = False) -> None:
        """All rounds written out: the variable is a number in each."""
        for at in reversed(range(axis.extent)) if backwards else range(axis.extent):
            self.fixed[axis] = at
            body()
        del self.fixed[axis]

    def in_turns(self, axis: Axis, start: str, stop: str, count: int, body: Callable[[], None]) -> None:
        """A loop `count` rounds at a time, those written out."""

        def rounds() -> None:
            for place in range(count):
                self.turn = Turn(axis, block, place, count)
                body()
            self.turn = None

        block = Axis(count + 1)
        self.counted(block, start, stop, count, rounds)

    def counted(
        self, axis: Axis, start: str, stop: str, step: int, body: Callable[[], None], *, backwards: bool = False
    ) -> None:
        """A loop that runs at least once. `stop` is reached exactly; backwards it runs from stop - step to start."""
        head, latch, done = (self.writer.new_label() for _ in range(3))
        counter, following, more = (self.writer.fresh() for _ in range(3))
        entered = self.scopes[-1].block
        first, last, sign = start, stop, step
        if backwards:
            first, last, sign = self._before(stop, step), self._before(start, step), -step
        with self._inside(head) as scope:
            self.counters[axis] = Value(self.writer, register(I64), counter)
            self.level[axis] = len(self.scopes) - 1
            body()
            lines = scope.lines
        del self.counters[axis], self.level[axis]
        outer = self.scopes[-1]
        outer.lines.extend(
            [
                f"  br label %{head}",
                f"{head}:",
                f"  {counter} = phi i64 [ {first}, %{entered} ], [ {following}, %{latch} ]",
                *lines,
                f"  br label %{latch}",
                f"{latch}:",
                f"  {following} = add nsw i64 {counter}, {sign}",
                f"  {more} = icmp ne i64 {following}, {last}",
                f"  br i1 {more}, label %{head}, label %{done}",
                f"{done}:",
            ]
        )
        outer.block = done

    def _before(self, bound: str, step: int) -> str:
        """The round before a bound, which is a number or a name."""
        if bound.startswith("%"):
            return (Value(self.writer, register(I64), bound) - step).text
        return str(int(bound) - step)

    def blocked(
        self, axis: Axis, start: int, stop: int, step: int, body: Callable[[], None], *, inside: int = 1
    ) -> None:
        """A long loop in blocks; after each block `after_block` is done. A round adds `inside` times."""
        rounds = block_rounds(inside)
        if (stop - start) // step <= rounds or not self.after_block:
            self.counted(axis, str(start), str(stop), step, body)
            return
        whole = start + (stop - start) // (rounds * step) * (rounds * step)
        self.in_blocks(axis, (str(start), str(whole)), step, body, rounds)
        if whole < stop:
            self.counted(axis, str(whole), str(stop), step, body)
            self._blocks_end()

    def in_blocks(self, axis: Axis, between: tuple[str, str], step: int, body: Callable[[], None], rounds: int) -> None:
        """A loop whose rounds are a multiple of `rounds`, with `after_block` after each so many."""

        def one_round() -> None:
            body()
            self._blocks_end()

        def one_block() -> None:
            begin = self.counters[outer]
            end = begin + rounds * step
            self.counted(axis, begin.text, end.text, step, body)
            self._blocks_end()

        outer = Axis(rounds * step + 1)
        if rounds == 1:
            self.counted(axis, *between, step, one_round)
        else:
            self.counted(outer, *between, rounds * step, one_block)

    def _blocks_end(self) -> None:
        for action in self.after_block:
            action()

    # ------------------------------------------------------------------ indices
    def resolved(self, index: Index) -> Index:
        """The index with the numbers of unrolled loops in it."""
        return tuple([self.settled(part) for part in index]) if self.fixed or self.turn else index

    def settled(self, part: Affine) -> Affine:
        """As `resolved`, for one axis."""
        turn = self.turn
        if not (self.fixed or turn) or not part.terms:
            return part
        result = Affine((), part.const)
        for symbol, c in part.terms:
            match symbol:
                case Axis() if symbol in self.fixed:
                    new = Affine((), self.fixed[symbol])
                case Axis() if turn is not None and symbol is turn.axis:
                    new = Affine(((turn.block, 1),), turn.place)
                case Axis():
                    new = Affine(((symbol, 1),), 0)
                case Quotient(of=inner, by=by):
                    new = self.settled(inner).divided(by)
                case Looked(at=at):
                    new = Affine(((replace(symbol, at=self.resolved(at)), 1),), 0)
            result = result.plus(new.times(c))
        return result
