"""From settings to a trained network: reading, inferring, splitting, preparing, training, measuring. Floor 7."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from glassgrad.train.job.folder import FailedTrainingError
from glassgrad.train.job.room import check_room, room_for
from glassgrad.train.job.settings import Settings
from glassgrad.train.report.findings import Scores
from glassgrad.train.run import Callback
from glassgrad.train.tabular.cells import Decimal
from glassgrad.train.tabular.columns import Kind
from glassgrad.train.tabular.frames import counted
from glassgrad.train.tabular.measuring import baselines, metrics
from glassgrad.train.tabular.network import Network
from glassgrad.train.tabular.plan import Plan, infer
from glassgrad.train.tabular.preparation import Preparation
from glassgrad.train.tabular.reading import read
from glassgrad.train.tabular.splitting import Split, split
from glassgrad.train.tabular.target import Task

NETWORK = "network"  # its name beside the baselines


@dataclass(frozen=True, slots=True)
class Material:
    """A table made ready for training."""

    plan: Plan
    split: Split
    preparation: Preparation
    notes: tuple[str, ...]  # what a person should know

    @property
    def tested(self) -> Any:
        """The rows to measure on: the test part, or where it is empty the validation part."""
        return self.split.test if len(self.split.test) else self.split.validation


@dataclass(frozen=True, slots=True)
class Learnt:
    """A trained network and its measurements on the test part."""

    network: Network
    scores: dict[str, Scores]  # of the network, then of the baselines
    truth: np.ndarray  # (row,) numbers of classes, or values
    found: np.ndarray  # (row, class) probabilities, or (row,) values


def material(settings: Settings, said: Callable[[str], None] | None = None) -> Material:
    """Reads the table and makes it ready; what it infers is in the plan. Raises TableError with a hint.

    What is going on goes to `said`, a line at a time; a table that has no room in memory is an error before it is read.
    """
    said = said or (lambda text: None)
    notes: list[str] = []
    marks: dict[str, Decimal] = {}
    room = room_for(settings)
    if room is not None:
        check_room(settings, room)
        said(room.said())
    exact = [settings.target, *([settings.time_column] if settings.time_column else [])]
    table = read(
        settings.data, settings.separator, notes=notes, marks=marks, exact=exact, rows=settings.rows,
        watch=lambda share: said(f"reading {settings.data}: {share:.0%}"),
    )  # fmt: skip
    said(f"looking at {counted(table.width, 'column')} of {counted(len(table), 'row')}")
    plan = infer(
        table,
        settings.target,
        cast("Task | None", settings.task),  # infer checks what it is given
        cast("dict[str, Kind]", settings.kinds),
        settings.time_column,
        marks,
    )
    seen = {plan.target.name, plan.time_column, *(column.name for column in plan.used)}
    table = table.select([name for name in table.columns if name in seen])  # what is left out takes no room
    parts = split(table, plan, settings.test, settings.validation, settings.options.seed)
    del table
    said(f"preparing {counted(len(parts.train), 'row')} to train on")
    preparation = Preparation.fit(plan, parts.train)
    if not len(parts.test):
        what = "the scores are those of the validation" if len(parts.validation) else "nobody can say how good it is"
        notes.append(f"there are no rows for a test: {what}")
    return Material(plan, parts, preparation, (*notes, *plan.warnings, *parts.notes))


def learn(
    made: Material, settings: Settings, checkpoints: Path, callbacks: Sequence[Callback] = (), *, resume: bool
) -> Learnt:
    """Trains the network, saving it on the way, and measures it beside the baselines."""
    name = f"{Path(settings.data).stem}: {settings.target}"  # in the store of runs
    network = Network.train(
        made.preparation, made.split, settings.options, callbacks, checkpoint=checkpoints, resume=resume, name=name
    )
    run = network.run
    if run is not None and run.status == "failed":
        raise FailedTrainingError(f"the training failed: {run.reason}", hint="a smaller rate: --lr 1e-4, or --lr auto")
    rows = made.tested
    if not len(rows):
        width = (0, len(made.plan.classes)) if made.plan.task == "classification" else (0,)
        return Learnt(network, {NETWORK: {}}, np.zeros(0, np.int64), np.zeros(width))
    truth, found = made.preparation.truth(rows), network.scores(rows)
    scores = {NETWORK: metrics(made.plan, truth, found)}
    return Learnt(network, scores | baselines(made.plan, made.split, made.preparation), truth, found)
