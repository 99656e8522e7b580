"""Indices as affine expressions of loop variables: how `x.T.reshape(6)[1:]` reaches the elements of `x`. Floor 4."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from glassgrad.graph.node import Node

_next_number = count().__next__


class Axis:
    """A loop variable: counts from 0 to `extent` - 1."""

    __slots__ = ("extent", "number")

    def __init__(self, extent: int) -> None:
        self.extent = extent
        self.number = _next_number()

    def __repr__(self) -> str:
        return f"i{self.number}<{self.extent}"


@dataclass(frozen=True)
class Quotient:
    """The whole part of an index divided by a number, where it is no affine expression."""

    of: "Affine"
    by: int

    @cached_property
    def extent(self) -> int:
        """One more than its largest value."""
        return self.of.bounds[1] // self.by + 1


@dataclass(frozen=True)
class Looked:
    """An index read from an array of indices, wrapped round where negative; `axis` is the one that it is for."""

    node: "Node"
    at: "Index"
    extent: int
    axis: int = 0


Symbol: TypeAlias = Axis | Quotient | Looked


@dataclass(frozen=True)
class Affine:
    """const + Σ coefficient · symbol."""

    terms: tuple[tuple[Symbol, int], ...]
    const: int

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.terms, self.const))

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest value."""
        low = high = self.const
        for symbol, coefficient in self.terms:
            reach = coefficient * (symbol.extent - 1)
            low += min(reach, 0)
            high += max(reach, 0)
        return low, high

    def plus(self, other: "Affine") -> "Affine":
        """The sum."""
        if not other.terms:
            return Affine(self.terms, self.const + other.const) if other.const else self
        if not self.terms:
            return Affine(other.terms, self.const + other.const) if self.const else other
        return _collected([*self.terms, *other.terms], self.const + other.const)

    def times(self, factor: int) -> "Affine":
        """The product with a number."""
        if factor == 1:
            return self
        if factor == 0:
            return ZERO
        return Affine(tuple([(symbol, c * factor) for symbol, c in self.terms]), self.const * factor)

    def shifted(self, by: int) -> "Affine":
        """A number added."""
        return Affine(self.terms, self.const + by) if by else self

    def divided(self, by: int) -> "Affine":
        """The whole part of the quotient."""
        if by == 1:
            return self
        whole = [(symbol, c // by) for symbol, c in self.terms if c % by == 0]
        rest = Affine(tuple([(symbol, c) for symbol, c in self.terms if c % by]), self.const)
        low, high = rest.bounds
        if low // by == high // by:
            return Affine(tuple(whole), low // by)
        return _collected([*whole, (Quotient(rest, by), 1)], 0)

    def remainder(self, by: int) -> "Affine":
        """What the division leaves."""
        if by == 1:
            return ZERO
        rest = Affine(tuple([(symbol, c) for symbol, c in self.terms if c % by]), self.const)
        low, high = rest.bounds
        if low // by == high // by:
            return rest.shifted(-(low // by) * by)
        return rest.plus(Affine(((Quotient(rest, by), -by),), 0))

    def axes(self) -> "set[Axis]":
        """The loop variables that it depends on, also through what is looked up."""
        found: set[Axis] = set()
        stack: list[Affine] = [self]
        while stack:
            for symbol, _ in stack.pop().terms:
                match symbol:
                    case Axis():
                        found.add(symbol)
                    case Quotient(of=inner):
                        stack.append(inner)
                    case Looked(at=index):
                        stack.extend(index)
        return found

    def coefficient(self, axis: Axis) -> int | None:
        """How far a step of this variable moves the index; None where that is not fixed."""
        result = 0
        for symbol, c in self.terms:
            if symbol is axis:
                result = c
            elif not isinstance(symbol, Axis) and axis in Affine(((symbol, 1),), 0).axes():
                return None
        return result

    def is_axis(self) -> Axis | None:
        """The loop variable that this is, with nothing added."""
        if not self.const and len(self.terms) == 1 and self.terms[0][1] == 1 and isinstance(self.terms[0][0], Axis):
            return self.terms[0][0]
        return None

    def __repr__(self) -> str:
        return " + ".join([f"{c}*{symbol!r}" for symbol, c in self.terms] + ([str(self.const)] if self.const else []))


Index: TypeAlias = tuple[Affine, ...]
ZERO = Affine((), 0)


def seam(offset: Affine, axis: Axis, lanes: int) -> Quotient | None:
    """The quotient at whose steps neighbours along an axis do not lie side by side but elsewhere do, as in a roll.

    Among so many neighbouring elements it steps once at most. None where there is no such quotient, or not only it.
    """
    moved = [symbol for symbol, _ in offset.terms if axis in Affine(((symbol, 1),), 0).axes()]
    match moved:
        case [Axis() as own, Quotient(of=of, by=by) as found] if by >= lanes and of.coefficient(axis) == 1:
            return found if (own, 1) in offset.terms else None
    return None


def _rank(symbol: Symbol) -> tuple[int, ...]:
    """Its place among the terms: the same in every process, for the text that is made of it is a key on disk."""
    match symbol:
        case Axis():
            return (0, symbol.number)
        case Quotient(of=inner, by=by):
            return (1, by, *sorted(axis.number for axis in inner.axes()))
        case Looked(node=node):
            return (2, node.serial)


def _collected(terms: Iterable[tuple[Symbol, int]], const: int) -> Affine:
    found: dict[Symbol, int] = {}
    for symbol, c in terms:
        found[symbol] = found.get(symbol, 0) + c
    return _in_order(found, const)


def _in_order(found: Mapping[Symbol, int], const: int) -> Affine:
    kept = [(symbol, c) for symbol, c in found.items() if c]
    if len(kept) > 1:
        kept.sort(key=lambda term: _rank(term[0]))
    return Affine(tuple(kept), const)


def substituted(part: Affine, values: Mapping[Axis, Affine]) -> Affine:
    """The index with other expressions in place of loop variables."""
    result = Affine((), part.const)
    for symbol, c in part.terms:
        match symbol:
            case Axis():
                new = values[symbol] if symbol in values else Affine(((symbol, 1),), 0)
            case Quotient(of=inner, by=by):
                new = substituted(inner, values).divided(by)
            case Looked(at=at):
                new = Affine(((replace(symbol, at=tuple([substituted(x, values) for x in at])), 1),), 0)
        result = result.plus(new.times(c))
    return result


def number(value: int) -> Affine:
    """A fixed index."""
    return Affine((), value) if value else ZERO


def variable(axis: Axis) -> Affine:
    """The loop variable as an index; an axis of one element is always at 0."""
    return ZERO if axis.extent == 1 else Affine(((axis, 1),), 0)


def flattened(index: Sequence[Affine], shape: Sequence[int]) -> Affine:
    """The position in C order."""
    result = ZERO
    for part, size in zip(index, shape, strict=True):
        result = result.times(size).plus(part)
    return result


def unflattened(position: Affine, shape: Sequence[int]) -> Index:
    """The index of a position in C order."""
    if 0 in shape:  # nothing is ever read there
        return (ZERO,) * len(shape)
    parts: list[Affine] = []
    for size in reversed(shape[1:]):
        parts.append(position.remainder(size))
        position = position.divided(size)
    return (*([position] if shape else []), *reversed(parts))


def offset_of(index: Sequence[Affine], strides: Sequence[int]) -> Affine:
    """Σ index · stride."""
    found: dict[Symbol, int] = {}
    const = 0
    for part, stride in zip(index, strides, strict=True):
        const += part.const * stride
        for symbol, c in part.terms:
            found[symbol] = found.get(symbol, 0) + c * stride
    return _in_order(found, const)


@lru_cache(1024)
def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of C order, in elements."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))
