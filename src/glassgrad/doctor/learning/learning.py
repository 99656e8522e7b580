"""The verdict on a loss curve. Floor 7."""

from dataclasses import dataclass
from math import nan
from typing import Literal, TypeAlias

Course: TypeAlias = Literal["learns", "slow", "stuck", "diverges", "oscillates", "fails"]


@dataclass(frozen=True, slots=True)
class Learning:
    """How a training goes.

    learns: far better than a constant prediction, or on a steady way there. slow: the loss falls steadily but by
    little; longer training may do. stuck: no better than at the start or than a constant. diverges: worse than at the
    start. oscillates: up and down without gain. fails: no finite number any more.
    """

    course: Course
    first: float  # the loss at the start …
    last: float  # … and at the end, smoothed
    best: float
    baseline: float = nan  # of a constant prediction
    gained: float = 0.0  # share of the way from the start (or the baseline, if smaller) to the least loss
    steps: int = 0
    reason: str = ""  # in a sentence, with the numbers

    @property
    def is_learning(self) -> bool:
        """Is nothing to be found, whatever the gradients look like?"""
        return self.course == "learns"
