"""A training of ours that somebody else runs, as it is watched: losses, and what steps began with, looked at later.

While it trains, nothing but copies of arrays is made, now and then; samples are taken from them when the report is
asked for. So the training computes what it would compute unwatched. Floor 7.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Tree, flatten, map_leaves
from glassgrad.doctor.diagnosing import diagnosed
from glassgrad.doctor.measured.sample import Bad, Sample
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.report.report import Report
from glassgrad.doctor.subjects.data_facts import BATCHES
from glassgrad.doctor.subjects.own.batches import Batches
from glassgrad.doctor.subjects.own.machine import State
from glassgrad.doctor.subjects.own.origins import origin_of
from glassgrad.doctor.subjects.own.scoring import judged
from glassgrad.doctor.subjects.own.subject import OwnSubject
from glassgrad.optim.optimizer import Optimizer
from glassgrad.random.keys import fold_in

SAMPLES = 12  # that are kept; then every second is dropped, and they come half as often
MEMORY = 512 * 2**20  # bytes that are kept at most, of parameters and batches


@dataclass(frozen=True, slots=True)
class Moment:
    """What a step began with, in copies of its own; `moved` are the norms of its updates, as far as they are known."""

    step: int
    parameters: dict[str, np.ndarray]
    states: dict[str, np.ndarray]
    values: tuple[Tree, ...]
    key: np.ndarray  # of the run; folded with …
    count: int  # … the steps that the run had made, it is what random layers draw from
    moved: tuple[float, ...] = ()

    def drawn(self) -> Any:
        """The key of the step."""
        return fold_in(self.key, np.int64(self.count))

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return bytes_of((self.parameters, self.states, self.values))


@dataclass(slots=True)
class Visit:
    """A doctor's visit to a training: `report()` says what was found so far."""

    model: Any
    loss: Any
    optimizer: Optimizer
    losses: list[float] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    every: int = 1
    batches: list[tuple[Tree, ...]] = field(default_factory=list)
    held: int = 0  # bytes of them
    last: State | None = None  # what the training ended with
    seconds: float = 0.0  # of the training so far
    overhead: float = 0.0  # of them spent on copies
    broken: Callable[[], tuple[Moment, dict[str, Any]] | None] | None = None  # the step that gave no numbers
    notes: tuple[str, ...] = ()  # why it was watched no further
    _reports: dict[tuple[Any, ...], Report] = field(default_factory=dict)

    # ------------------------------------------------------------------ while it trains
    def wants(self) -> bool:
        """Is the step that comes next one to be looked at?"""
        return len(self.losses) % self.every == 0

    def note_batch(self, values: tuple[Tree, ...], mask: Any) -> None:
        """Keeps the first batches, to read the data from."""
        if len(self.batches) < BATCHES and (not self.batches or self.held < MEMORY // 2):
            kept = map_leaves(np.array, real_rows(values, mask))  # a source may use its arrays again
            self.held += bytes_of(kept)
            self.batches.append(kept)

    def note(self, moment: Moment) -> None:
        """Keeps what a step begins with; where there are too many, every second is dropped."""
        self.moments.append(moment)
        most = max(2, min(SAMPLES, (MEMORY - self.held) // max(moment.nbytes, 1)))
        while len(self.moments) > most:
            self.moments = self.moments[::2]
            self.every *= 2

    def stepped(self, loss: float, moved: Any) -> None:
        """Takes down what a step gave: its loss, and the norms of its updates where it was one to be looked at."""
        if self.moments and self.moments[-1].step == len(self.losses):
            self.moments[-1] = replace(self.moments[-1], moved=tuple(float(norm) for norm in moved))
        self.losses.append(loss)

    # ------------------------------------------------------------------ afterwards
    def report(self, *, seconds: float = 0.0) -> Report:
        """What was found so far. With `seconds` causes are tested on copies for about so long.

        Raises UsageError before the first step.
        """
        asked = (len(self.losses), seconds, self.last is None, self.broken is None, self.notes)
        if asked not in self._reports:
            subject = self.subject()
            self._reports[asked] = diagnosed(self.trace(subject), subject if seconds else None, seconds)
        return self._reports[asked]

    def subject(self) -> OwnSubject:
        """The set-up, to be tried on copies: the model as the training began, and the first batches."""
        if not (self.batches and self.moments):
            raise UsageError(
                "; ".join(self.notes) or "there is nothing to report on before the first step of a training"
            )
        return OwnSubject(self.model, self.loss, Batches(tuple(self.batches), is_whole=False), self.optimizer)

    def trace(self, subject: OwnSubject) -> Trace:
        """What was seen, with the samples taken now."""
        fixed = _fixed(self.model)
        samples = tuple([_sampled(subject, moment, fixed) for moment in self.moments])
        bad, last = self._bad(subject, fixed), self._ended()
        before = judged(subject, self._begun(), fixed)
        after = (nan, None) if bad is not None or last is None else judged(subject, last, fixed)
        return Trace(
            subject.setup(), tuple(self.losses), samples, bad, before[0], after[0], before[1], after[1],
            self.seconds, self.overhead, self.notes,
        )  # fmt: skip

    def _begun(self) -> State:
        first = self.moments[0]
        return State(first.parameters, first.states, None, np.int64(0))

    def _ended(self) -> State | None:
        if self.last is not None:
            return self.last
        latest = self.moments[-1]
        return State(latest.parameters, latest.states, None, np.int64(0))

    def _bad(self, subject: OwnSubject, fixed: dict[str, Any]) -> Bad | None:
        found = self.broken() if self.broken is not None else None
        if found is None:
            return None
        moment, after = found
        return origin_of(
            subject.model, subject.loss, moment.step, moment.parameters, fixed, moment.states, moment.values,
            moment.drawn(), after,
        )  # fmt: skip


def _sampled(subject: OwnSubject, moment: Moment, fixed: dict[str, Any]) -> Sample:
    taken = subject.machine.sampler.take(
        moment.step, moment.parameters, fixed, moment.states, moment.values, moment.drawn()
    )
    weights = [replace(weight, update=moved) for weight, moved in zip(taken.sample.weights, moment.moved, strict=False)]
    return replace(taken.sample, weights=(*weights, *taken.sample.weights[len(weights) :]))


def _fixed(model: Any) -> dict[str, Any]:
    learning = model.trainable()
    return {path: value for path, value in model.parameters().items() if path not in learning}


def real_rows(values: tuple[Tree, ...], mask: Any) -> tuple[Tree, ...]:
    """The rows of a batch that do not only fill it up."""
    if mask is None or np.all(mask):
        return values
    found: tuple[Tree, ...] = map_leaves(lambda leaf: leaf[np.asarray(mask)], values)
    return found


def bytes_of(tree: Tree) -> int:
    """How much memory the arrays of a tree take."""
    return sum(np.asarray(array).nbytes for array in flatten(tree)[0])


def copied(arrays: dict[str, Any]) -> dict[str, np.ndarray]:
    """Copies of arrays by path."""
    return {path: np.array(value) for path, value in arrays.items()}
