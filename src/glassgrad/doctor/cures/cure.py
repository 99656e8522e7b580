"""What a tried cure is. Floor 7."""

from dataclasses import dataclass

from glassgrad.doctor.subjects.edits import Edit


@dataclass(frozen=True, slots=True)
class Cure:
    """Edits that were tried. `losses` are curves, one a seed, beside `untreated` on the same seeds and batches."""

    edits: tuple[Edit, ...]
    title: str  # "Standardise the inputs"
    code: str  # the edit as code
    cause: str  # the name of the cause it is for
    losses: tuple[tuple[float, ...], ...]
    untreated: tuple[tuple[float, ...], ...]
    before: tuple[float, ...]  # the judged loss (or 1 − accuracy) of each untreated seed at the end …
    after: tuple[float, ...]  # … and of each treated one
    helped: int  # on how many seeds the treated training learns
    effect: float  # median of the improvement: 0 nothing, 1 all the way from the baseline to the least loss
    spread: tuple[float, float]  # quartiles (or least and largest) of the improvement
    why_not: str | None = None  # it could not be tried: the reason

    @property
    def works(self) -> bool:
        """Does the training learn with it, on most seeds?"""
        return self.why_not is None and self.helped * 2 > len(self.after) > 0
