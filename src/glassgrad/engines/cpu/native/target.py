"""The processor that code is made for: this one, or what several have in common. Floor 4.

GLASSGRAD_CPU names one of the levels that the x86-64 psABI defines (section 3.1.1, "Processor Architecture"):
`x86-64-v3` is what processors with AVX2 have in common. Unset, or `host`, it is this processor with all it can do.
"""

import os
from dataclasses import dataclass
from functools import cache

import llvmlite.binding as llvm

from glassgrad.base.warning import warn_once

VARIABLE = "GLASSGRAD_CPU"
HOST = "host"
_ADDED = {
    "x86-64": "cmov cx8 fxsr mmx sse sse2",
    "x86-64-v2": "crc32 cx16 popcnt sahf sse3 sse4.1 sse4.2 ssse3",
    "x86-64-v3": "avx avx2 bmi bmi2 f16c fma lzcnt movbe xsave",
    "x86-64-v4": "avx512bw avx512cd avx512dq avx512f avx512vl",
}  # by each level to those before
LEVELS = {name: frozenset(" ".join(list(_ADDED.values())[: number + 1]).split()) for number, name in enumerate(_ADDED)}


@dataclass(frozen=True, slots=True)
class Target:
    """A processor by its name in LLVM, and what it can do: its features as LLVM writes them, `+avx2,-avx512f`."""

    name: str
    features: str


@cache
def target() -> Target:
    """What code is made for in this process."""
    name = os.environ.get(VARIABLE, "").strip().lower()
    host = Target(str(llvm.get_host_cpu_name()), str(llvm.get_host_cpu_features().flatten()))
    if name in ("", HOST):
        return host
    if name not in LEVELS:
        known = ", ".join([HOST, *LEVELS])
        warn_once(f"{VARIABLE}={name!r} is no processor that can be chosen, and has no effect: there are {known}")
        return host
    if lacking := sorted(LEVELS[name] - _those_had(host)):
        warn_once(f"{VARIABLE}={name!r} has no effect: this processor ({host.name}) has no {', '.join(lacking)}")
        return host
    return Target(name, ",".join([f"+{feature}" for feature in sorted(LEVELS[name])]))


def has(feature: str) -> bool:
    """Can the processor that code is made for do this (`avx2`)?"""
    return feature in _those_had(target())


def has_halves() -> bool:
    """Does the processor that code is made for turn half precision into single and back?"""
    return has("f16c") or has("neon")


def registers() -> int:
    """How many vectors the processor holds."""
    return 32 if has("avx512f") or has("neon") else 16


@cache
def _those_had(chosen: Target) -> frozenset[str]:
    return frozenset([feature[1:] for feature in chosen.features.split(",") if feature.startswith("+")])
