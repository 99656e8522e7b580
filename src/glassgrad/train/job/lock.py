"""A lock that a process holds for as long as it lives, so that two of them do not write one folder. Floor 7."""

import os
import sys
from pathlib import Path
from typing import IO, Any

from glassgrad.base.errors import UsageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def hold(path: Path, what: str) -> IO[Any]:
    """The lock's file, open: closing it, or the end of the process however it comes, lets go.

    Raises UsageError where another process holds it.
    """
    file = path.open("a")
    if not (_taken(file) and _is_there(path, file)):
        file.close()
        raise UsageError(
            f"another run is writing {what} at this moment", hint="wait until it ends; or --out another-name"
        )
    return file


def _is_there(path: Path, file: IO[Any]) -> bool:
    """Is it the file of this name still? A run that ends removes its lock."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _taken(file: IO[Any]) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # file systems without locks; Windows where it is held
        return sys.platform != "win32"
    return True
