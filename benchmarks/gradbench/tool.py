"""Glassgrad as a tool of GradBench: one JSON message a line on standard input, one answer a line on standard output.

The protocol is described in GradBench's CONTRIBUTING.md. Run it as `python -m benchmarks.gradbench.tool`.
"""

import argparse
import importlib
import json
import sys
import time
import traceback
from array import array
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import glassgrad as gg
from benchmarks.gradbench.task import Task

Message = dict[str, Any]

EVALS = ("ba", "det", "gmm", "hello", "ht", "kmeans", "llsq", "lse", "lstm", "ode", "particle", "saddle")


def defined(module: str) -> ModuleType:
    """The module of an eval: importing it makes its compiled functions (each traces at its first input)."""
    if module not in EVALS:
        raise LookupError(f"no eval {module!r}; there are {', '.join(EVALS)}")
    return importlib.import_module(f"benchmarks.gradbench.evals.{module}")


def evaluated(message: Message) -> Message:
    """Reads the input, traces and compiles, then times whole calls: a call ends with its numbers in hand."""
    given = message["input"]
    began = time.perf_counter_ns()
    task = defined(message["module"]).FUNCTIONS[message["function"]](given)
    read = time.perf_counter_ns()
    task.function(*task.arguments)
    compiled = time.perf_counter_ns()
    runs, seconds = (given.get(name, 0) if isinstance(given, dict) else 0 for name in ("min_runs", "min_seconds"))
    result, evaluations = timed(task, max(runs, 1), seconds * 1e9)
    once = [("prepare", read - began), ("compile", compiled - read)]
    timings = [*once, *[("evaluate", took) for took in evaluations]]
    return {
        "success": True,
        "output": task.answer(result),
        "timings": [{"name": name, "nanoseconds": took} for name, took in timings],
    }


def timed(task: Task, runs: int, nanoseconds: float) -> tuple[Any, Sequence[int]]:
    """A result, and what each of at least so many runs took that last so long together.

    A microsecond is a long time for a compiled function: what is noted between the runs stays out of its caches.
    """
    function, arguments, now = task.function, task.arguments, time.perf_counter_ns
    took, elapsed = array("q"), 0
    while len(took) < runs or elapsed < nanoseconds:
        began = now()
        result = function(*arguments)
        ended = now()
        took.append(ended - began)
        elapsed += ended - began
    return result, took


def answered(message: Message) -> Message:
    """The answer to a message; an error inside becomes an answer that holds it."""
    match message["kind"]:
        case "start":
            return {"tool": "glassgrad"}
        case "define" | "evaluate" as kind:
            try:
                if kind == "evaluate":
                    return evaluated(message)
                defined(message["module"])
            except Exception:  # noqa: BLE001 - whatever went wrong is the answer
                return {"success": False, "error": traceback.format_exc()}
            return {"success": True}
        case _:
            return {}


def answers(lines: Iterable[str]) -> Iterator[str]:
    """Answers to messages, line by line."""
    for line in lines:
        message = json.loads(line)
        if message["kind"] == "end":
            return
        yield json.dumps({"id": message["id"], **answered(message)})


def main() -> None:
    """Answers until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="how many threads a function may use (default 1)")
    parser.add_argument("--engine", help="what runs the functions, if not what runs them by default")
    options = parser.parse_args()
    engine = {"engine": options.engine} if options.engine else {}
    with gg.settings(threads=options.threads, **engine):
        for line in answers(sys.stdin):
            print(line, flush=True)


if __name__ == "__main__":
    main()
