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

from benchmarks.harness.measure import timed


def most_memory() -> int:
    """The most bytes that this process has held; what the system counts in is kilobytes, on macOS bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    group, name, library = sys.argv[1:]
    found = importlib.import_module(f"benchmarks.{group}").cases(quick=False, dtype="float32")
    (case,) = [case for case in found if case.name == name]
    run = case.makers[library]()
    before = most_memory()
    began = time.perf_counter()
    run.function(*run.arguments)
    first = time.perf_counter() - began
    later = statistics.median(timed(run, 1) for _ in range(5))
    print(json.dumps({"first": first, "later": later, "before": before, "after": most_memory()}))


if __name__ == "__main__":
    main()
