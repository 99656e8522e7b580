"""A training set-up of our own as a subject: read, run on copies, edited, quoted as code. Floor 7."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from glassgrad.doctor.measured.setup import Setup
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.edits import Edit, NoDecay
from glassgrad.doctor.subjects.own.batches import Batches
from glassgrad.doctor.subjects.own.code import code_of
from glassgrad.doctor.subjects.own.editing import edited
from glassgrad.doctor.subjects.own.machine import Machine
from glassgrad.doctor.subjects.own.reading import read
from glassgrad.doctor.subjects.own.running import run
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.optim.optimizer import Optimizer


@dataclass(frozen=True, slots=True, eq=False)
class OwnSubject:
    """Model, loss, batches and optimiser. `rate_factor` multiplies the rate, `longer` the steps of a run."""

    model: Any
    loss: Any
    batches: Batches
    optimizer: Optimizer
    rate_factor: float = 1.0
    longer: float = 1.0
    target_scale: tuple[Any, Any] | None = None  # (mean, deviation) that targets were standardised by
    kept: dict[str, Any] = field(default_factory=dict, repr=False)  # what was made when it was needed

    def setup(self) -> Setup:
        """What it is."""
        if "setup" not in self.kept:
            self.kept["setup"] = read(self)
        found: Setup = self.kept["setup"]
        return found

    @property
    def machine(self) -> Machine:
        """The compiled functions."""
        if "machine" not in self.kept:
            self.kept["machine"] = Machine(self.model, self.loss, self.optimizer, self.setup().loss)
        found: Machine = self.kept["machine"]
        return found

    def run(
        self, steps: int, *, seed: int | None = None, samples: Sequence[int] = (), seconds: float | None = None
    ) -> Trace:
        """Trains a copy; see `Subject`."""
        return run(self, max(1, round(steps * self.longer)), seed, samples, seconds)

    def edited(self, *edits: Edit) -> Self:
        """A copy with the edits made, in order. Raises Cannot."""
        found = self
        for edit in edits:
            found = edited(found, edit)
        return found

    def code(self, edit: Edit) -> str:
        """The edit as the person would write it."""
        return code_of(edit, self.setup())

    def fits_one_batch(self, steps: int, *, seed: int | None = None) -> tuple[float, float]:
        """(loss before, loss after) training on the first batch alone, without dropout and weight decay."""
        try:
            plain = self.edited(NoDecay())
        except Cannot:
            plain = self
        one = replace(
            plain, batches=replace(self.batches, values=self.batches.values[:1]), kept={"setup": self.setup()}
        )
        trace = one.run(steps, seed=seed)
        before = trace.before if trace.before is not None else trace.losses[0]
        return before, trace.after if trace.after is not None else trace.losses[-1]
