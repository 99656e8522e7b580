"""What a kernel's text depends on, without the arrays that it works on. Floor 4.

Where a loop of the user was written out, the same kernel comes again and again with other arrays, with elements
further on in the same arrays, or with other numbers. One function serves them all: it is given addresses.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.plan.homes import Home, settled
from glassgrad.engines.cpu.plan.index import Affine, Axis, Index, Looked, Quotient, contiguous, offset_of, variable
from glassgrad.engines.cpu.plan.kernels import Kernel, Phase, Role, Root
from glassgrad.engines.cpu.plan.reach import reach
from glassgrad.engines.cpu.plan.repeats import facts_of
from glassgrad.engines.cpu.plan.roles import lost_lookups
from glassgrad.engines.cpu.plan.views import source_index
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import LITERAL, input_node, literal_value

NUMBERS: Node = input_node(Aval((0,), np.dtype(np.int64)))  # kernels are given the address of numbers as of an array
_TELLING = (0.0, 1.0, -1.0)  # numbers that LLVM makes something shorter of
NUMBER_BYTES = 8  # from one of them to the next
Number: TypeAlias = tuple[str, bytes]  # the letter of its dtype, and its bits


def as_number(node: Node) -> Number | None:
    """A literal as a number that a kernel may be given; None for one that belongs to the kernel."""
    if node.dtype.char not in "fd":
        return None
    value = literal_value(node)
    return (node.dtype.char, node.params[0][1]) if np.isfinite(value) and value not in _TELLING else None


@dataclass(eq=False, slots=True)
class Likeness:
    """Kernels with equal `words` differ in the rest only.

    `arrays` are what they read and write, `starts` which elements they reach first, `numbers` their literals.
    """

    words: tuple[Hashable, ...]
    arrays: dict[Node, int]
    starts: list[int]
    numbers: tuple[Number, ...]


def outline(kernel: Kernel) -> Hashable:
    """What is quickly seen of a kernel: others have another likeness."""
    phases = [(len(phase.axes), *[root.node.op.name for root in phase.roots]) for phase in kernel.phases]
    return tuple([axis.extent for axis in kernel.frame]), tuple(phases)


def likeness(
    kernel: Kernel, roles: Mapping[Node, Role], kept: frozenset[Node], homes: Mapping[Node, Home]
) -> Likeness | None:
    """The likeness of a kernel; None where a static fact of it cannot be compared."""
    reader = _Reader(roles, kept, homes, {root.node: root for root in kernel.roots if root.target is None})
    reader.add(len(kernel.frame), *[reader.axis(axis) for axis in kernel.frame])
    for phase in kernel.phases:
        reader.phase(phase)
    try:
        hash(words := tuple(reader.words))
    except TypeError:
        return None
    return Likeness(words, reader.arrays, [start or 0 for start in reader.starts], tuple(reader.numbers))


@dataclass(eq=False, slots=True)
class _Reader:
    """Goes through a kernel in the order in which it is written."""

    roles: Mapping[Node, Role]
    kept: frozenset[Node]
    homes: Mapping[Node, Home]
    roots: Mapping[Node, Root]
    words: list[Any] = field(default_factory=list)
    axes: dict[Axis, int] = field(default_factory=dict)
    arrays: dict[Node, int] = field(default_factory=dict)
    starts: list[int | None] = field(default_factory=list)
    numbers: dict[Number, int] = field(default_factory=dict)
    seen: dict[tuple[Node, Index], int] = field(default_factory=dict)

    def add(self, *words: Any) -> None:
        self.words.extend(words)

    def axis(self, axis: Axis) -> int:
        """The number of a loop variable, whose extent is told where it comes first."""
        if axis not in self.axes:
            self.axes[axis] = len(self.axes)
            self.add(axis.extent)
        return self.axes[axis]

    def array(self, node: Node) -> int:
        if node not in self.arrays:
            self.arrays[node] = len(self.arrays)
            self.starts.append(None)
            self.add(node.dtype.char, node.shape)
        return self.arrays[node]

    # ------------------------------------------------------------------ loops and roots
    def phase(self, phase: Phase) -> None:
        own = tuple([self.axis(axis) for axis in phase.axes])
        self.add("phase", own, frozenset([self.axis(axis) for axis in phase.backwards]))
        for root in phase.roots:
            self.root(root)

    def root(self, root: Root) -> None:
        node = root.node
        axes, reduced = (tuple([self.axis(axis) for axis in some]) for some in (root.axes, root.reduced))
        facts = (root.change, root.late, root.stored, root.buffered)
        own_facts = facts_of(node) if root.target is None else ()  # which place is written, the target tells
        self.add(node.op.name, own_facts, root.role, axes, reduced, facts, self.array(node))
        if root.role is Role.VIEW:
            self.lost(*root.operands[0])
        for x, index in root.operands:
            self.value(x, index)
        own = root.target if root.target is not None else tuple([variable(axis) for axis in root.axes])
        self.element(node, own)
        if root.role is Role.BESIDE:
            for place in range(1, len(root.operands)):
                self.element(node, (*own[:-1], own[-1].shifted(place)))

    # ------------------------------------------------------------------ values
    def value(self, node: Node, index: Index) -> None:
        """What is computed or read at a place, once."""
        pair = node, index
        if pair in self.seen:
            self.add(-1 - self.seen[pair])
            return
        if node.op is LITERAL:
            self.literal(node)
            return
        self.seen[pair] = len(self.seen)
        role = self.roles[node]
        if node in self.kept or role is Role.GIVEN:
            root = self.roots.get(node)
            if root is not None and not root.stored:
                self.add("row", self.array(node), self.places(index))
            else:
                self.element(node, index)
        elif role is Role.VIEW:
            source = source_index(node, index)
            self.lost(node.inputs[0], source)
            self.value(node.inputs[0], source)
        else:
            self.add(node.op.name, facts_of(node), node.dtype.char, len(node.inputs))
            for x in node.inputs:
                self.value(x, index)

    def lost(self, node: Node, index: Index) -> None:
        """What is looked up and checked, though nothing is read there."""
        for symbol in lost_lookups(node, index, self.kept, self.roles):
            self.add("checked", self.term((symbol, 1)))

    def literal(self, node: Node) -> None:
        number = as_number(node)
        if number is None:
            self.add(node.dtype.char, node.params[0][1])
        else:
            self.add(node.dtype.char, "number", self.numbers.setdefault(number, len(self.numbers)))

    def element(self, node: Node, index: Index) -> None:
        """A place in memory, counted from the first one in the same array."""
        own = self.array(node)
        whole, index = settled(self.homes, node, index)
        place = self.array(whole)
        offset = offset_of(index, contiguous(whole.shape))
        start = self.starts[place]
        if start is None:
            self.starts[place] = start = offset.const
        self.add(own, place, offset.const - start, *[self.term(term) for term in offset.terms])

    def places(self, index: Sequence[Affine]) -> tuple[Hashable, ...]:
        return tuple([(part.const, *[self.term(term) for term in part.terms]) for part in index])

    def term(self, term: tuple[Any, int]) -> Hashable:
        symbol, factor = term
        match symbol:
            case Axis():
                return self.axis(symbol), factor
            case Quotient(of=inner, by=by):
                return "quotient", by, factor, self.places((inner,))
            case Looked():
                self.value(symbol.node, symbol.at)
                return "looked", self.places(symbol.at), symbol.extent, symbol.axis, reach(symbol.node), factor
        raise AssertionError("an index has no other symbols")
