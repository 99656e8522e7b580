"""The machine and the versions that numbers were taken with, and its memory's speed."""

import importlib.metadata
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.measure import best_seconds

PACKAGES = ("glassgrad", "numpy", "scipy", "llvmlite", "jax", "jaxlib", "torch", "autograd")


def described() -> dict[str, Any]:
    """Processor, cores, caches, system and versions."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "caches": _caches(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "in this folder" if name == "glassgrad" else None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    width = "AVX-512" if "avx512f" in facts.get("flags", "") else "AVX2" if "avx2" in facts.get("flags", "") else ""
    family = f"family {facts['cpu family']}" if "cpu family" in facts else ""
    parts = (facts.get("model name", platform.processor()), family, width)
    return ", ".join(part for part in parts if part)


def _caches() -> dict[str, str]:
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction":
            found[f"L{level}"] = size
    return found


def bandwidth(megabytes: int = 256, repeats: int = 5) -> dict[str, float]:
    """Bytes read and written a second by copies of arrays larger than the caches, on one core and on all."""
    cores = described()["cores"]
    source = np.ones(megabytes * 2**20 // 8)
    target = np.empty_like(source)
    pieces = list(zip(np.array_split(source, cores), np.array_split(target, cores), strict=True))
    one = best_seconds(lambda: np.copyto(target, source), repeats)
    with ThreadPoolExecutor(cores) as pool:
        every = best_seconds(lambda: list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), pieces)), repeats)
    return {"one core": 2 * source.nbytes / one, "all cores": 2 * source.nbytes / min(one, every)}
