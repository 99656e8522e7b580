"""Writes a run of `fit` into the store of runs, as a callback. Floor 7."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glassgrad.base.errors import StoreError
from glassgrad.train.history import KINDS
from glassgrad.train.run import Ended, EpochEnded, Event, Run, Started, Stepped
from glassgrad.train.store import PLACE, RunWriter, record
from glassgrad.train.store import open as open_store

VARIABLE = "GLASSGRAD_STORE"  # a path, or "off"


def place_of(store: Path | str | bool | None) -> Path | None:
    """Where `fit` records: at the path given, that of the environment, or `.glassgrad/runs.db`; None for nowhere."""
    if store is False:
        return None
    if isinstance(store, str | Path):
        return Path(store)
    given = os.environ.get(VARIABLE, "")
    if given == "off":
        return PLACE if store else None
    return Path(given or PLACE)


class Recorder:
    """Records the numbers of each step and epoch, the norms of the layers, how the run ended, and its files."""

    def __init__(self, name: str, place: Path, files: Mapping[str, Path]) -> None:
        self._name, self._place = name, place
        self._files = files  # that the run makes, by their kind
        self._writer: RunWriter | None = None

    def __call__(self, event: Event) -> None:
        """Writes down what has happened."""
        match event:
            case Started(run, _, _):
                self._writer = self._begun(run)
                run.id = self._writer.id
            case Stepped(run, _):
                self._step(run)
            case EpochEnded(run, numbers):
                assert self._writer is not None
                known = run.history.steps.keys()
                shown = {
                    key: value for key, value in numbers.items() if key not in known and key not in ("epoch", "step")
                }
                self._writer.log(run.step, shown)
            case Ended(run) if self._writer is not None:
                for kind, path in self._files.items():
                    with contextlib.suppress(StoreError):  # it was not written
                        self._writer.artefact(path, kind)
                ending: Any = {"interrupted": "stopped"}.get(run.status, run.status)
                self._writer.finish(ending, run.reason)

    def _begun(self, run: Run) -> RunWriter:
        """A new entry, or that of the run that goes on from a checkpoint."""
        if run.id is not None:
            try:
                return open_store(self._place).resume(run.id, after=run.step)
            except StoreError:
                pass  # deleted, or in another store: the rest of the run gets an entry of its own
        data = run.configuration["data"]
        return record(self._name, run.configuration, data=data, path=self._place)

    def _step(self, run: Run) -> None:
        assert self._writer is not None
        self._writer.log(run.step, {name: series.values[-1] for name, series in run.history.steps.items()})
        layers = run.history.layers
        if layers.steps and layers.steps[-1] == run.step:
            for kind in KINDS:
                norms = layers.rows[kind][-1].tolist()
                self._writer.log_layers(run.step, f"{kind} norm", dict(zip(layers.paths, norms, strict=True)))
