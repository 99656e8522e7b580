"""What can be examined: a set-up that can be read, run afresh, edited on a copy, and quoted as code. Floor 7."""

from collections.abc import Sequence
from typing import Protocol, Self

from glassgrad.doctor.measured.setup import Setup
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.edits import Edit


class Cannot(Exception):  # noqa: N818 - it is caught as an answer, not reported as an error
    """An edit that this subject cannot take (a residual link in a model without two equal shapes); str() says why."""


class Subject(Protocol):
    """A training set-up of either framework: model, loss, data, optimiser. Never changed: runs work on copies.

    The person's random state (`torch.get_rng_state`, NumPy's) is as before after every call.
    """

    def setup(self) -> Setup:
        """What it is, read from its objects and from up to 32 batches."""
        ...

    def run(
        self, steps: int, *, seed: int | None = None, samples: Sequence[int] = (), seconds: float | None = None
    ) -> Trace:
        """Trains a copy for so many steps (or until `seconds` are over), sampled at these steps.

        `seed` None: the person's own weights, batches in the person's order. A number: a fresh start of the same kind –
        each weight array's entries shuffled (same distribution; zeros stay zeros), another order of batches, other
        dropout. The first non-finite number is traced to its origin and ends the run.
        """
        ...

    def edited(self, *edits: Edit) -> Self:
        """A copy with the edits made, in order. Raises Cannot."""
        ...

    def code(self, edit: Edit) -> str:
        """The edit as the person would write it in their own code: a few lines, `- old` / `+ new` where it replaces."""
        ...

    def fits_one_batch(self, steps: int, *, seed: int | None = None) -> tuple[float, float]:
        """(loss before, loss after) training on the first batch alone, without dropout and weight decay."""
        ...
