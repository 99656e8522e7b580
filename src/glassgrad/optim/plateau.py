"""A rate that falls when the loss no longer does. Floor 6.

It needs the loss, which an optimiser does not see, and mostly that of the validation, once in an epoch: so it is a rule
of its own that takes the optimiser's state and gives it back with other rates. Pure, so it may run inside of `jit` too.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.optim.optimizer import State
from glassgrad.optim.rates import Rate, as_number, changed_rates, checked_number


@dataclass(frozen=True, slots=True)
class Watch:
    """What a plateau remembers: the best loss, for how many losses there was no better one, how long it still rests."""

    best: Any
    bad: Any
    resting: Any


@dataclass(frozen=True, slots=True)
class Plateau:
    """Multiplies the rates by `factor` after more than `patience` losses that are not better than the best.

    Better is smaller by a part of `threshold` (by that amount where `relative` is False; larger where `largest`).
    After a change it rests for `cooldown` losses. No rate falls below `smallest`, and none by less than `eps`. The
    rules are those of PyTorch's `ReduceLROnPlateau`. Schedules are scaled as a whole.

    >>> plateau, optimizer = optim.Plateau(patience=1), optim.sgd(0.5)
    >>> state, watch = optimizer.start(np.ones(2)), plateau.start()
    >>> for loss in [3.0, 2.0, 2.5, 2.5, 2.5]:
    ...     watch, state = plateau.update(watch, state, loss)
    >>> optim.rates(state)
    {'rate': np.float64(0.05)}
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    relative: bool = True
    largest: bool = False
    cooldown: int = 0
    smallest: float = 0.0
    eps: float = 1e-8

    def __post_init__(self) -> None:
        checked_number(self.factor, "the factor of a plateau", high=1.0, open_end=True)
        for name in ("patience", "threshold", "cooldown", "smallest", "eps"):
            checked_number(getattr(self, name), f"the {name} of a plateau")

    def start(self) -> Watch:
        """Before the first loss."""
        return Watch(np.float64(-np.inf if self.largest else np.inf), np.int64(0), np.int64(0))

    def update(self, watch: Watch, state: State, loss: Any) -> tuple[Watch, State]:
        """After one more loss: what is remembered, and the optimiser's state with rates that may have fallen."""
        if np.ndim(loss) != 0:
            raise UsageError(f"a plateau takes one number as the loss, found an array of {np.ndim(loss)} axes")
        loss = as_number(loss)
        better = loss > self._mark(watch.best) if self.largest else loss < self._mark(watch.best)
        bad = np.where(better | (watch.resting > 0), 0, watch.bad + 1)
        falls = bad > self.patience
        after = Watch(
            np.where(better, loss, watch.best),
            np.where(falls, 0, bad),
            np.where(falls, self.cooldown, np.maximum(watch.resting - 1, 0)),
        )
        return after, changed_rates(state, lambda rate: self._fallen(rate, falls))

    def _mark(self, best: Any) -> Any:
        """What a loss has to pass to be better."""
        by = self.threshold if self.largest else -self.threshold
        return best * (1.0 + by) if self.relative else best + by

    def _fallen(self, rate: Rate, falls: Any) -> Rate:
        now = rate.now()
        lower = np.maximum(now * self.factor, self.smallest)
        share = np.where(now > 0.0, lower / np.where(now > 0.0, now, 1.0), 1.0)
        return replace(rate, scale=np.where(falls & (now - lower > self.eps), rate.scale * share, rate.scale))
