"""Which process writes a run, and whether it still lives: a run whose process died is shown as interrupted. Floor 7.

On the same machine the process is looked up by number and start time. Of another machine or container one sees only
when it last wrote: every writer does so at least once in `HEARTBEAT` seconds.
"""

import os
import platform
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

HEARTBEAT = 30.0
SILENCE = 600.0  # seconds without a word after which a process that cannot be looked up counts as gone


@dataclass(frozen=True, slots=True)
class Process:
    """Where a run is written. Empty texts where the system does not tell."""

    host: str
    boot: str  # differs after the machine was started anew
    space: str  # process numbers are told apart within a container
    number: int
    started: str

    def to_dict(self) -> dict[str, Any]:
        """For the store."""
        return asdict(self)


def this_process() -> Process:
    """The one that asks."""
    number = os.getpid()
    return Process(platform.node(), _boot(), _space(), number, _started(number))


def is_gone(process: Process, *, silent: float) -> bool:
    """Whether the process has ended, `silent` seconds after it last wrote."""
    if (process.host, process.space) != (platform.node(), _space()):
        return silent > SILENCE
    if process.boot != _boot():
        return True
    if process.number == os.getpid():
        return process.started != _started(process.number)
    if process.started:
        return process.started != _started(process.number)
    return silent > SILENCE or not _exists(process.number)


@lru_cache(maxsize=1)
def _boot() -> str:
    return _text(Path("/proc/sys/kernel/random/boot_id"))


def _space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _started(number: int) -> str:
    """When the process started, in ticks since the machine did: field 22 of /proc/N/stat, proc(5). "" if it is dead."""
    fields = _text(Path(f"/proc/{number}/stat")).rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _exists(number: int) -> bool:
    if os.name == "nt":
        return True  # os.kill would end it; the silence tells
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is somebody else's
    return True
