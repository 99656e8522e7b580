"""Which epoch's model is the best, and when there were enough without a better one. Floor 7."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.base.naming import counted
from glassgrad.optim.rates import checked_number


@dataclass(slots=True)
class Selection:
    """Watches one number of each epoch. `waiting` epochs in a row were not better than the best by `tolerance`."""

    monitor: str
    largest: bool = False
    patience: int | None = None
    tolerance: float = 0.0
    best: tuple[int, float] | None = None  # (epoch, value)
    waiting: int = 0
    has_warned: bool = False

    def __post_init__(self) -> None:
        checked_number(self.tolerance, "the tolerance of a run")
        is_count = isinstance(self.patience, int) and not isinstance(self.patience, bool) and self.patience >= 0
        if self.patience is not None and not is_count:
            raise UsageError(f"patience is a number of epochs from 0, or None, found {self.patience!r}")

    def is_best(self, epoch: int, record: dict[str, Any]) -> bool:
        """Takes in the numbers of an epoch, and says whether it is the best so far."""
        value = self._value(record)
        gain = -math.inf if not math.isfinite(value) else math.inf
        if self.best is not None and math.isfinite(value):
            gain = value - self.best[1] if self.largest else self.best[1] - value
        if not math.isfinite(value) and not self.has_warned:
            self.has_warned = True
            warnings.warn(f"{self.monitor} is {value} in epoch {epoch}: it cannot be the best", RuntimeWarning, 2)
        self.waiting = 0 if gain > self.tolerance else self.waiting + 1
        if gain <= 0:
            return False
        self.best = (epoch, value)
        return True

    def _value(self, record: dict[str, Any]) -> float:
        if self.monitor not in record:
            known = ", ".join(name for name in record if name not in ("epoch", "step", "seconds"))
            raise UsageError(f"the run has no {self.monitor!r} to monitor", hint=f"it has {known}")
        return float(record[self.monitor])

    @property
    def why_enough(self) -> str | None:
        """Why the run should stop now; None where it should not."""
        if self.patience is None or self.waiting <= self.patience:
            return None
        return f"{self.monitor} was not better for {counted(self.waiting, 'epoch')}"
