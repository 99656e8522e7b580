"""Times calls of several libraries in turn, so that whatever else the machine does meets them all alike."""

import gc
import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.harness.case import Case, Run, apart

OWN = "glassgrad"


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: the seconds of one round of one library, and the number of rounds."""

    round_seconds: float
    rounds: int


REST = 0.05  # seconds
FULL, QUICK = Effort(0.1, 15), Effort(0.005, 5)


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its quartiles."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """The median and quartiles of some values."""
    ordered = sorted(values)
    if len(ordered) < 2:
        return Spread(ordered[0], ordered[0], ordered[0])
    low, median, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return Spread(median, low, high)


@dataclass(frozen=True, slots=True)
class Timing:
    """One library in one case: seconds a call, the first call's seconds, and how much slower it is than ours.

    `ratio` is the spread of the quotients round by round; above 1 we are the faster. `wrong` says why it was left out.
    """

    library: str
    first: float = 0.0
    seconds: Spread | None = None
    ratio: Spread | None = None
    wrong: str = ""


def timed(run: Run, count: int) -> float:
    """The seconds of so many calls."""
    function, arguments = run.function, run.arguments
    began = time.perf_counter()
    for _ in itertools.repeat(None, count):
        function(*arguments)
    return time.perf_counter() - began


def calls_for(run: Run, seconds: float) -> int:
    """How many calls take about so long; at least one."""
    count = 1
    while True:
        took = timed(run, count)
        if took >= seconds / 4 or count >= 10**7:
            return max(1, round(count * seconds / max(took, 1e-9)))
        count *= 4


def interleaved(runs: Mapping[str, Run], effort: Effort) -> dict[str, list[float]]:
    """Seconds a call of each run, round by round; each round begins with another one.

    Before its turn a run has a rest and a call that is not counted: the threads of other libraries keep the processors
    busy for some milliseconds after their last call, waiting for the next one (OpenBLAS for about 25).
    """
    counts = {name: calls_for(run, effort.round_seconds) for name, run in runs.items()}
    found: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    collects = gc.isenabled()
    gc.disable()
    try:
        for index in range(effort.rounds):
            turn = index % len(names)
            for name in names[turn:] + names[:turn]:
                time.sleep(REST)
                timed(runs[name], 1)
                found[name].append(timed(runs[name], counts[name]) / counts[name])
    finally:
        if collects:
            gc.enable()
    return found


def prepared(case: Case, library: str) -> tuple[Run, list[Any], float]:
    """A library's call, its first results, and the seconds that the first one took."""
    run = case.makers[library]()
    began = time.perf_counter()
    results = [run.function(*run.arguments)]
    first = time.perf_counter() - began
    results += [run.function(*run.arguments) for _ in range(case.compared - 1)]
    return run, [run.numbers(result) for result in results], first


def measured(case: Case, libraries: Sequence[str], effort: Effort) -> list[Timing]:
    """Times the libraries in one case; those whose results differ from the first one's are named, not timed."""
    runs: dict[str, Run] = {}
    firsts: dict[str, float] = {}
    wrong: dict[str, str] = {}
    standard = None
    for library in [name for name in libraries if name in case.makers]:
        try:
            run, results, firsts[library] = prepared(case, library)
        except Exception as error:  # noqa: BLE001 - one library's failure is a line of the table
            wrong[library] = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
            continue
        standard = results if standard is None else standard
        off = apart(standard, results)
        if off > case.tolerance:
            wrong[library] = f"its numbers differ by {off:.1e}"
            continue
        runs[library] = run
    found = interleaved(runs, effort)
    timings = [Timing(library, wrong=reason) for library, reason in wrong.items()]
    for library, values in found.items():
        ratio = spread([v / own for v, own in zip(values, found[OWN], strict=True)]) if OWN in found else None
        timings.append(Timing(library, firsts[library], spread(values), ratio))
    return sorted(timings, key=lambda timing: libraries.index(timing.library))


def best_seconds(function: Callable[[], object], repeats: int) -> float:
    """The shortest of some calls, after one that warms up: for ceilings."""
    function()
    return min(timed(Run(function), 1) for _ in range(repeats))
