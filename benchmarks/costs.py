"""What is paid once: imports, compilation (cold and warm), memory; a gradient against its function; growth."""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks import elementwise, training
from benchmarks.harness.case import LIBRARIES, leaves
from benchmarks.harness.measure import FULL, QUICK, interleaved
from benchmarks.harness.report import duration

COMPILERS = ("glassgrad", "jax", "torch.compile")
Record = dict[str, Any]


def records(*, quick: bool, libraries: Sequence[str]) -> list[Record]:
    """Measures and prints everything of this group."""
    found = []
    for part in (imports, compilation, gradient_against_function, growth):
        for record in part(quick, libraries):
            found.append(record)
            print(f"{record['case']:44}{record['library']:23}{record['text']}", flush=True)
    return found


# ------------------------------------------------------------------ imports
def imports(quick: bool, libraries: Sequence[str]) -> Iterator[Record]:
    """What `import` adds to a bare interpreter, NumPy's import included."""
    modules = dict.fromkeys(LIBRARIES[name] for name in libraries if importlib.util.find_spec(LIBRARIES[name]))
    commands = {"bare": "", **{module: f"import {module}" for module in modules}}
    if "glassgrad" in modules:
        commands["glassgrad, first name"] = "from glassgrad import grad"
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(3 if quick else 9):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", command], check=True)
            seconds[name].append(time.perf_counter() - began)
    bare = statistics.median(seconds.pop("bare"))
    for name, values in seconds.items():
        added = statistics.median(values) - bare
        yield {"case": "import", "library": name, "seconds": added, "text": f"{added * 1e3:.0f} ms"}


# ------------------------------------------------------------------ compilation and memory
def compilation(quick: bool, libraries: Sequence[str]) -> Iterator[Record]:
    """The first call in a fresh process, with an empty cache and with the one that the process before has left."""
    names = list(training.STEPS)
    steps = names[::7] if quick else names
    for name in steps:
        for library in [library for library in COMPILERS if library in libraries]:
            if quick and library == "torch.compile":
                continue
            try:
                with tempfile.TemporaryDirectory() as cache:
                    cold, warm = _child(name, library, cache), _child(name, library, cache)
            except subprocess.CalledProcessError as error:
                reason = error.stderr.strip().splitlines()[-1]
                yield {"case": f"first step, {name}", "library": library, "text": f"left out: {reason}"}
                continue
            yield {
                "case": f"first step, {name}",
                "library": library,
                "cold": cold,
                "warm": warm,
                "text": _compiled(cold, warm),
            }


def _compiled(cold: dict[str, float], warm: dict[str, float]) -> str:
    first, again = (duration(max(0.0, one["first"] - one["later"])) for one in (cold, warm))
    more, most = (cold["after"] - cold["before"]) / 2**20, cold["after"] / 2**20
    return f"cold {first}, warm {again}, then {duration(cold['later'])}; {more:.0f} MiB more, {most:.0f} in all"


def _child(name: str, library: str, cache: str) -> dict[str, float]:
    """A case in a process of its own, caches of compiled code in the given folder."""
    caches = {"XDG_CACHE_HOME": cache, "TORCHINDUCTOR_CACHE_DIR": cache, "JAX_COMPILATION_CACHE_DIR": cache}
    always = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}
    command = [sys.executable, "-m", "benchmarks.harness.child", "training", name, library]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | caches | always)
    return json.loads(done.stdout.splitlines()[-1])


# ------------------------------------------------------------------ a gradient against its function
def gradient_against_function(quick: bool, libraries: Sequence[str]) -> Iterator[Record]:
    """Time of a gradient over the time of its function: at most 4 or so in theory, about 2 to 3 in practice."""
    size = elementwise.SIZES[3]
    for library in [library for library in libraries if library not in ("torch.compile", "numpy")]:
        runs = {}
        for change in ("forward", "gradient"):
            runs[change] = elementwise.MAKERS[library]("chain sum", change, size, "float64")
        times = interleaved(runs, QUICK if quick else FULL)
        pairs = zip(times["gradient"], times["forward"], strict=True)
        ratio = statistics.median(gradient / forward for gradient, forward in pairs)
        yield {
            "case": f"gradient / function, {size} numbers",
            "library": library,
            "ratio": ratio,
            "text": f"{ratio:.2f}",
        }


# ------------------------------------------------------------------ growth with size
def growth(quick: bool, libraries: Sequence[str]) -> Iterator[Record]:
    """The first call of the gradient of a chain of so many operations on a short vector."""
    lengths = {"glassgrad": (100, 1000, 2000) if quick else (100, 1000, 10000, 20000), "jax": (100, 1000)}
    makers: dict[str, Callable[[int], Callable[[], Any]]] = {"glassgrad": _chain_in_glassgrad, "jax": _chain_in_jax}
    for library in [library for library in makers if library in libraries]:
        for length in lengths[library]:
            call = makers[library](length)
            began = time.perf_counter()
            leaves(call())
            first = time.perf_counter() - began
            yield {
                "case": f"first gradient of {length} operations",
                "library": library,
                "seconds": first,
                "text": f"{duration(first)}, {duration(first / length)} an operation",
            }


def chain(xp: Any, length: int) -> Callable[[Any], Any]:
    """A function of so many operations, all of them different."""

    def function(x):
        for index in range(length // 3):
            x = xp.sin(x) * (1.0 + index / length) + 0.5
        return xp.sum(x)

    return function


def _chain_in_glassgrad(length: int) -> Callable[[], Any]:
    import numpy as np

    import glassgrad as gg

    gradient = gg.jit(gg.grad(chain(np, length)))
    return lambda: gradient(np.linspace(0.0, 1.0, 8))


def _chain_in_jax(length: int) -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    gradient = jax.jit(jax.grad(chain(jnp, length)))
    return lambda: gradient(jnp.linspace(0.0, 1.0, 8))
