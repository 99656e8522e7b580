"""One case for one library in a process of its own: `python -m benchmarks.harness.child GROUP CASE LIBRARY`.

Prints as JSON what cannot be seen from outside: the seconds of the first call (tracing and compiling) and of a later
one, and the most memory that the process held before the library's work and after it.
"""

import importlib
import json
import resource
import statistics
import sys
import time
from pathlib import Path

from benchmarks.harness.chosen import chosen
from benchmarks.harness.measure import timed

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def held(name: str) -> int:
    """Bytes that this process holds now (VmRSS) or has held at most (VmHWM); without /proc the most for both."""
    if STATUS.exists():
        (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith(name)]
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    group, name, library = sys.argv[1:]
    found = importlib.import_module(f"benchmarks.{group}").cases(quick=False, dtype="float32")
    (case,) = [case for case in found if case.name == name]
    run = case.makers[library]()
    before = held("VmRSS")
    if FORGET.exists():
        FORGET.write_text("5")  # the peak starts anew (proc(5))
    with chosen():
        began = time.perf_counter()
        run.function(*run.arguments)
        first = time.perf_counter() - began
        later = statistics.median(timed(run, 1) for _ in range(5))
    print(json.dumps({"first": first, "later": later, "before": before, "after": held("VmHWM")}))


if __name__ == "__main__":
    main()
