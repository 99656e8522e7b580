"""What a store knows of a run. Floor 7."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from glassgrad.base.errors import UnknownRunError
from glassgrad.train.exporters.contents import Artefact, Facts, RunContents, Series
from glassgrad.train.store.database import Database
from glassgrad.train.store.packing import Floats, Integers
from glassgrad.train.store.series import read_series
from glassgrad.train.store.summary import Summary
from glassgrad.train.store.writer import root_of

Status = Literal["running", "finished", "stopped", "failed", "interrupted"]
STATUSES: tuple[Status, ...] = ("running", "finished", "stopped", "failed", "interrupted")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: what a listing shows at once, the rest read when it is asked for. Times are seconds since 1970."""

    id: str
    name: str
    status: Status
    begun: float
    ended: float | None  # of an interrupted run: when it was last heard of
    reason: str | None
    summaries: Mapping[str, Summary] = field(repr=False)  # by metric
    number: int = field(repr=False)  # in its store
    database: Database = field(repr=False)

    @property
    def steps(self) -> int | None:
        """The last step that was logged."""
        return max((summary.last_step for summary in self.summaries.values()), default=None)

    @property
    def facts(self) -> Facts:
        """Configuration, data fingerprint, versions and machine."""
        with self.database.reading() as connection:
            row = connection.execute(
                "SELECT configuration, data, versions, machine FROM facts WHERE run = ?", (self.number,)
            ).fetchone()
        if row is None:
            raise UnknownRunError(f"the run {self.id} is no longer in {self.database.path}")
        return Facts(*map(json.loads, row))

    @property
    def configuration(self) -> Any:
        """As it was given to `begin`, in plain values."""
        return self.facts.configuration

    @property
    def artefacts(self) -> tuple[Artefact, ...]:
        """The files that the run made, in that order."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT path, kind, bytes, sha256, made FROM artefacts WHERE run = ? ORDER BY made, path",
                (self.number,),
            ).fetchall()
        root = root_of(self.database.path)
        return tuple(Artefact(root / Path(path), *rest) for path, *rest in rows)

    def metrics(self, name: str) -> Series:
        """A metric: (steps, values), int64 and float64, in the order in which they were logged."""
        with self.database.reading() as connection:
            found = connection.execute(
                "SELECT series FROM summaries WHERE run = ? AND name = ?", (self.number, name)
            ).fetchone()
            if found is None:
                names = connection.execute("SELECT name FROM summaries WHERE run = ?", (self.number,))
                raise unknown(f"the run {self.id} has no metric {name!r}", name, [row[0] for row in names], "metrics")
            steps, values = read_series(connection, found[0], 1)
        return steps, values[:, 0]

    @property
    def layer_kinds(self) -> tuple[str, ...]:
        """The statistics of layers that were logged."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT kind, min(number) FROM series WHERE run = ? AND kind != '' GROUP BY kind ORDER BY 2",
                (self.number,),
            ).fetchall()
        return tuple(kind for kind, _ in rows)

    def layers(self, kind: str) -> dict[str, Series]:
        """A statistic of the layers: {path: (steps, values)}."""
        with self.database.reading() as connection:
            found = connection.execute(
                "SELECT number, names FROM series WHERE run = ? AND kind = ? ORDER BY number", (self.number, kind)
            ).fetchall()
            parts = [(json.loads(names), *_read(connection, series, names)) for series, names in found]
        if not parts or not kind:
            message = f"the run {self.id} has no statistic {kind!r} of layers"
            raise unknown(message, kind, self.layer_kinds, "statistics")
        return _by_path(parts)

    def contents(self) -> RunContents:
        """Everything at once, as the exporters take it."""
        return RunContents(
            id=self.id,
            name=self.name,
            status=self.status,
            begun=self.begun,
            ended=self.ended,
            reason=self.reason,
            facts=self.facts,
            metrics={name: self.metrics(name) for name in self.summaries},
            layers={kind: self.layers(kind) for kind in self.layer_kinds},
            artefacts=self.artefacts,
        )


def _read(connection: sqlite3.Connection, series: int, names: str) -> tuple[Integers, Floats]:
    return read_series(connection, series, len(json.loads(names)))


def _by_path(parts: Iterable[tuple[list[str], Integers, Floats]]) -> dict[str, Series]:
    """Of series that may have different layers (some were frozen for a while), each layer with all of its steps."""
    found: dict[str, list[Series]] = {}
    for names, steps, values in parts:
        for column, name in enumerate(names):
            found.setdefault(name, []).append((steps, values[:, column]))
    whole = {}
    for name, pieces in found.items():
        steps = np.concatenate([piece[0] for piece in pieces])
        order = np.argsort(steps, kind="stable") if len(pieces) > 1 else slice(None)
        whole[name] = (steps[order], np.concatenate([piece[1] for piece in pieces])[order])
    return whole


def unknown(message: str, given: str, known: Iterable[str], what: str) -> UnknownRunError:
    """An error that suggests what was meant."""
    from difflib import get_close_matches  # only a slip of the pen needs it

    names = list(known)
    near = get_close_matches(given, names, n=3, cutoff=0.5) or [name for name in names if given.lower() in name.lower()]
    if near:
        return UnknownRunError(message, hint=f"did you mean {' or '.join(map(repr, near[:3]))}?")
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return UnknownRunError(message, hint=f"its {what} are {shown}" if names else f"it has no {what}")
