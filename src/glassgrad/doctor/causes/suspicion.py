"""A suspicion: a cause before it is tested. Floor 7."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.cause import CauseName
from glassgrad.doctor.subjects.edits import Edit

Kind: TypeAlias = Literal["plain", "specific", "general", "last"]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What speaks for a cause before anything is tried, and which edit would show it.

    `kind`: "plain" stands by itself and is said even where the training learns (wiring, constant labels); "specific"
    is a fact about this set-up; "general" helps with many faults (another rate, another optimiser), so a specific one
    that explains the same goes before it; "last" is left where nothing that was tried helped.
    """

    name: CauseName
    title: str
    link: str | None
    prior: float
    evidence: tuple[str, ...]
    cures: tuple[tuple[Edit, ...], ...] = ()
    kind: Kind = "specific"
    tests: tuple[tuple[Edit, ...], ...] = ()  # what is tried, one after the other until one helps; else the first cure
    is_known: bool = False  # a test that does not help takes nothing away: it is so, and there is more that is wrong
    is_tested: bool = True  # False: the evidence is such that a run would add nothing

    @property
    def trials(self) -> tuple[tuple[Edit, ...], ...]:
        """The edits that show whether it is so."""
        if not self.is_tested:
            return ()
        return self.tests or self.cures[:1]


Suspect: TypeAlias = Callable[[Case], Suspicion | None]
