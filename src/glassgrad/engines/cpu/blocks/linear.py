"""Sums that need no sweep of their own, for they follow from sums of an earlier one. Floor 4.

What is known only after a sweep and does not vary along the axes is taken out of the sums of the next one, and so is
the distance from a mean, block by block:

    Σ (a + b) = Σ a + Σ b        Σ a f = f Σ a        Σ u (x - c) = Σ (Σ u (x - k) + (k - c) Σ u)

where the first sum on the right of the last is over the blocks and k is the mean of a block. With the absolute value of
each term the same rules give a size that no sum of some of the terms exceeds, on either side. Where it is finite,
nothing overflows; and where it is not much more than the sums of the blocks, little has cancelled on the right that has
not on the left, for the terms on the left are no smaller than their sums. Elsewhere the sum is computed as it was
written, in a sweep of its own (`checked.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import inf, sqrt
from typing import TypeAlias

import numpy as np

from glassgrad.engines.cpu.blocks.checked import Checked
from glassgrad.engines.cpu.blocks.deviations import mean_of
from glassgrad.engines.cpu.blocks.split import Shape, Split
from glassgrad.engines.cpu.blocks.steady import reduction_behind, steady, with_axes
from glassgrad.engines.cpu.quotients import QUOTIENT
from glassgrad.engines.cpu.rebuilt import Now
from glassgrad.graph.node import Node
from glassgrad.ops.compare import isfinite, logical_and, logical_or
from glassgrad.ops.elementwise import ADD, DIVIDE, MULTIPLY, NEGATIVE, SUBTRACT, add, divide, multiply, subtract
from glassgrad.ops.leaves import literal, zeros
from glassgrad.ops.rounding import absolute
from glassgrad.ops.select import where
from glassgrad.ops.structure import SUM

_MOST_PARTS = 16  # values that a sum is taken apart into
_LOST = 4.0  # two bits: how much larger the terms may be than those of a random walk to the same sums


# ------------------------------------------------------------------ the rules
@dataclass(frozen=True, slots=True)
class Together:
    """A sum or difference, of which each part is summed."""

    op: Callable[..., Node]
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Scaled:
    """A product with a factor that does not vary, or a quotient by it."""

    op: Callable[..., Node]
    part: Node
    factor: Node


@dataclass(frozen=True, slots=True)
class Weighted:
    """A product with a weight that varies, and is known early."""

    part: Node
    weight: Node


@dataclass(frozen=True, slots=True)
class Moved:
    """Numbers less a centre that follows from their total."""

    x: Node
    centre: Node
    total: Node


Rule: TypeAlias = Together | Scaled | Weighted | Moved

_OPS: dict[object, Callable[..., Node]] = {
    ADD: add,
    SUBTRACT: subtract,
    NEGATIVE: lambda x: -x,
    MULTIPLY: multiply,
    DIVIDE: divide,
    QUOTIENT: divide,
}


def _rule(value: Node, axes: Shape, sweeps: Mapping[Node, int]) -> Rule | None:
    """How the sum of a value is taken apart."""
    op = _OPS.get(value.op)
    if op is None:
        return None
    inputs = value.inputs[:2]
    x, y, factors = inputs[0], inputs[-1], [steady(node, axes) for node in inputs]
    if value.op is MULTIPLY and factors[0] is not None:
        return Scaled(op, y, factors[0])
    if value.op in (MULTIPLY, DIVIDE, QUOTIENT) and factors[1] is not None:
        return Scaled(op, x, factors[1])
    if value.op is MULTIPLY and sweeps[x] != sweeps[y]:
        return Weighted(y, x) if sweeps[x] < sweeps[y] else Weighted(x, y)
    if value.op is SUBTRACT and factors[1] is not None:
        total = reduction_behind(factors[1], SUM, x, axes)
        return None if total is None else Moved(x, factors[1], total)
    is_sum = value.op in (ADD, SUBTRACT, NEGATIVE) and all(factor is None for factor in factors)
    return Together(op, inputs) if is_sum else None


# ------------------------------------------------------------------ when it can be known
@dataclass(frozen=True, slots=True)
class Derivation:
    """How a sum follows from earlier ones: by these rules for some values; all others that it reads are summed."""

    rules: Mapping[Node, Rule]
    summed: frozenset[Node]

    @property
    def totals(self) -> Sequence[Node]:
        """The sums that means come from."""
        return [rule.total for rule in self.rules.values() if isinstance(rule, Moved)]


def derivation_of(node: Node, sweeps: Mapping[Node, int]) -> Derivation | None:
    """How a sum is known after fewer sweeps than what it adds up; None where it is not."""
    (value,), axes = node.inputs, node.param("axes")
    rules: dict[Node, Rule] = {}
    after: dict[tuple[Node, bool], int] = {}

    def known(x: Node, *, weighted: bool = False) -> int:
        """After how many sweeps it can be summed; with a weight, which no other can be in the place of."""
        if (x, weighted) not in after:
            after[x, weighted] = sweeps[x]
            rule = _rule(x, axes, sweeps) if sweeps[x] and len(after) <= _MOST_PARTS else None
            if rule is not None and not (weighted and isinstance(rule, Weighted)):
                rules[x] = rule
                after[x, weighted] = through(rule, weighted=weighted)
        return after[x, weighted]

    def through(rule: Rule, *, weighted: bool) -> int:
        match rule:
            case Together(parts=parts):
                return max([known(part, weighted=weighted) for part in parts])
            case Scaled(part=part):
                return known(part, weighted=weighted)
            case Weighted(part, weight):
                return max(known(part, weighted=True), sweeps[weight])
            case Moved(x=x):
                return sweeps[x]

    if not sweeps[value] or known(value) == sweeps[value]:
        return None
    rules = {x: rule for x, rule in rules.items() if sweeps[x] > after[value, False]}
    return Derivation(rules, frozenset(_summed(value, rules)))


def _summed(value: Node, rules: Mapping[Node, Rule]) -> set[Node]:
    """What is summed itself, or as a weight."""
    stack, seen, found = [value], {value}, set[Node]()
    while stack:
        x = stack.pop()
        match rules.get(x):
            case Together(parts=parts):
                later: Sequence[Node] = parts
            case Scaled(part=part):
                later = [part]
            case Weighted(part, weight):
                later = [part]
                found.add(weight)
            case Moved(x=numbers):
                later = []
                found.add(numbers)
            case _:
                later = []
                found.add(x)
        stack.extend([y for y in later if y not in seen])
        seen.update(later)
    return found


# ------------------------------------------------------------------ its sums
@dataclass(frozen=True, slots=True)
class Sums:
    """Of each block: the sum, and a size that no sum of some of its terms exceeds."""

    value: Node
    size: Node

    def only_where(self, condition: Node) -> "Sums":
        """The same, but of no known size elsewhere."""
        return Sums(self.value, where(condition, self.size, literal(inf, self.size.dtype, self.size.shape)))


@dataclass(frozen=True, slots=True)
class _Block:
    """One kind of blocks, and what is known of them."""

    derivation: Derivation
    split: Split
    now: Now
    done: dict[tuple[Node, Node | None], Sums] = field(default_factory=dict)

    def sums(self, value: Node, weight: Node | None = None) -> Sums:
        """The sums of a value, times its weight."""
        if (value, weight) not in self.done:
            self.done[value, weight] = self._made(value, weight)
        return self.done[value, weight]

    def _made(self, value: Node, weight: Node | None) -> Sums:
        match self.derivation.rules.get(value):
            case Together(op, parts):
                found = [self.sums(part, weight) for part in parts]
                return Sums(op(*[x.value for x in found]), reduce(add, [x.size for x in found]))
            case Scaled(op, part, factor):
                scaled, by = self.sums(part, weight), self._beside(factor)
                return Sums(op(scaled.value, by), op(scaled.size, absolute(by)))
            case Weighted(part, own):
                return self.sums(part, own).only_where(isfinite(self.sums(part).size))
            case Moved(x, centre, _):
                mean = mean_of(self.now(x), self.split)
                distance = subtract(self.split.data(self.now(x)), self.split.spread(mean))
                return self._weighted(value, distance, subtract(mean, self._beside(centre)), weight)
            case _:
                return self._weighted(value, self.split.data(self.now(value)), None, weight)

    def _weighted(self, value: Node, data: Node, offset: Node | None, weight: Node | None) -> Sums:
        """The sums of a value that is `data`, and in each block another number more."""
        weights = None if weight is None else self.split.data(self.now(weight))
        found = self._both(data if weights is None else multiply(weights, data))
        if offset is not None:
            count = literal(self.split.size, data.dtype, self.split.kept)
            each = Sums(count, count) if weights is None else self._both(weights)
            size = add(found.size, multiply(absolute(offset), each.size))
            found = Sums(add(found.value, multiply(offset, each.value)), size)
        if weights is None:
            return found
        least = literal(4 * self.split.size * float(np.finfo(data.dtype).tiny), data.dtype, self.split.kept)
        nothing = [x.size <= zeros(found.size.aval) for x in (self._both(weights), self.sums(value))]
        return found.only_where(reduce(logical_or, [found.size >= least, *nothing]))  # no digits underflowed

    def _both(self, data: Node) -> Sums:
        return Sums(self.split.reduced("sum", data), self.split.reduced("sum", absolute(data)))

    def _beside(self, factor: Node) -> Node:
        """What does not vary, beside each block."""
        return self.split.beside(with_axes(self.now(factor), self.split.axes, self.split.shape))


def linear_sum(value: Node, derivation: Derivation, splits: Sequence[Split], now: Now) -> Checked:
    """The sum of a value, with the axes kept, and where it is as good as if it were computed as it is written."""
    found = [(split, _Block(derivation, split, now).sums(value)) for split in splits]
    sums = reduce(add, [split.together("sum", sums.value) for split, sums in found])
    size = reduce(add, [split.together("sum", sums.size) for split, sums in found])
    walked = reduce(add, [split.together("sum", absolute(sums.value)) for split, sums in found])
    most = literal(_LOST * sqrt(splits[0].size), size.dtype, size.shape)
    return Checked(sums, logical_and(isfinite(size), size <= multiply(most, walked)))
