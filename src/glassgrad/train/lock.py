"""A file that a process holds for as long as it lives, so that two trainings do not write one folder. Floor 7."""

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, Any

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def hold(path: Path) -> IO[Any] | None:
    """The lock's file, open; None where another holds it.

    Closing it, or the end of the process however it comes, lets go. On file systems that know no locks it is held by
    everybody. The file names its process, for `holder`.
    """
    file = path.open("a")
    if not (_taken(file) and _is_there(path, file)):
        file.close()
        return None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def give_back(path: Path, file: IO[Any]) -> None:
    """Lets go, and removes the file: first its name, so that nobody takes a lock that is about to go."""
    if sys.platform == "win32":  # an open file cannot be removed there
        file.close()
    with contextlib.suppress(OSError):
        path.unlink()
    file.close()


def holder(path: Path) -> str:
    """Who holds it, in words."""
    try:
        return f"process {int(path.read_text(encoding='utf-8'))}"
    except (OSError, ValueError):
        return "another process"


def _is_there(path: Path, file: IO[Any]) -> bool:
    """Is it the file of this name still? Who lets go removes it."""
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
