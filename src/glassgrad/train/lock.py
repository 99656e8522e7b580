"""A folder belongs to one training at a time: a file in it names the process that writes there. Floor 7."""

import contextlib
import json
import os
import time
from pathlib import Path

from glassgrad.base.errors import CheckpointError
from glassgrad.train.store.process import Process, is_gone, this_process

_TRIES = 5


class Lock:
    """Held from `take` to `give_back`. That of a process which is gone is taken over.

    A process on another machine, which nobody here can look up, counts as gone when it has not touched the file for
    ten minutes; `touch` does that, with each checkpoint.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._is_held = False

    def take(self) -> None:
        """Raises CheckpointError where another training holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(this_process().to_dict())
        for _ in range(_TRIES):
            try:
                handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:
                self._clear()
                continue
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
            self._is_held = True
            return
        raise self._taken("others take it at the same moment")

    def touch(self) -> None:
        """Says that the process is still there."""
        with contextlib.suppress(OSError):
            os.utime(self.path)

    def give_back(self) -> None:
        """The next one may have it."""
        if self._is_held:
            self._is_held = False
            self.path.unlink(missing_ok=True)

    def _clear(self) -> None:
        """Removes the file of a process that is gone."""
        try:
            text, silent = self.path.read_text(encoding="utf-8"), time.time() - self.path.stat().st_mtime
        except FileNotFoundError:
            return  # given back at this moment
        try:
            holder = Process(**json.loads(text))
        except (ValueError, TypeError):
            if silent < 1.0:  # it is being written
                time.sleep(0.05)
                return
            holder = None
        if holder is not None and not is_gone(holder, silent=silent):
            raise self._taken(f"process {holder.number} on {holder.host or 'this machine'} writes there")
        self._remove(text)

    def _remove(self, text: str) -> None:
        """Takes the file away under another name first: another process may have taken it over since it was read."""
        aside = self.path.with_name(f".lock.{os.getpid()}.{time.monotonic_ns()}")
        with contextlib.suppress(FileNotFoundError):
            self.path.rename(aside)
            if aside.read_text(encoding="utf-8") != text and not self.path.exists():
                aside.rename(self.path)
        aside.unlink(missing_ok=True)

    def _taken(self, why: str) -> CheckpointError:
        return CheckpointError(
            f"another training holds {self.path.parent}: {why}",
            hint="give each run a folder of its own, or wait for the other to end",
        )
