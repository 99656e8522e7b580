"""Writes one run. `log` only puts the values in a queue; a thread of its own saves them about once a second, so that no
step of a training waits for a disk or for another process. Floor 7.
"""

import atexit
import contextlib
import os
import threading
import time
import warnings
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from glassgrad.base.errors import StoreError, UsageError
from glassgrad.train.store.database import Database
from glassgrad.train.store.fingerprint import sha256_of
from glassgrad.train.store.process import HEARTBEAT
from glassgrad.train.store.queue import Block, Key, Queue, by_series
from glassgrad.train.store.series import Tail, absorb

EVERY = 1.0  # seconds between two saves
_MANY = 20_000  # rows that are saved without waiting for the second
_TOO_MANY = 1_000_000  # rows that are kept while nothing can be saved

Ending = Literal["finished", "stopped", "failed"]
_ENDINGS = ("finished", "stopped", "failed")


class StoreWarning(UserWarning):
    """A run is not, or no longer, written to its store; the training goes on."""


class RunWriter:
    """Takes down a run that is under way. As a context manager it ends the run: finished, failed by an error, or
    stopped by Ctrl-C.
    """

    def __init__(
        self, database: Database | None, number: int, id: str | None, tails: dict[Key, Tail] | None = None
    ) -> None:
        self.id = id  # None: this run is not kept
        self._database = database
        self._number = number
        self._tails = tails or {}
        self._queue = Queue()
        self._unsaved: list[dict[Key, Block]] = []
        self._silent = database is None
        self._saving = threading.RLock()
        self._wake = threading.Event()
        self._saved = time.monotonic()
        self._process = os.getpid()
        self._ended = False
        self._given_up = False
        self._warned = False
        self._thread = threading.Thread(target=self._keep_saving, name=f"glassgrad-run-{id}", daemon=True)
        if database is not None:
            _open.add(self)
            self._thread.start()

    def log(self, step: int, values: Mapping[str, Any]) -> None:
        """Notes metrics at a step: numbers, or arrays of one element. NaN and infinities are kept."""
        if self._silent:
            return
        self._queue.add("", step, values)
        if self._queue.rows > _MANY:
            self._wake.set()

    def log_many(self, steps: Any, values: Mapping[str, Any]) -> None:
        """Notes metrics at many steps at once: steps (n,), and for each metric an array (n,)."""
        if self._silent:
            return
        self._queue.add_many(steps, values)
        if self._queue.rows > _MANY:
            self._wake.set()

    def log_layers(self, step: int, kind: str, values: Mapping[str, Any]) -> None:
        """Notes a statistic of the layers ("gradient norm", …) at a step, by path."""
        if self._silent:
            return
        if not kind:
            raise UsageError("a statistic of layers needs a kind", hint='for instance "gradient norm"')
        self._queue.add(kind, step, values)
        if self._queue.rows > _MANY:
            self._wake.set()

    def artefact(self, path: str | Path, kind: str) -> None:
        """Notes a file that the run made: its place, size and SHA-256. The file stays where it is."""
        database = self._database
        if database is None or self._is_elsewhere():
            return
        row = artefact_row(database.path, self._number, Path(path), kind)
        self._try(lambda connection: connection.execute(NOTE_ARTEFACT, row))

    def flush(self) -> None:
        """Saves now what is queued. What cannot be saved is kept and tried again."""
        if self._database is not None and not self._is_elsewhere():
            self._save(close=False)

    def finish(self, status: Ending = "finished", reason: str | None = None) -> None:
        """Ends the run: saves the rest and writes how it ended. A second call does nothing."""
        if status not in _ENDINGS:
            raise UsageError(f"a run does not end as {status!r}", hint=f"it ends as {', '.join(_ENDINGS)}")
        database = self._database
        if self._ended or database is None or self._is_elsewhere():
            return
        self._ended = True
        self._wake.set()
        self._save(close=True)
        now = time.time()
        self._try(
            lambda connection: connection.execute(
                "UPDATE runs SET status = ?, reason = ?, ended = ?, seen = ? WHERE number = ?",
                (status, reason, now, now, self._number),
            )
        )
        _open.discard(self)
        self._silence()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=database.patience)
        database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        elif isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            self.finish("stopped", type(error).__name__)
        else:
            self.finish("failed", f"{type(error).__name__}: {error}".splitlines()[0])

    def _keep_saving(self) -> None:
        wait = EVERY
        while not self._ended:
            self._wake.wait(wait)
            self._wake.clear()
            if self._queue.rows or self._unsaved or time.monotonic() - self._saved > HEARTBEAT:
                saved = self._save(close=False)
                wait = EVERY if saved else min(2 * wait, HEARTBEAT)

    def _save(self, *, close: bool) -> bool:
        with self._saving:
            if self._queue.rows:
                self._unsaved.append(self._queue.take())
            blocks = by_series(self._unsaved)
            new: dict[Key, Tail] = {}

            def write(connection: Any) -> None:
                new.update(absorb(connection, self._number, self._tails, blocks, close=close))
                connection.execute("UPDATE runs SET seen = ? WHERE number = ?", (time.time(), self._number))

            if not self._try(write):
                return False
            self._tails, self._unsaved, self._saved = new, [], time.monotonic()
            return True

    def _try(self, write: Any) -> bool:
        """Writes in a transaction; a failure is warned of once, and the training goes on."""
        database = self._database
        if self._given_up or database is None:
            return False
        with self._saving:
            try:
                with database.writing() as connection:
                    if not connection.execute("SELECT 1 FROM runs WHERE number = ?", (self._number,)).fetchone():
                        raise _RunGoneError(f"the run {self.id} was deleted from {database.path}")
                    write(connection)
            except StoreError as error:
                lasting = isinstance(error, _RunGoneError) or self._waiting() > _TOO_MANY
                self._warn(error, lasting=lasting)
                return False
            self._warned = False
            return True

    def _warn(self, error: StoreError, *, lasting: bool) -> None:
        if lasting:
            self._given_up = True
            self._silence()
        if self._warned and not lasting:
            return
        self._warned = True
        rest = "is not recorded any further" if lasting or self._ended else "is kept in memory and tried again"
        with contextlib.suppress(StoreWarning):  # where warnings are errors: not in the middle of a training
            warnings.warn(f"{error.message}; the run {self.id} {rest}", StoreWarning, stacklevel=2)

    def _waiting(self) -> int:
        return sum(len(block.steps) for batch in self._unsaved for block in batch.values())

    def _silence(self) -> None:
        self._silent, self._unsaved = True, []

    def _is_elsewhere(self) -> bool:
        """In a forked child the run belongs to the parent."""
        return self._process != os.getpid()


