"""The folder of a job: unfinished beside its place while it runs, then there in one move. Floor 7."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassgrad.base.errors import CheckpointError, UsageError
from glassgrad.train.job.settings import Settings, read_settings
from glassgrad.train.lock import hold
from glassgrad.train.tabular.network import Network

SETTINGS = "config.toml"
_ENDING = ".unfinished"
_LOCK = "lock"


class FailedTrainingError(UsageError):
    """A training that came to no network: the same settings would fail again."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a job's results come to lie (`path`), and where they are made."""

    path: Path

    @property
    def unfinished(self) -> Path:
        """The folder beside it with the settings and the checkpoints of a run that goes on."""
        return self.path.with_name(self.path.name + _ENDING)

    @property
    def checkpoints(self) -> Path:
        """Where the run saves itself."""
        return self.unfinished / "checkpoints"

    @property
    def results(self) -> Path:
        """Where the results are made, before they are moved."""
        return self.unfinished / "results"

    # ------------------------------------------------------------------ beginning
    def check_free(self, *, overwrite: bool) -> None:
        """Raises UsageError where something lies that the job would write over."""
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file, and results are a folder", hint="--out another-name")
        filled = self.path.is_dir() and any(self.path.iterdir())
        if filled and not overwrite:
            raise UsageError(f"{self.path} is there already", hint="--overwrite writes over it; or --out another-name")
        if filled and not (self.path / SETTINGS).exists():
            raise UsageError(f"{self.path} was not written by this command: it is not written over")
        if self.is_kept and not overwrite:
            raise UsageError(
                f"an unfinished run lies in {self.unfinished}",
                hint=f"--resume goes on with it, --overwrite begins anew: glassgrad train --resume --out {self.path}",
            )

        above = next(place for place in self.path.absolute().parents if place.exists())
        if not (above.is_dir() and os.access(above, os.W_OK)):
            raise UsageError(f"nothing can be written to {above}", hint="--out a folder elsewhere")

    @property
    def is_kept(self) -> bool:
        """Has an unfinished run saved anything that another could go on with?"""
        return any(self.checkpoints.rglob("*.safetensors"))

    @contextmanager
    def claimed(self, settings: Settings, *, resume: bool, overwrite: bool) -> Iterator[None]:
        """Holds the folder against other processes, from before the table is read until everything is written.

        A new run begins with its settings alone. What is begun and holds nothing to go on with is removed when
        something goes wrong, so that the same command can be given again.
        """
        try:
            self.unfinished.mkdir(parents=True, exist_ok=True)
            lock = hold(self.unfinished / _LOCK)
        except OSError as error:
            raise UsageError(f"{self.unfinished} cannot be written: {error.strerror}", hint="--out a folder") from None
        if lock is None:
            raise UsageError(
                f"another run is writing {self.path} at this moment", hint="wait until it ends; or --out another-name"
            )
        try:
            if not resume:
                self.check_free(overwrite=overwrite)
                self._begin(settings)
            yield
        except BaseException as error:
            if not resume and (isinstance(error, FailedTrainingError) or not self.is_kept):
                self.abandon()
            raise
        finally:
            lock.close()

    def _begin(self, settings: Settings) -> None:
        """Clears away what an earlier run left, and writes down what this one was told."""
        for path in self.unfinished.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()
        (self.unfinished / SETTINGS).write_text(settings.toml(), encoding="utf-8")

    def settings_of_unfinished(self) -> dict[str, Any]:
        """What the unfinished run was told. Raises UsageError where there is none."""
        if not (self.unfinished / SETTINGS).exists():
            done = (self.path / SETTINGS).exists()
            raise UsageError(
                f"there is no unfinished run of {self.path} to go on with",
                hint="it is finished" if done else f"it would lie in {self.unfinished}",
            )
        return read_settings(self.unfinished / SETTINGS)

    # ------------------------------------------------------------------ ending
    def abandon(self) -> None:
        """Removes what was begun."""
        shutil.rmtree(self.unfinished, ignore_errors=True)

    def fresh_results(self) -> Path:
        """An empty folder to make the results in."""
        if self.results.exists():
            shutil.rmtree(self.results)
        self.results.mkdir(parents=True)
        return self.results

    def finish(self) -> None:
        """Moves the results to their place, whole, and removes the checkpoints."""
        _settle(self.results)
        if self.path.is_dir():
            self.path.replace(self.unfinished / "replaced")
        self.results.replace(self.path)
        shutil.rmtree(self.unfinished)


def _settle(folder: Path) -> None:
    """Forces files to the disk, so that no crash leaves an empty one under a good name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def default_folder(data: str, *, resume: bool) -> Path:
    """churn.csv → churn-model, or churn-model-2 … where that is taken; with `resume` the newest unfinished one."""
    base = Path(f"{Path(data).stem}-model")
    numbered = [base, *(Path(f"{base}-{count}") for count in range(2, 10_000))]
    if resume:
        waiting = [path for path in numbered[:1000] if Folder(path).unfinished.exists()]
        return max(waiting, key=lambda path: Folder(path).unfinished.stat().st_mtime, default=base)
    free = [path for path in numbered[:1000] if not path.exists() and not Folder(path).unfinished.exists()]
    if not free:
        raise UsageError(f"{base} and a thousand others are there already", hint="--out another-name")
    return free[0]


def load_network(path: Path) -> Network:
    """The network in a folder that `glassgrad train` wrote. Raises UsageError for another folder."""
    if not path.exists():
        hint = (
            "it is unfinished: glassgrad train --resume --out " + str(path)
            if Folder(path).unfinished.exists()
            else None
        )
        raise UsageError(f"there is no folder {path}", hint=hint or "glassgrad train DATA --target COLUMN makes one")
    if not path.is_dir() or not (path / SETTINGS).exists() or not (path / "network.json").exists():
        kind = "folder" if path.is_dir() else "file"
        raise UsageError(
            f"{path} is a {kind} that `glassgrad train` did not write",
            hint="it writes one with config.toml and model.safetensors",
        )
    try:
        return Network.load(path)
    except (json.JSONDecodeError, KeyError) as error:
        raise CheckpointError(f"{path} is damaged: {error}", hint="train it again") from None
