"""What a run ran with: versions of packages, and the machine. Floor 7."""

import os
import platform
from functools import lru_cache
from pathlib import Path
from typing import Any

from glassgrad._version import __version__

_PACKAGES = ("numpy", "scipy", "llvmlite", "scikit-learn", "polars")


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of Python, Glassgrad and what it computes with."""
    from importlib.metadata import PackageNotFoundError, version  # takes as long as the rest of a listing

    found = {"python": platform.python_version(), "glassgrad": __version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@lru_cache(maxsize=1)
def machine() -> dict[str, Any]:
    """The machine: its name, system, processor, how many of them this process may use, memory in bytes."""
    usable = getattr(os, "sched_getaffinity", None)
    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "processors": len(usable(0)) if usable else os.cpu_count(),
        "memory": _memory(),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    for line in text.splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
