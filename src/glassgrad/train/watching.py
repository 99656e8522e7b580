"""A doctor's visit to a run: copies of what some steps begin with, and how a broken step can be made again. Floor 7.

The visit changes nothing: each step gets the arrays that it would have got, and gives what it would have given. Nor
does it break anything: where watching fails, the run goes on unwatched, and the report says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from glassgrad.base.naming import counted
from glassgrad.base.trees import flatten, map_leaves
from glassgrad.doctor.subjects.own.machine import State
from glassgrad.doctor.subjects.own.visit import Moment, Visit, copied, real_rows
from glassgrad.optim.optimizer import Optimizer
from glassgrad.train.data.batches import Batch
from glassgrad.train.run import Run
from glassgrad.train.step import Arrays, Measured, Program, TrainState

_MOST = 64  # steps that are made again at most …
_MEMORY = 64 * 2**20  # … and bytes of their batches


@dataclass(slots=True)
class Watching:
    """What is kept of a run for its visit: the state some steps ago, and the batches since."""

    visit: Visit
    program: Program
    frozen: Arrays
    behind: TrainState | None = None  # a copy of the state before the first of …
    since: list[Batch] = field(default_factory=list)  # … these batches
    room: int = _MOST
    left: TrainState | None = None  # what the step before gave

    def before(self, run: Run, batch: Batch) -> None:
        """A step is about to be made."""
        self._try(self._before, run, batch)

    def after(self, run: Run, measured: Measured, seconds: float) -> None:
        """The step was made, in so many seconds."""
        self.visit.seconds += seconds
        self._try(self._after, run, measured)

    def ended(self, run: Run) -> None:
        """The run is over, or broken off."""
        self._try(self._ended, run)

    def _try(self, function: Callable[..., None], *arguments: Any) -> None:
        """Watches, unless it has failed before; counts the time it takes."""
        if self.visit.notes:
            return
        began = perf_counter()
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001 - the run that is watched goes on
            steps = counted(len(self.visit.losses), "step")
            self.visit.notes = (f"the run was watched for {steps} only: {type(error).__name__}: {error}",)
            self.behind, self.since, self.left = None, [], None
        self.visit.overhead += perf_counter() - began

    def _before(self, run: Run, batch: Batch) -> None:
        if len(self.since) >= self.room or self.behind is None or run.state is not self.left:
            self.behind, self.since = map_leaves(np.array, run.state), []
            self.room = max(1, min(_MOST, _MEMORY // max(_nbytes(batch), 1)))
        self.since.append(batch)
        self.visit.note_batch(batch.values, batch.mask)
        if self.visit.wants():
            self.visit.note(moment_of(run.state, batch, len(self.visit.losses)))

    def _after(self, run: Run, measured: Measured) -> None:
        self.left = run.state  # a callback may put another in its place
        self.visit.stepped(float(measured.loss), measured.norms["update"])
        if measured.is_lost:
            self.visit.broken = self.again

    def _ended(self, run: Run) -> None:
        self.visit.last = State(copied(run.state.parameters), copied(run.state.states), None, np.int64(0))
        self.left = None
        if self.visit.broken is None:
            self.behind, self.since = None, []

    def again(self) -> tuple[Moment, dict[str, Any]] | None:
        """(what the last step began with, the parameters after it): the steps since the copy are made once more."""
        if self.behind is None or not self.since:
            return None
        state = map_leaves(np.array, self.behind)
        for batch in self.since[:-1]:
            state, _ = self.program.step(state, self.frozen, batch.values, batch.mask)
        moment = moment_of(state, self.since[-1], len(self.visit.losses) - 1)
        after, _ = self.program.step(state, self.frozen, self.since[-1].values, self.since[-1].mask)
        return moment, after.parameters


def watching_of(run: Run, loss: Any, optimizer: Optimizer, program: Program, frozen: Arrays) -> Watching:
    """A visit to a run that begins: it is the run's `visit` from now on."""
    run.visit = Visit(run.model, loss, optimizer)
    return Watching(run.visit, program, frozen)


def moment_of(state: TrainState, batch: Batch, step: int) -> Moment:
    """Copies of what a step begins with."""
    return Moment(
        step,
        copied(state.parameters),
        copied(state.states),
        real_rows(batch.values, batch.mask),
        np.array(state.key),
        int(state.step),
    )


def _nbytes(batch: Batch) -> int:
    return sum(np.asarray(leaf).nbytes for leaf in flatten(batch.values)[0])
