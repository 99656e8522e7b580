"""The kernels of a module by likeness: one that comes again is called, not written. Floor 4."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace

from glassgrad.engines.cpu.emit.kernels import Surroundings
from glassgrad.engines.cpu.emit.late import KernelText
from glassgrad.engines.cpu.emit.likeness import NUMBERS, Likeness, Number, likeness, outline
from glassgrad.engines.cpu.plan.kernels import Kernel
from glassgrad.graph.node import Node

Write = Callable[[Surroundings], tuple[str, KernelText]]


@dataclass(frozen=True, slots=True)
class KernelCall:
    """A function and what it is given: the addresses of values, so many elements on, and those of `numbers`."""

    name: str
    given: tuple[tuple[Node, int], ...]
    numbers: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True)
class _Written:
    name: str
    values: tuple[Node, ...]
    like: Likeness

    def called_for(self, other: Likeness) -> KernelCall:
        """The call that does the work of a kernel like the one that this was written for."""
        own = list(other.arrays)
        given = []
        for node in self.values:
            place = self.like.arrays.get(node)
            further = 0 if place is None else other.starts[place] - self.like.starts[place]
            given.append((node if place is None else own[place], further))
        return KernelCall(self.name, tuple(given), other.numbers if NUMBERS in self.values else ())


@dataclass(eq=False, slots=True)
class _Family:
    """Kernels that differ in their numbers at most: one for each set of numbers, or one that is given them."""

    exact: dict[tuple[Number, ...], _Written] = field(default_factory=dict)
    general: _Written | None = None


@dataclass(eq=False, slots=True)
class _Outline:
    """The kernels of one outline; the `first` is looked at closely when there is a second."""

    first: tuple[Kernel, Surroundings, str, tuple[Node, ...]] | None
    families: dict[Hashable, _Family] = field(default_factory=dict)

    def open(self) -> None:
        """Files the first kernel."""
        if self.first is not None:
            kernel, around, name, values = self.first
            self.first, like = None, likeness(kernel, around.roles, around.kept, around.homes)
            if like is not None:
                self.families[like.words] = _Family({like.numbers: _Written(name, values, like)})


class Repeated:
    """What a module has written so far."""

    def __init__(self) -> None:
        self._outlines: dict[Hashable, _Outline] = {}

    def call(self, kernel: Kernel, around: Surroundings, place: Hashable, write: Write) -> KernelCall:
        """The call of a kernel's function, which is written only if none does; at another `place` it is another."""
        key = place, outline(kernel)
        known = self._outlines.get(key)
        if known is None:
            name, text = write(around)
            self._outlines[key] = _Outline((kernel, around, name, text.values))
            return _own(name, text)
        known.open()
        like = likeness(kernel, around.roles, around.kept, around.homes)
        if like is None:
            return _own(*write(around))
        family = known.families.setdefault(like.words, _Family())
        found = family.exact.get(like.numbers) or family.general
        if found is None:
            is_first = not family.exact
            numbers = {} if is_first else {number: place for place, number in enumerate(like.numbers)}
            name, text = write(replace(around, numbers=numbers))
            found = _Written(name, text.values, like)
            if is_first:
                family.exact[like.numbers] = found
            else:
                family.general = found
        return found.called_for(like)


def _own(name: str, text: KernelText) -> KernelCall:
    return KernelCall(name, tuple([(node, 0) for node in text.values]))
