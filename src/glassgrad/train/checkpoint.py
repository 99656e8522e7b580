"""Checkpoints: one file each, written under another name, forced to the disk, and renamed; read with a check. Floor 7.

A file is in the safetensors format: arrays by name, and the facts as JSON in its header, with a hash of the arrays.
Nothing in it is code. The one before the last is kept, for the case that the last cannot be read.
"""

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from glassgrad.base.errors import CheckpointError, UsageError
from glassgrad.train.lock import give_back, hold, holder

FORMAT = "glassgrad checkpoint 1"
_LOCK = "lock"
_PART = ".part"  # the end of the name of a file that is being written


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file holds: arrays by name, and facts."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


def write(path: Path, checkpoint: Checkpoint, *, keep: Path | None = None) -> None:
    """Writes a file such that at each moment the old or the new one is whole; `keep` is where the old one goes.

    Raises CheckpointError where the disk is full, or the folder cannot be written.
    """
    from safetensors.numpy import save  # with the first file, not with the package

    arrays = {name: np.asarray(array, order="C") for name, array in checkpoint.arrays.items()}
    header = {"format": FORMAT, "facts": json.dumps(checkpoint.facts), "hash": _hash(arrays)}
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_PART}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(save(arrays, header))
                file.flush()
                os.fsync(file.fileno())
            if keep is not None and path.exists():
                path.replace(keep)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be written: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    """Forces a rename to the disk, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(path: Path) -> Checkpoint:
    """What a file holds; CheckpointError where it is no checkpoint, or not whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}", hint="it is damaged, or no checkpoint") from None
    if header.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no checkpoint of Glassgrad", hint=f"its format is {header.get('format')!r}")
    if header.get("hash") != _hash(arrays):
        raise CheckpointError(f"{path} is damaged: its numbers are not those that were written")
    try:
        facts = json.loads(header["facts"])
    except (KeyError, ValueError):
        facts = None
    if not isinstance(facts, dict):
        raise CheckpointError(f"{path} is damaged: it says nothing of its arrays")
    return Checkpoint(arrays, facts)


def _hash(arrays: dict[str, np.ndarray]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.asarray(array, order="C").data)
    return found.hexdigest()


class Checkpoints:
    """The checkpoints of a run in a folder: the last one, the one before, and the best model.

    As a context manager it holds the folder, which no other run may write into meanwhile. Each file bears a name of the
    run, so that none is taken for that of another one.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.last, self.previous = self.folder / "last.safetensors", self.folder / "previous.safetensors"
        self.best = self.folder / "best.safetensors"
        self._run = secrets.token_hex(8)
        self._is_good = False  # was the last one written or read by this run? Else it is nothing to keep.
        self._lock: IO[Any] | None = None

    def __enter__(self) -> Self:
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"checkpoint is a folder, and {self.folder} is a file")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = hold(self.folder / _LOCK)
        if self._lock is None:
            raise CheckpointError(
                f"another training holds {self.folder}: {holder(self.folder / _LOCK)} writes there",
                hint="give each run a folder of its own, or wait for the other to end",
            )
        for name in (self.last, self.previous, self.best):  # what a killed process has left
            for half in self.folder.glob(f".{name.name}.*{_PART}"):
                half.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            give_back(self.folder / _LOCK, self._lock)

    def clear(self) -> None:
        """Removes what another run has left: nothing of it must be found later."""
        for path in (self.last, self.previous, self.best):
            path.unlink(missing_ok=True)

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes the last checkpoint, and keeps the one before if it is whole."""
        named = self._named(checkpoint, "run")
        if self._is_good:
            write(self.last, named, keep=self.previous)
        else:
            write(self.last, named)
        self._is_good = True

    def save_best(self, checkpoint: Checkpoint) -> None:
        """Writes the best model."""
        write(self.best, self._named(checkpoint, "best"))

    def load(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest checkpoint that can be read, or None in an empty folder; and what was wrong with newer ones.

        Raises CheckpointError where there are files and none can be read.
        """
        problems: list[str] = []
        for path in (self.last, self.previous):
            if path.exists():
                try:
                    found = _read_kind(path, "run")
                except CheckpointError as error:
                    problems.append(error.message)
                    continue
                self._run, self._is_good = found.facts["run"], path == self.last
                return found, problems
        if problems:
            raise CheckpointError(
                "; ".join(problems), hint=f"resume=False begins anew and overwrites what is in {self.folder}"
            )
        return None, []

    def load_best(self) -> Checkpoint:
        """The best model of the run that was loaded. Raises CheckpointError."""
        found = _read_kind(self.best, "best")
        if found.facts["run"] != self._run:
            raise CheckpointError(f"{self.best} is of another run")
        return found

    def _named(self, checkpoint: Checkpoint, kind: str) -> Checkpoint:
        return Checkpoint(checkpoint.arrays, {**checkpoint.facts, "kind": kind, "run": self._run})


def _read_kind(path: Path, kind: str) -> Checkpoint:
    found = read(path)
    if found.facts.get("kind") != kind or "run" not in found.facts:
        what = "the state of a run" if kind == "run" else "the best model of a run"
        raise CheckpointError(f"{path} does not hold {what}", hint="was it copied there from elsewhere?")
    return found
