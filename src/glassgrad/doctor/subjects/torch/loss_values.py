"""The losses of a watched loop, by step, as numbers: no tensor of a step is kept for longer than it takes. Floor 7."""

from math import isfinite, nan
from typing import Any

import torch

_TOGETHER = 256  # numbers of an accelerator that wait, to be read in one synchronisation


class LossValues:
    """Takes down the loss of each backward pass, and which passes a step closes."""

    def __init__(self) -> None:
        self._numbers: list[float] = []  # of passes, as far as they were read
        self._waiting: list[Any] = []  # those after them, on their device
        self._passes: list[range] = []  # of each step
        self._open = 0  # the first pass of the step that is under way
        self._count = 0

    def add(self, loss: Any) -> bool:
        """A backward pass begins at a loss. Is it known by now to be no number?"""
        value = loss.detach()
        value = value.reshape(()) if value.numel() == 1 else value.sum()
        self._count += 1
        if value.device.type == "cpu" and not self._waiting:
            self._numbers.append(float(value))
            return not isfinite(self._numbers[-1])
        self._waiting.append(value)
        if len(self._waiting) >= _TOGETHER:
            self._read()
        return False

    def _read(self) -> None:
        together = len({value.device for value in self._waiting}) == 1
        self._numbers += torch.stack(self._waiting).tolist() if together else [float(one) for one in self._waiting]
        self._waiting = []

    @property
    def has_open(self) -> bool:
        """Was there a backward pass since the last step?"""
        return self._count > self._open

    def forget_open(self) -> None:
        """The gradients of the passes since the last step are gone."""
        self._open = self._count

    def close(self, *, first_alone: bool = False) -> None:
        """A step has taken the gradients; `first_alone`, where the others were looks along a line."""
        last = min(self._count, self._open + 1) if first_alone else self._count
        self._passes.append(range(self._open, last))
        self._open = self._count

    @property
    def steps(self) -> int:
        """Steps that were closed."""
        return len(self._passes)

    def first_bad(self) -> tuple[int, float] | None:
        """The first step with a loss that is no number, and that loss; steps without a backward pass have none."""
        losses = zip(self._passes, self.all(), strict=False) if self._passes else ((True, one) for one in self.all())
        return next(((step, loss) for step, (one, loss) in enumerate(losses) if one and not isfinite(loss)), None)

    def all(self) -> tuple[float, ...]:
        """The loss of each step; of several backward passes into one step their sum. Before a step, of each pass."""
        self._read()
        passes = self._passes or [range(place, place + 1) for place in range(self._open, self._count)]
        return tuple(sum(self._numbers[place] for place in one) if one else nan for one in passes)
