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
    test: tuple[Edit, ...] | None = None  # what is tried, where it is not the first cure
    is_tested: bool = True  # False: the evidence is such that a run would add nothing

    @property
    def trial(self) -> tuple[Edit, ...]:
        """The edits that show whether it is so."""
        if not self.is_tested:
            return ()
        return self.test if self.test is not None else (self.cures[0] if self.cures else ())


Suspect: TypeAlias = Callable[[Case], Suspicion | None]