class _RunGoneError(StoreError):
    """The run was deleted while it was written."""


def silent_writer() -> RunWriter:
    """A writer that keeps nothing: what a training gets where no store can be written."""
    return RunWriter(None, 0, None)


NOTE_ARTEFACT = "INSERT OR REPLACE INTO artefacts VALUES (?,?,?,?,?,?)"


def artefact_row(database: Path, number: int, path: Path, kind: str) -> tuple[Any, ...]:
    """What a store keeps of a file. Raises StoreError where it cannot be read."""
    file = path.absolute()
    try:
        size, digest = file.stat().st_size, sha256_of(file)
    except OSError as error:
        raise StoreError(f"the artefact {path} cannot be read: {error.strerror}") from None
    root = root_of(database)
    place = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
    return number, place, kind, size, digest, time.time()


def root_of(database: Path) -> Path:
    """The folder that artefacts are named relative to."""
    folder = database.absolute().parent
    return folder.parent if folder.name == ".glassgrad" else folder


_open: "weakref.WeakSet[RunWriter]" = weakref.WeakSet()


def _save_the_rest() -> None:
    for writer in list(_open):
        writer.flush()


def _silence_all() -> None:
    for writer in list(_open):
        writer._silence()  # noqa: SLF001 - the child's copy of the parent's writer


atexit.register(_save_the_rest)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_silence_all)
