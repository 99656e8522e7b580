"""The store of runs: opens it, begins and finds runs, deletes and exports them. Floor 7."""

import json
import os
import sqlite3
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from math import isnan
from pathlib import Path
from typing import Any

from glassgrad.base.errors import StoreError, UnknownRunError, UsageError
from glassgrad.train.exporters.contents import Form
from glassgrad.train.store.database import Database
from glassgrad.train.store.ids import new_id
from glassgrad.train.store.plain import as_json
from glassgrad.train.store.process import Process, is_gone, this_process
from glassgrad.train.store.records import STATUSES, RunRecord, Status, unknown
from glassgrad.train.store.series import cut_after
from glassgrad.train.store.summary import SUMMARY_COLUMNS, Summary, summary_of
from glassgrad.train.store.surroundings import machine, versions
from glassgrad.train.store.writer import (
    NOTE_ARTEFACT,
    RunWriter,
    StoreWarning,
    artefact_row,
    root_of,
    silent_writer,
)

PLACE = Path(".glassgrad", "runs.db")


class Store:
    """The runs of one file. Reading makes no file; the first `begin` does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path)

    def begin(self, name: str, configuration: Any = None, *, data: Any = None) -> RunWriter:
        """Begins a run and gives its writer. `configuration` is a tree of anything; `data` says what it is trained on:
        a `fingerprint`, or a text.
        """
        if not name.strip():
            raise UsageError("a run needs a name")
        facts = (as_json(configuration), as_json(data), as_json(versions()), as_json(machine()))
        now = time.time()
        process = json.dumps(this_process().to_dict())
        with self._database.writing() as connection:
            latest = connection.execute("SELECT max(id) FROM runs").fetchone()[0]
            id = new_id(latest)
            row = connection.execute(
                "INSERT INTO runs (id, name, status, begun, seen, process) VALUES (?, ?, 'running', ?, ?, ?)",
                (id, name.strip(), now, now, process),
            )
            number = row.lastrowid
            assert number is not None
            connection.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?)", (number, *facts))
        return RunWriter(Database(self.path), number, id)

    def resume(self, which: str, *, after: int | None = None) -> RunWriter:
        """Goes on with a run that has ended. What it logged later than step `after` is taken away first: a training
        that goes on from a checkpoint logs it again.
        """
        record = self.run(which)
        if record.status == "running":
            raise StoreError(f"the run {record.id} is still running", hint="it has a writer; two would mix their steps")
        process = json.dumps(this_process().to_dict())
        with self._database.writing() as connection:
            tails = cut_after(connection, record.number, after)
            changed = connection.execute(
                "UPDATE runs SET status = 'running', ended = NULL, reason = NULL, seen = ?, process = ? "
                "WHERE number = ?",
                (time.time(), process, record.number),
            )
            if not changed.rowcount:
                raise UnknownRunError(f"the run {record.id} is no longer in {self.path}")
        return RunWriter(Database(self.path), record.number, record.id, tails)

    def note(self, which: str, files: Mapping[str, str | Path]) -> None:
        """Notes files that were made of a run after it had ended, by their kind; files that are gone are forgotten."""
        record = self.run(which)
        rows = [artefact_row(self.path, record.number, Path(path), kind) for kind, path in files.items()]
        root = root_of(self.path)
        with self._database.writing() as connection:
            known = connection.execute("SELECT path FROM artefacts WHERE run = ?", (record.number,)).fetchall()
            gone = [(record.number, path) for (path,) in known if not (root / path).exists()]
            connection.executemany("DELETE FROM artefacts WHERE run = ? AND path = ?", gone)
            connection.executemany(NOTE_ARTEFACT, rows)

    def runs(
        self,
        *,
        status: Status | Iterable[Status] | None = None,
        name: str | None = None,
        sort: str = "begun",
        limit: int | None = None,
    ) -> list[RunRecord]:
        """The runs, the latest first. `name` is a pattern ("digits*"); `sort` "begun", "name", or a metric: the best
        value first, runs without it last.
        """
        wanted = _statuses(status)
        if not self.path.exists():
            return []
        with self._database.reading() as connection:
            records = [
                record
                for record in _records(connection, self._database)
                if (not wanted or record.status in wanted) and (name is None or fnmatchcase(record.name, name))
            ]
            if sort == "name":
                records.sort(key=lambda record: record.name)
            elif sort != "begun":
                records = _by_metric(connection, records, sort)
            return _with_summaries(connection, records[:limit])

    def run(self, which: str) -> RunRecord:
        """One run, by its id or the beginning of it, by its name where no other run has it, or as "latest",
        "latest~1", … (the one before).
        """
        if not self.path.exists():
            raise UnknownRunError(f"there is no run {which!r}: {self.path} does not exist")
        with self._database.reading() as connection:
            records = _records(connection, self._database)
            return _with_summaries(connection, [_chosen(records, which, self.path)])[0]

    def delete(self, which: str | Sequence[str]) -> list[RunRecord]:
        """Deletes runs and gives what they were; of all or none. The files they made stay."""
        chosen = [self.run(each) for each in ([which] if isinstance(which, str) else which)]
        for record in chosen:
            if record.status == "running":
                raise StoreError(f"the run {record.id} ({record.name}) is still running", hint="stop it first")
        with self._database.writing() as connection:
            for record in chosen:
                connection.execute("DELETE FROM summaries WHERE run = ?", (record.number,))
                connection.execute("DELETE FROM runs WHERE number = ?", (record.number,))
        self._database.shrink()
        return chosen

    def export(self, which: str | Sequence[str], form: Form, target: str | Path) -> None:
        """Writes runs to a file ("json", "csv", "parquet"), a folder of event files ("tensorboard"), or to an MLflow
        server or folder ("mlflow"). A file or folder appears whole or not at all.
        """
        from glassgrad.train.exporters.exporting import export as export_contents

        chosen = [self.run(each) for each in ([which] if isinstance(which, str) else which)]
        export_contents((record.contents() for record in chosen), form, target)

    def close(self) -> None:
        """Closes the file; it opens again when it is needed."""
        self._database.close()


def open(path: str | Path | None = None) -> Store:
    """The store at a path, by default `.glassgrad/runs.db` in the current folder.

    >>> import tempfile
    >>> store = open(Path(tempfile.mkdtemp(), "runs.db"))
    >>> with store.begin("first", {"rate": 0.1}) as run:
    ...     for step in range(3):
    ...         run.log(step, {"loss": 1 / (step + 1)})
    >>> record = store.run("latest")
    >>> record.name, record.status, record.configuration, record.summaries["loss"].best[1]
    ('first', 'finished', {'rate': 0.1}, 2)
    >>> steps, losses = record.metrics("loss")
    >>> losses[:2].tolist()
    [1.0, 0.5]
    """
    return Store(Path(os.fspath(path) if path is not None else PLACE))


def record(name: str, configuration: Any = None, *, data: Any = None, path: str | Path | None = None) -> RunWriter:
    """Begins a run in a store; where that cannot be written, warns and gives a writer that keeps nothing, so that a
    training never fails for want of a store.
    """
    try:
        return open(path).begin(name, configuration, data=data)
    except StoreError as error:
        hint = f" (hint: {error.hint})" if error.hint else ""
        warnings.warn(f"{error.message}{hint}; this run is not recorded", StoreWarning, stacklevel=2)
        return silent_writer()


def _statuses(status: Status | Iterable[Status] | None) -> set[str]:
    wanted = {status} if isinstance(status, str) else set(status or ())
    for one in wanted - set(STATUSES):
        raise UsageError(f"there is no status {one!r}", hint=f"a run is {', '.join(STATUSES)}")
    return {str(one) for one in wanted}


def _records(connection: sqlite3.Connection, database: Database) -> list[RunRecord]:
    """All runs, the latest first, without their summaries."""
    now = time.time()
    rows = connection.execute(
        "SELECT id, name, status, begun, seen, ended, reason, process, number FROM runs ORDER BY id DESC"
    )
    found = []
    for id, name, status, begun, seen, ended, reason, process, number in rows:
        gone = status == "running" and is_gone(Process(**json.loads(process)), silent=now - seen)
        shown: Status = "interrupted" if gone else status
        found.append(RunRecord(id, name, shown, begun, seen if gone else ended, reason, {}, number, database))
    return found


def _with_summaries(
    connection: sqlite3.Connection, records: list[RunRecord], metric: str | None = None
) -> list[RunRecord]:
    """With the summaries of all metrics, or of one."""
    conditions, names = (["name = ?"], [metric]) if metric is not None else (["TRUE"], [])
    if len(records) <= 100:
        conditions.append(f"run IN ({','.join(str(record.number) for record in records)})")
    columns, condition = ", ".join(("run", *SUMMARY_COLUMNS)), " AND ".join(conditions)
    found: dict[int, dict[str, Summary]] = {record.number: {} for record in records}
    for run, *values in connection.execute(
        f"SELECT {columns} FROM summaries WHERE {condition} ORDER BY series",  # noqa: S608 - our own words
        names,
    ):
        if run in found:
            found[run][values[0]] = summary_of(values)
    return [replace(record, summaries=found[record.number]) for record in records]


def _by_metric(connection: sqlite3.Connection, records: list[RunRecord], metric: str) -> list[RunRecord]:
    records = _with_summaries(connection, records, metric)
    if records and not any(record.summaries for record in records):
        known = [row[0] for row in connection.execute("SELECT DISTINCT name FROM summaries")]
        raise unknown(f"no run has a metric {metric!r} to sort by", metric, [*known, "begun", "name"], "metrics")

    def rank(record: RunRecord) -> tuple[bool, float]:
        summary = record.summaries.get(metric)
        if summary is None or isnan(summary.best[0]):
            return True, 0.0
        return False, -summary.best[0] if summary.goal == "greatest" else summary.best[0]

    return sorted(records, key=rank)


def _chosen(records: list[RunRecord], which: str, path: Path) -> RunRecord:
    if which.partition("~")[0] == "latest" and records:
        back = which.partition("~")[2] or "0"
        if back.isdecimal() and int(back) < len(records):
            return records[int(back)]
        raise UnknownRunError(f"there is no run {which!r}: the store has {len(records)}")
    exact = [record for record in records if record.id == which] or [
        record for record in records if which and record.id.startswith(which.lower())
    ]
    named = [record for record in records if record.name == which]
    found = exact or named
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(record.id for record in found[:5]) + (", …" if len(found) > 5 else "")
        what = "ids begin with" if exact else "runs have the name"
        raise UnknownRunError(f"{len(found)} {what} {which!r}", hint=f"they are {some}")
    candidates = [text for record in records for text in (record.id, record.name)]
    raise unknown(f"there is no run {which!r} in {path}", which, dict.fromkeys(candidates), "runs")
