"""How much memory this process may still take: of the machine, and of the container that it is in. Floor 7."""

import os
from pathlib import Path

_MEMORY = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")  # of version 2: Documentation/admin-guide/cgroup-v2.rst in Linux


def free_memory() -> float | None:
    """Bytes of memory that are free or can be made free, where the system tells."""
    found = [one for one in (_of_machine(), _of_group()) if one is not None]
    return min(found, default=None)


def _of_machine() -> float | None:
    """Linux counts what it would give up for others: files that were read lie in memory until then."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines())
        return 1024.0 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        pass
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):  # not on every system
        return None


def _of_group() -> float | None:
    """What a container has left: its limit without what is taken, files that were read aside."""
    try:
        most = (_GROUP / "memory.max").read_text().strip()
        taken = int((_GROUP / "memory.current").read_text())
        parts = dict(line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())
        return None if most == "max" else float(int(most) - taken + int(parts.get("inactive_file", 0)))
    except (OSError, ValueError):
        return None
