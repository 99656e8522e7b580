"""One SQLite file and a connection to it: transactions that wait their turn, errors that name the file. Floor 7."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from glassgrad.base.errors import StoreError
from glassgrad.train.store.schema import MIGRATIONS, is_foreign, migrate, version_of

PATIENCE = 10.0  # seconds that a write waits for other processes
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_READ_ONLY = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR)
_left_behind: list[sqlite3.Connection] = []  # by a fork: the child must not close what the parent has open


class Database:
    """A file of runs. Threads may share it; a forked child opens it anew."""

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self.path = path
        self.patience = patience
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int, int] | None = None  # process, device, file: where the connection belongs

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that reads: everything in it sees the same moment."""
        with self._lock, self._told():
            connection = self._connected(create=False)
            connection.execute("BEGIN")
            with _ended(connection):
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes, all of it or nothing. Makes the file where there is none."""
        with self._lock, self._told():
            connection = self._connected(create=True)
            connection.execute("BEGIN IMMEDIATE")
            with _ended(connection):
                yield connection

    def shrink(self) -> None:
        """Gives the space of what was deleted back to the file system."""
        with self._lock, self._told():
            # a script: `execute` would take one step of this pragma, which is one page
            self._connected(create=False).executescript("PRAGMA incremental_vacuum")

    def close(self) -> None:
        """Closes the connection; the next transaction opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            if self._opened and self._opened[0] != os.getpid():
                _left_behind.append(connection)
            else:
                with suppress(sqlite3.Error):  # what was to be written is written
                    connection.close()

    def _connected(self, *, create: bool) -> sqlite3.Connection:
        if self._connection is not None and self._opened != self._place():
            self.close()  # after a fork, or when the file was taken away
        if self._connection is None:
            if create:
                self._make_folder()
            self._connection = self._open(create=create)
            self._opened = self._place()
        return self._connection

    def _place(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return os.getpid(), found.st_dev, found.st_ino

    def _make_folder(self) -> None:
        folder = self.path.parent
        try:
            if folder.name == ".glassgrad" and not folder.exists():
                folder.mkdir(parents=True, exist_ok=True)
                (folder / ".gitignore").write_text("*\n", encoding="utf-8")
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder {folder} of the run store cannot be made: {error.strerror}",
                hint="give the store another place: store.open(path), or --store PATH",
            ) from None

    def _open(self, *, create: bool) -> sqlite3.Connection:
        try:
            connection = self._connect("rwc" if create else "rw")
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        except sqlite3.OperationalError as error:
            if create or error.sqlite_errorcode & 0xFF not in _READ_ONLY or self._has_log():
                raise
            connection = self._connect("ro&immutable=1")  # a medium that cannot take the log's files beside it
            self._check(connection)
        return connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self.patience,
            isolation_level=None,
            check_same_thread=False,  # the lock above sees to it
        )

    def _has_log(self) -> bool:
        try:
            return self.path.with_name(self.path.name + "-wal").stat().st_size > 0
        except OSError:
            return False

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")  # with the log: never corrupt, the last commits may be lost
        connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
        if self._check(connection) == len(MIGRATIONS):
            return
        deadline = time.monotonic() + self.patience
        while True:  # two processes may make the store at once; this one pragma does not wait its turn
            try:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        connection.execute("BEGIN IMMEDIATE")
        with _ended(connection):
            self._check(connection)
            migrate(connection)

    def _check(self, connection: sqlite3.Connection) -> int:
        """The version of the tables; an error where they are not a run store's."""
        if is_foreign(connection):
            raise StoreError(
                f"{self.path} is an SQLite database, but not a run store",
                hint="nothing in it was changed; give the store another place",
            )
        version = version_of(connection)
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path} was written by a later Glassgrad (its tables have version {version}, "
                f"this one knows up to {len(MIGRATIONS)})",
                hint="pip install --upgrade glassgrad",
            )
        return version

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns SQLite's errors into ones that name the file."""
        try:
            yield
        except sqlite3.Error as error:
            self.close()
            message, hint = self._words(error)
            raise StoreError(message, hint=hint) from error

    def _words(self, error: sqlite3.Error) -> tuple[str, str | None]:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _BUSY:
            return f"{self.path} is locked: another process has been writing for {self.patience:g} s", None
        if code == sqlite3.SQLITE_FULL:
            return f"{self.path} cannot be written: the disk is full", None
        if self.path.is_dir():
            return f"{self.path} is a folder", "name a file"
        if code in _READ_ONLY:
            hint = "give the store a place that can be written: store.open(path), or --store PATH"
            if self._has_log():
                hint = f"{self.path.name}-wal beside it has the last writes; copy both to a folder that can be written"
            return f"{self.path} cannot be opened for this: the file or its folder is read-only", hint
        if code in _BROKEN:
            hint = (
                "nothing was changed or moved. To begin a new store, move the file away; to save what can be read: "
                f"sqlite3 {self.path.name} .recover"
            )
            return f"{self.path} is damaged or is no run store: {error}", hint
        return f"{self.path} cannot be read or written: {error}", None


@contextmanager
def _ended(connection: sqlite3.Connection) -> Iterator[None]:
    """Commits, or undoes everything since BEGIN."""
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):  # the first error is the one to tell
                connection.execute("ROLLBACK")
        raise
