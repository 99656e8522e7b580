"""The loop of a run: epochs of steps, validation, the best model, checkpoints, and who is told. Floor 7."""

import math
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import map_leaves
from glassgrad.nn.layer import Layer
from glassgrad.optim.rates import rates
from glassgrad.train.checkpoint import Checkpoints
from glassgrad.train.data.batches import Batch, Order, Source, count_of
from glassgrad.train.history import Series
from glassgrad.train.resuming import restore, save, save_best
from glassgrad.train.run import Callback, Ended, EpochEnded, Event, Run, Started, Stepped
from glassgrad.train.step import Program


@dataclass(slots=True)
class Sums:
    """Numbers of batches added up over their rows."""

    rows: int = 0
    totals: dict[str, float] = field(default_factory=dict)

    def add(self, rows: int, numbers: dict[str, float]) -> None:
        """Adds the means of a batch."""
        self.rows += rows
        for name, value in numbers.items():
            self.totals[name] = self.totals.get(name, 0.0) + value * rows

    def means(self) -> dict[str, float]:
        """The means over all rows."""
        return {name: total / self.rows for name, total in self.totals.items()}


@dataclass(slots=True)
class Loop:
    """What a run goes on with from step to step."""

    run: Run
    program: Program
    frozen: dict[str, Any]
    source: Source
    validation: Source | None
    order: Order
    told: list[Callback]
    statistics_every: int
    patience: int | None
    tolerance: float
    largest: bool
    checkpoints: Checkpoints | None
    checkpoint_seconds: float
    sums: Sums = field(default_factory=Sums)  # of the epoch that runs
    seen: int = 0  # its batches so far
    waiting: int = 0  # epochs since the best
    saved_at: float = 0.0

    def go(self, epochs: int, *, resume: bool) -> None:
        """Runs until the epochs are over or something stops it."""
        run, began = self.run, perf_counter()
        if self.checkpoints is not None and resume:
            restore(self, self.checkpoints)
        self.saved_at = began
        spent = run.timings.total
        rows = self.source.rows
        self._tell(Started(run, epochs, None if rows is None else count_of(rows, self.order)))
        try:
            while not run.is_over and run.epoch < epochs:
                self._epoch()
            if not run.is_over:
                run.status = "finished"
        except KeyboardInterrupt:
            run.status, run.reason = "interrupted", f"by the keyboard, in epoch {run.epoch + 1} after step {run.step}"
            self._save()
            raise
        except BaseException as error:
            run.status, run.reason = "failed", f"{type(error).__name__}: {error}"
            raise
        finally:
            run.timings.total = spent + perf_counter() - began
            self._tell(Ended(run))

    def _tell(self, event: Event) -> None:
        for callback in self.told:
            callback(event)

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
        record = self.sums.means() | self._validated()
        record |= {"epoch": run.epoch + 1, "step": run.step, "seconds": perf_counter() - began}
        record |= {name: float(rate) for name, rate in rates(run.state.optimizer).items()}
        run.history.epochs.append(record)
        run.epoch, self.seen, self.sums = run.epoch + 1, 0, Sums()
        self._keep_best(record)
        self._tell(EpochEnded(run, record))
        self._save()

    def _step(self, batch: Batch) -> None:
        run, began = self.run, perf_counter()
        state, measured = self.program.step(run.state, self.frozen, batch.values, batch.mask)
        run.state = state
        run.step += 1
        self.seen += 1
        numbers = {"loss": float(measured.loss)} | {name: float(x) for name, x in measured.metrics.items()}
        for name, number in numbers.items():
            run.history.steps.setdefault(name, Series()).add(run.step, number)
        self.sums.add(batch.rows, numbers)
        is_number = math.isfinite(numbers["loss"]) or state.scale is not None  # a scaled loss may overflow
        if (run.step - 1) % self.statistics_every == 0 or not is_number:
            run.history.layers.add(run.step, measured.norms)
        spent = perf_counter() - began
        run.timings.steps += spent
        if run.step == 1:
            run.timings.compiling = spent
        if not is_number:
            place = f"step {run.step}, epoch {run.epoch + 1}"
            run.status, run.reason = "failed", f"the loss is {numbers['loss']} at {place}"
        self._tell(Stepped(run, measured))
        # A state whose loss is no number is not saved: going on from it could only fail again.
        if (
            self.checkpoints is not None
            and run.status != "failed"
            and perf_counter() - self.saved_at > self.checkpoint_seconds
        ):
            self._save()

    # ------------------------------------------------------------------ after an epoch
    def _validated(self) -> dict[str, float]:
        """The loss and the metrics of the validation data."""
        if self.validation is None:
            return {}
        began, sums, state = perf_counter(), Sums(), self.run.state
        arrays = state.parameters | self.frozen | state.states
        for batch in self.validation.batches(
            Order(self.order.size, last="pad" if self.order.last == "pad" else "keep")
        ):
            loss, metrics = self.program.evaluate(arrays, batch.values, batch.mask)
            sums.add(batch.rows, {"loss": float(loss)} | {name: float(x) for name, x in metrics.items()})
        self.run.timings.validation += perf_counter() - began
        return {f"validation {name}": value for name, value in sums.means().items()}

    def _keep_best(self, record: dict[str, Any]) -> None:
        run = self.run
        if run.monitor not in record:
            known = ", ".join(name for name in record if name not in ("epoch", "step", "seconds"))
            raise UsageError(f"the run has no {run.monitor!r} to monitor", hint=f"it has {known}")
        value = float(record[run.monitor])
        gain = math.inf if run.best is None else value - run.best[1] if self.largest else run.best[1] - value
        if gain > 0 and math.isfinite(value):
            run.best = (run.epoch, value)
            run.model = self._snapshot()
            if self.checkpoints is not None:
                save_best(self, self.checkpoints)
        self.waiting = 0 if gain > self.tolerance else self.waiting + 1
        if self.patience is not None and self.waiting > self.patience and not run.is_over:
            run.stop(f"{run.monitor} was not better for {self.waiting} epochs")

    def _snapshot(self) -> Layer:
        """The model as it is now, in arrays of its own: steps write over those of the state."""
        state = self.run.state
        return self.run.model.replace(map_leaves(np.array, state.parameters | state.states))

    def _save(self) -> None:
        if self.checkpoints is None:
            return
        began = perf_counter()
        save(self, self.checkpoints)
        self.saved_at = perf_counter()
        self.run.timings.checkpoints += self.saved_at - began
