"""The loop of a run: epochs of steps, validation, the best model, checkpoints, and who is told. Floor 7."""

import math
import warnings
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad.base.errors import CheckpointError, GlassgradError
from glassgrad.base.naming import counted
from glassgrad.nn.objective import Objective, Supervised
from glassgrad.optim.rates import rates
from glassgrad.train.checkpoint import Checkpoints
from glassgrad.train.data.batches import Batch, Order, Source, count_of
from glassgrad.train.history import Means, Series
from glassgrad.train.interrupts import Whole
from glassgrad.train.precision import finite
from glassgrad.train.resuming import restore, save, save_best
from glassgrad.train.run import Callback, Ended, EpochEnded, Event, Run, Started, Stepped
from glassgrad.train.selection import Selection
from glassgrad.train.step import Measured, Program, why_lost
from glassgrad.train.validation import no_batch, validated

if TYPE_CHECKING:
    from glassgrad.train.watching import Watching


@dataclass(slots=True)
class Loop:
    """What a run goes on with from step to step."""

    run: Run
    program: Program
    objective: Objective | Supervised
    frozen: dict[str, Any]
    source: Source
    order: Order
    validation: Source | None
    validation_order: Order
    selection: Selection
    callbacks: list[Callback]  # of the person who trains
    observers: list[Callback]  # our own, told after them
    statistics_every: int
    checkpoints: Checkpoints | None
    checkpoint_seconds: float
    watching: "Watching | None" = None  # for the doctor, where it visits
    means: Means = field(default_factory=Means)  # of the epoch that runs
    seen: int = 0  # its batches so far
    saved_at: float = 0.0
    whole: Whole = field(default_factory=Whole)

    def go(self, epochs: int, *, resume: bool) -> None:
        """Runs until the epochs are over or something stops it, with the folder of checkpoints to itself."""
        with self.checkpoints or nullcontext():
            if self.checkpoints is not None and resume:
                restore(self, self.checkpoints)
            elif self.checkpoints is not None:
                self.checkpoints.clear()
            self._train(epochs)

    def _train(self, epochs: int) -> None:
        run, began = self.run, perf_counter()
        spent, rows, self.saved_at = run.timings.total, self.source.rows, began
        try:
            self.whole.listen()
            with self.whole:
                self._tell(Started(run, epochs, None if rows is None else count_of(rows, self.order)))
            while not run.is_over and run.epoch < epochs:
                self._epoch()
            self._conclude()
        except KeyboardInterrupt as interrupt:
            run.status, run.reason = "interrupted", f"by the keyboard, in epoch {run.epoch + 1} after step {run.step}"
            self._save_at_the_end()
            self._hand_over(interrupt)
            raise
        except BaseException as error:
            run.status, run.reason = "failed", f"{type(error).__name__}: {error}"
            self._hand_over(error)
            raise
        finally:
            self.whole.stop_listening()
            if self.watching is not None:
                self.watching.ended(run)
            run.timings.total = spent + perf_counter() - began
            self._tell_the_end()

    def _conclude(self) -> None:
        """Says how a run ended that nothing broke. Where no epoch was the best, the model is the last one."""
        run, monitored = self.run, self.run.history[self.run.monitor]
        if run.status == "failed":
            return
        if run.best is None:
            run.model = run.last_model
        if not run.is_over:
            run.status = "finished"
        if len(monitored) and not any(map(math.isfinite, monitored)):
            run.status, run.reason = "failed", f"{run.monitor} was no finite number in any epoch"
        if (scale := run.state.scale) is not None and run.step and not scale.made:
            factor = float(scale.factor)
            run.status, run.reason = "failed", f"all gradients overflowed, down to a loss scale of {factor:g}"

    def _hand_over(self, error: BaseException) -> None:
        """Gives what was learnt to whoever catches the error that broke the run: it returns to nobody."""
        run = self.run
        if not run.step:
            return
        if run.best is None and finite((run.state.parameters, run.state.states)):
            run.model = run.last_model
        with suppress(AttributeError):  # an exception may have no room for it
            error.run = run  # type: ignore[attr-defined]  # ours
        error.add_note(
            f"The run so far, {counted(run.step, 'step')}, is the exception's `run`: "
            f"`except {type(error).__name__} as error: error.run.model`; in a notebook, sys.last_value.run.model."
        )

    def _tell(self, event: Event) -> None:
        """Tells the callbacks, which may take their time: Ctrl-C breaks them off. Then our own."""
        self.whole.open()
        try:
            for callback in self.callbacks:
                callback(event)
        finally:
            self.whole.close()
        for observer in self.observers:
            observer(event)

    def _tell_the_end(self) -> None:
        """Tells all of them, also when one fails, and then raises what the first one did."""
        errors: list[BaseException] = []
        for callback in [*self.callbacks, *self.observers]:
            try:
                callback(Ended(self.run))
            except BaseException as error:  # noqa: BLE001 - it is raised below
                errors.append(error)
        if errors:
            for other in errors[1:]:
                errors[0].add_note(f"another callback failed as well: {other!r}")
            raise errors[0]

    # ------------------------------------------------------------------ an epoch
    def _epoch(self) -> None:
        run, began = self.run, perf_counter()
        batches = self.source.batches(self.order.of_epoch(run.epoch, self.seen))
        while True:
            asked = perf_counter()
            batch = next(batches, None)
            run.timings.data += perf_counter() - asked
            if batch is None:
                break
            self._step(batch)
            if run.is_over:
                return
        if not self.seen:
            raise no_batch("data", self.order)
        record = self.means.values() | self._validated()
        record |= {"epoch": run.epoch + 1, "step": run.step, "seconds": perf_counter() - began}
        record |= {name: float(rate) for name, rate in rates(run.state.optimizer).items()}
        with self.whole:
            run.history.epochs.append(record)
            run.epoch, self.seen, self.means = run.epoch + 1, 0, Means()
            self._keep_best(record)
            self._tell(EpochEnded(run, record))
        self._save()

    def _step(self, batch: Batch) -> None:
        run, began = self.run, perf_counter()
        with self.whole:  # the step writes over the state that it is given
            if self.watching is not None:
                self.watching.before(run, batch)
            run.state, measured = self.program.step(run.state, self.frozen, batch.values, batch.mask)
            run.step += 1
            self.seen += 1
            self._note(batch, measured)
            spent = perf_counter() - began
            run.timings.steps += spent
            if not run.timings.compiling:
                run.timings.compiling = spent
            if self.watching is not None:
                self.watching.after(run, measured, spent)
            if run.step == 1:
                _warn_of_no_gradient(measured)
            if measured.is_lost:
                place = f"step {run.step}, epoch {run.epoch + 1}"
                run.status, run.reason = "failed", f"{why_lost(measured, run.state)} at {place}"
            self._tell(Stepped(run, measured))
        # A state that is lost is not saved: going on from it could only fail again.
        if (
            self.checkpoints is not None
            and run.status != "failed"
            and perf_counter() - self.saved_at > self.checkpoint_seconds
        ):
            self._save()

    def _note(self, batch: Batch, measured: Measured) -> None:
        """Takes down what the step has measured."""
        run = self.run
        numbers = {"loss": float(measured.loss)}
        for name, number in measured.metrics.items():
            numbers[name] = float(number)
        for name, value in numbers.items():
            series = run.history.steps.get(name)
            if series is None:
                series = run.history.steps[name] = Series()
            series.steps.append(run.step)
            series.values.append(value)
        self.means.add(batch.rows, numbers, measured.counts)
        if (run.step - 1) % self.statistics_every == 0 or measured.is_lost:
            run.history.layers.add(run.step, measured.norms)

    # ------------------------------------------------------------------ after an epoch
    def _validated(self) -> dict[str, float]:
        """The loss and the metrics of the validation data."""
        if self.validation is None:
            return {}
        began, state = perf_counter(), self.run.state
        parameters = state.parameters | self.frozen
        try:
            found = validated(
                lambda values, mask: self.program.evaluate(parameters, state.states, values, mask),
                self.objective,
                self.validation,
                self.validation_order,
            )
        except GlassgradError as error:
            error.add_note("This was the validation after an epoch.")
            raise
        self.run.timings.validation += perf_counter() - began
        return {f"validation {name}": value for name, value in found.items()}

    def _keep_best(self, record: dict[str, Any]) -> None:
        run = self.run
        if self.selection.is_best(run.epoch, record):
            run.best, run.model = self.selection.best, run.last_model
            if self.checkpoints is not None:
                save_best(self, self.checkpoints)
        if reason := self.selection.why_enough:
            run.stop(reason)

    def _save(self) -> None:
        if self.checkpoints is None:
            return
        began = perf_counter()
        save(self, self.checkpoints)
        self.saved_at = perf_counter()
        self.run.timings.checkpoints += self.saved_at - began

    def _save_at_the_end(self) -> None:
        """Saves what an interrupt has left, unless it tore a step: then the checkpoint before is the last whole one."""
        if self.whole.is_torn:
            return
        try:
            self._save()
        except CheckpointError as error:
            warnings.warn(f"{error.message}; the checkpoint before it stays", RuntimeWarning, stacklevel=2)


def _warn_of_no_gradient(measured: Measured) -> None:
    """At the first step: a loss that no parameter moves is no loss that trains."""
    if not np.any(measured.norms["gradient"]) and measured.loss != 0:
        warnings.warn(
            "the gradient of every parameter is 0 in the first step: does the loss depend on the model by more than "
            "comparisons, argmax or rounding?",
            RuntimeWarning,
            stacklevel=7,
        )
