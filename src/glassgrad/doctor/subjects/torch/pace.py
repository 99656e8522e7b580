"""Which steps of a watched training are sampled: as many as cost a small share of its time, and no more. Floor 7."""

from collections import deque
from math import inf
from statistics import median
from time import perf_counter

SHARE = 0.025  # of the training's time, for samples
_FIRST = (0, 3, 9, 21, 45)  # steps that are sampled as soon as the time allows; the first two in any case, …
_SPARE = 0.1  # … the others if all take less than so many seconds, which a person hardly waits for
_APART = 100  # later ones come after at least a hundredth of the steps before them


class Pace:
    """Times the steps, and chooses those that are sampled. `every` fixes their distance instead."""

    def __init__(self, every: int | None) -> None:
        self._every = every
        self._plain: deque[float] = deque(maxlen=64)  # seconds of the latest steps without a sample
        self._costs: deque[float] = deque(maxlen=5)  # of the latest samples, seconds beyond a plain step
        self._count = 0
        self._last = self._begun = perf_counter()
        self._own = 0.0
        self._next = 0  # no sample before this step …
        self._not_before = -inf  # … and this second

    def is_due(self, step: int) -> bool:
        """Is this step to be sampled?"""
        return step >= self._next and self.seconds >= self._not_before

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
        self._count += 1
        if self._plain:  # there are none before the first sample, whose step has all that PyTorch does once in it
            self._costs.append(max(0.0, took - median(self._plain)))
        if self._every is not None:
            self._next = step + self._every
            return
        self._next = next((one for one in _FIRST if one > step), step + max(1, step // _APART))
        if self._costs:
            with_the_next = (self._count + 1) * median(self._costs)
            is_spare = self._count < len(_FIRST) and with_the_next <= _SPARE
            self._not_before = -inf if is_spare else with_the_next / SHARE

    @property
    def seconds(self) -> float:
        """Since it began."""
        return perf_counter() - self._begun

    @property
    def overhead(self) -> float:
        """Seconds that measuring took: samples at the price of the latest ones, and our own time in other steps."""
        return self._own + (self._count * median(self._costs) if self._costs else 0.0)
