"""What a watched loop does with gradients: are they cleared, and is there a step? Floor 7."""

from collections.abc import Sequence
from typing import Any

_LOOKED_AT = 2  # of the first and of the last parameters of each optimiser, whose gradients are followed


class Wires:
    """Follows the gradients of a few parameters of one optimiser through its steps, without a synchronisation.

    A gradient that is kept is the same tensor, changed by nobody but the backward pass.
    """

    def __init__(self, optimizer: Any) -> None:
        found = [one for group in optimizer.param_groups for one in group["params"] if one.requires_grad]
        self._parameters: Sequence[Any] = [*found[:_LOOKED_AT], *found[_LOOKED_AT:][-_LOOKED_AT:]]
        self._seen: list[tuple[int, int] | None] = []
        self._is_cleared = True
        self.kept = 0  # steps whose gradients hold those of the step before
        self.steps = 0

    def _states(self) -> list[tuple[int, int] | None]:
        gradients = [one.grad for one in self._parameters]
        return [
            None if one is None or one.is_sparse else (one.data_ptr(), one._version)  # noqa: SLF001 - counts the changes
            for one in gradients
        ]

    def before_backward(self) -> bool:
        """Have gradients been cleared since the last look?"""
        held = [(before, now) for before, now in zip(self._seen, self._states(), strict=False) if before is not None]
        cleared = not held or any(before != now for before, now in held)
        self._is_cleared = self._is_cleared or cleared
        return cleared

    def after_backward(self) -> None:
        """Looks at what the backward pass left."""
        self._seen = self._states()

    def after_step(self) -> None:
        """The step is made; if its gradients were not cleared since the last (a closure may do it), that counts."""
        if self.steps and not self._is_cleared and any(self._seen):
            self.kept += 1
        self.steps += 1
        self._is_cleared = False
        self._seen = self._states()
