"""How often a watched training is sampled: so that measuring takes a twentieth of its time at most. Floor 7."""

from collections import deque
from statistics import median
from time import perf_counter

SHARE = 0.04  # of the training's time, for samples
_FIRST = (0, 3, 9, 21, 45)  # steps that are sampled in any case: a verdict needs some


class Pace:
    """Times the steps, and chooses those that are sampled. `every` fixes the distance."""

    def __init__(self, every: int | None) -> None:
        self._every = every
        self._plain: deque[float] = deque(maxlen=64)
        self._sampled: list[float] = []
        self._last = self._begun = perf_counter()
        self._own = 0.0
        self._next = 0
        self._furthest = 0

    def is_due(self, step: int) -> bool:
        """Is this step to be sampled?"""
        return step >= self._next

    def add(self, seconds: float) -> None:
        """Counts time of our own in a step that is not sampled."""
        self._own += seconds

    def ended(self, step: int, *, was_sampled: bool) -> None:
        """A step has ended."""
        now = perf_counter()
        took, self._last = now - self._last, now
        if not was_sampled:
            self._plain.append(took)
            return
        self._sampled.append(took)
        self._next = step + (self._every or self._distance(step))

    def _distance(self, step: int) -> int:
        first = next((one for one in _FIRST if one > step), None)
        if not self._plain:
            return 3 if first is None else first - step
        usual = median(self._plain)
        cost = max(median(self._sampled[-5:]) - usual, 0.0)
        wanted = max(1, round(cost / (SHARE * usual)), step // 100)
        return wanted if first is None else min(wanted, first - step)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return perf_counter() - self._begun

    @property
    def overhead(self) -> float:
        """Seconds that measuring took: what sampled steps took beyond a usual one, and our own time in the others."""
        usual = median(self._plain) if self._plain else 0.0
        return self._own + sum(max(0.0, took - usual) for took in self._sampled if self._plain)
