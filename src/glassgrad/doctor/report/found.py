"""What an examination or a watch found: the data that reports are printed from. Floor 7."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.ledger.ledger import Ledger
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.symptoms.symptom import Symptom

Verdict: TypeAlias = Literal["healthy", "slow but flowing", "sick", "unknown"]


@dataclass(frozen=True, slots=True)
class Found:
    """What the doctor found.

    `symptoms` and `causes` come with the surest first, `cures` with the best first. Of a healthy training there are
    none (but wiring that is wrong although the loss falls is a finding). `notes` say what could not be told.
    """

    verdict: Verdict
    title: str  # the verdict in a sentence
    learning: Learning
    symptoms: tuple[Symptom, ...]
    causes: tuple[Cause, ...]
    cures: tuple[Cure, ...]
    ledger: Ledger | None
    trace: Trace
    worth_trying: tuple[tuple[str, str], ...] = field(default=())  # (title, code) of cures that were not run
    notes: tuple[str, ...] = field(default=())
    seconds: float = 0.0

    @property
    def is_healthy(self) -> bool:
        """Nothing found?"""
        return self.verdict in ("healthy", "slow but flowing") and not self.causes

    @property
    def remedy(self) -> tuple[str, str] | None:
        """What to do, as (title, code): the best cure that worked, or else the first that is worth trying."""
        for cure in self.cures:
            if cure.works:
                return cure.title, cure.code
        return self.worth_trying[0] if self.worth_trying else None
