"""The ledger of one sample. Floor 7."""

from collections.abc import Sequence
from dataclasses import dataclass

from glassgrad.doctor.measured.sample import Family, Link


@dataclass(frozen=True, slots=True)
class Entry:
    """A link on the way from the loss to the first weight."""

    path: str
    operation: str
    family: Family
    gain: float
    decades: float  # log10(gain): they add up; -inf where nothing leaves
    total: float  # log10 of the gradient's norm after this link
    formula: str
    place: str | None
    is_broken: bool  # it took (or gave) as much, or nearly, as the link that took the most of what is missing
    weights: tuple[tuple[str, float | None], ...] = ()  # its parameters: (path, norm of the gradient)
    time: tuple[float, ...] = ()  # of a recurrent link: decades from the last step of time to each before


def way(links: Sequence[Entry | Link]) -> int:
    """How many links, from the loss on, the gradient of the first weight has passed (not its own)."""
    return len(links) - 1 if len(links) > 1 and links[-1].family == "weights" else len(links)


@dataclass(frozen=True, slots=True)
class Ledger:
    """From the loss backwards, at one step."""

    step: int
    entries: tuple[Entry, ...]
    by_family: tuple[tuple[Family, float], ...]  # decades each family took or gave, what took most first
    says: str  # in a sentence: which links took how much

    @property
    def start(self) -> float:
        """log10 of the norm of the gradient that leaves the loss: what the others are compared with."""
        return self.entries[0].total if self.entries else 0.0

    @property
    def broken(self) -> tuple[Entry, ...]:
        """The links that took (or gave) the most."""
        return tuple(entry for entry in self.entries if entry.is_broken)
