"""The checkpoints of a run: the last one, the one before it in case it cannot be read, and the best model. Floor 7."""

import secrets
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from glassgrad.base.errors import CheckpointError, UsageError
from glassgrad.base.files import parts_of
from glassgrad.base.tensors import Checkpoint, read, write
from glassgrad.train.lock import give_back, hold, holder

_LOCK = "lock"


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
            for part in parts_of(name):
                part.unlink(missing_ok=True)
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
