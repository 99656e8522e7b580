"""A run of training: what `fit` gives back, and what callbacks see while it goes on. Floor 7."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from glassgrad.base.trees import map_leaves
from glassgrad.nn.layer import Layer
from glassgrad.train.history import History
from glassgrad.train.step import Measured, TrainState

if TYPE_CHECKING:
    from glassgrad.doctor.subjects.own.visit import Visit

Status: TypeAlias = Literal["running", "finished", "stopped", "interrupted", "failed"]


class FailedTrainingWarning(RuntimeWarning):
    """A run of training that failed: why, what its model is, and what helps."""


@dataclass(slots=True)
class Timings:
    """Seconds spent: in all, on steps, waiting for data, on validation, on checkpoints, and on the first step.

    The first step of each shape of batch traces and compiles. `compiling` is all of the very first step, which is one
    of `steps` too.
    """

    total: float = 0.0
    steps: float = 0.0
    data: float = 0.0
    validation: float = 0.0
    checkpoints: float = 0.0
    compiling: float = 0.0


@dataclass(slots=True)
class Run:
    """A run of training.

    `model` is the best model so far by what is monitored, `last_model` the one after the last step; at the end of a run
    without a best one they are the same. `status` is "finished", or "stopped" (early, for a `reason`), "interrupted"
    (by the person) or "failed" (the loss, a gradient or a parameter is no finite number, or what is monitored never was
    one). `best` is (epoch, value). `visit.report()` is what the doctor found, where it was asked for. Callbacks may
    `stop` the run or change `state`, whose arrays the next step writes over.
    """

    model: Layer
    history: History
    configuration: dict[str, Any]
    state: TrainState
    status: Status = "running"
    reason: str | None = None
    monitor: str = "loss"
    best: tuple[int, float] | None = None
    epoch: int = 0
    step: int = 0
    timings: Timings = field(default_factory=Timings)
    id: str | None = None  # in the store of runs
    visit: "Visit | None" = None  # of the doctor, where it was asked for

    def stop(self, reason: str) -> None:
        """Ends the run after this step."""
        if self.status == "running":
            self.status, self.reason = "stopped", reason

    @property
    def last_model(self) -> Layer:
        """The model after the last step, in arrays of its own: steps write over those of the state."""
        return self.model.replace(map_leaves(np.array, self.state.parameters | self.state.states))

    @property
    def is_over(self) -> bool:
        """Was the run stopped?"""
        return self.status != "running"


# ------------------------------------------------------------------ what callbacks are told
@dataclass(frozen=True, slots=True)
class Started:
    """The run begins, or goes on from a checkpoint."""

    run: Run
    epochs: int
    batches: int | None  # in an epoch


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step was made."""

    run: Run
    measured: Measured


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """An epoch was completed; `record` are its numbers."""

    run: Run
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over."""

    run: Run


Event: TypeAlias = Started | Stepped | EpochEnded | Ended
Callback: TypeAlias = Callable[[Event], None]
