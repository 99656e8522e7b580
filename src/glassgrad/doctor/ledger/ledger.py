"""The ledger of one sample. Floor 7."""

from dataclasses import dataclass

from glassgrad.doctor.measured.sample import Family


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
    is_broken: bool  # the link that took the most of what is missing (at most a few)


@dataclass(frozen=True, slots=True)
class Ledger:
    """From the loss backwards, at one step."""

    step: int
    entries: tuple[Entry, ...]
    by_family: tuple[tuple[Family, float], ...]  # decades each family took or gave
    says: str  # in a sentence: which links took how much
