"""Runs the GradBench tool through its protocol on the suite's default workloads, checks and times every answer.

`--peer COMMAND` names another GradBench tool, for instance the suite's hand-written C++: it gets the same messages in
turn, its answers become the standard as in the suite itself, and derivative times are given as ratios to it. What the
first call takes beyond a later one is tracing and compiling, also where a peer does not say so.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.gradbench import golden
from benchmarks.gradbench.workloads import WORKLOADS, Workload
from benchmarks.harness import kept

OWN = f"{sys.executable} -m benchmarks.gradbench.tool"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
COMPILES = 10.0  # later calls that the first one takes at least where a tool compiles
PRIMALS = ("square", "primal", "objective", "cost")


class Tool:
    """A tool as a process, spoken to line by line."""

    def __init__(self, command: str, folder: Path | None = None) -> None:
        source = str(Path(__file__).parents[2])
        path = os.pathsep.join(part for part in (source, os.environ.get("PYTHONPATH", "")) if part)
        environment = os.environ | ONE_THREAD | ({} if folder else {"PYTHONPATH": path})
        self.process = subprocess.Popen(
            shlex.split(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
        )
        self.sent = 0
        self.name = self.asked({"kind": "start"}).get("tool", command)

    def asked(self, message: dict[str, Any]) -> dict[str, Any]:
        """The answer to a message."""
        self.process.stdin.write(json.dumps({"id": self.sent, **message}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[0]} ended with {self.process.wait()} at {message['kind']}")
        answer = json.loads(line)
        assert answer["id"] == self.sent
        self.sent += 1
        return answer

    def close(self) -> None:
        with self.process:
            self.process.stdin.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One function of one workload: how far the answer is off, and the median seconds of a run."""

    eval: str
    workload: str
    function: str
    valid: bool
    off: float
    compiling: float
    seconds: float
    peer_seconds: float | None = None
    peer_compiling: float | None = None
    error: str = ""

    @property
    def ratio(self) -> float | None:
        return self.seconds / self.peer_seconds if self.peer_seconds and self.seconds else None


def median(answer: dict[str, Any], name: str = "evaluate") -> float:
    """The median of an answer's timings of one kind, in seconds."""
    found = [timing["nanoseconds"] for timing in answer["timings"] if timing["name"] == name]
    return statistics.median(found) / 1e9 if found else 0.0


def compiling(answer: dict[str, Any]) -> float:
    """The seconds of the first call beyond those of a later one."""
    found = [timing["nanoseconds"] for timing in answer["timings"] if timing["name"] in ("compile", "evaluate")]
    return max(found[0] / 1e9 - median(answer), 0.0)


def outcome(module: str, work: Workload, function: str, tools: Sequence[Tool], seconds: float) -> Outcome:
    """Asks each tool in turn and compares: with the peer's answer where it has one, else with golden.py."""
    given = work.input
    asked = given | {"min_runs": 3, "min_seconds": seconds} if isinstance(given, dict) else given
    message = {"kind": "evaluate", "module": module, "function": function, "input": asked}
    answer, *others = [tool.asked(message) for tool in tools]
    if not answer["success"]:
        last = answer["error"].strip().splitlines()[-1]
        return Outcome(module, work.name, function, valid=False, off=float("inf"), compiling=0, seconds=0, error=last)
    peer = others[0] if others and others[0].get("success") else None
    off = golden.off(module, function, given, answer["output"])
    if peer:
        off = max(off, golden.differs(peer["output"], answer["output"]))
    return Outcome(
        module,
        work.name,
        function,
        valid=off <= golden.TOLERANCE,
        off=off,
        compiling=compiling(answer),
        seconds=median(answer),
        peer_seconds=median(peer) if peer else None,
        peer_compiling=compiling(peer) if peer else None,
    )


def outcomes(names: Sequence[str], tools: Sequence[Tool], options: argparse.Namespace) -> Iterator[Outcome]:
    """All outcomes, as they come."""
    for name in names:
        defined, *_ = [tool.asked({"kind": "define", "module": name}) for tool in tools]
        if not defined["success"]:
            raise SystemExit(f"{name}: {defined['error']}")
        works = list(WORKLOADS[name](options.suite))
        for work in works[: 2 if options.quick else options.first]:
            functions = work.functions[:1] if options.quick and len(work.functions) > 2 else work.functions
            for function in functions:
                yield outcome(name, work, function, tools, 0.05 if options.quick else options.seconds)


def line(result: Outcome) -> str:
    """An outcome for people."""
    verdict = "valid" if result.valid else f"WRONG {result.off:.1e} {result.error}"
    ratio = f"{result.ratio:9.3f}" if result.ratio else 9 * " "
    peer = f"{result.peer_seconds * 1e3:12.4f}" if result.peer_seconds else 12 * " "
    compiled = "".join(
        f"{seconds * 1e3:10.1f}" for seconds in (result.compiling, result.peer_compiling) if seconds is not None
    )
    return (
        f"{result.eval:9}{result.workload:18}{result.function:10}{result.seconds * 1e3:12.4f}{peer}{ratio}"
        f"{compiled}  {verdict}"
    )


def summary(results: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """For each eval: is all valid, and the geometric means of the ratios: primals, derivatives, compiling."""
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(result.eval for result in results):
        own = [result for result in results if result.eval == name]
        found[name] = {"valid": all(result.valid for result in own)}
        for kind, is_primal in (("primal", True), ("derivative", False)):
            ratios = [r.ratio for r in own if r.ratio and (r.function in PRIMALS) == is_primal]
            found[name][kind] = statistics.geometric_mean(ratios) if ratios else None
        compiled = [
            r.compiling / r.peer_compiling
            for r in own
            if r.peer_compiling and r.peer_seconds and r.peer_compiling > COMPILES * r.peer_seconds
        ]
        found[name]["compile"] = statistics.geometric_mean(compiled) if compiled else None
    return found


def told(results: Sequence[Outcome]) -> dict[str, Any]:
    """Everything for JSON."""
    return {"results": [asdict(result) for result in results], "means": summary(results)}


def run(options: argparse.Namespace, keep: Callable[[dict[str, Any]], None] = lambda found: None) -> dict[str, Any]:
    """Runs, prints, and gives everything back for JSON; what is there so far is kept after each row."""
    tools = [Tool(f"{OWN} --engine {options.engine}" if options.engine else OWN)]
    if options.peer:
        tools.append(Tool(options.peer, options.suite))
    compiled = f"{'compile':>10}{'peer':>10}" if options.peer else f"{'compile':>10}"
    print(f"{'eval':9}{'workload':18}{'function':10}{'ms':>12}{'peer ms':>12}{'ratio':>9}{compiled}")
    results: list[Outcome] = []
    for result in outcomes(options.evals or list(WORKLOADS), tools, options):
        results.append(result)
        print(line(result), flush=True)
        keep(told(results))
    for tool in tools:
        tool.close()
    found = told(results)
    against = f", geometric means against {tools[1].name}" if options.peer else ""
    print(f"\none thread, doubles{against}")
    for name, mean in found["means"].items():
        numbers = "".join(f"{kind:>12}{mean[kind]:9.3f}" for kind in ("derivative", "primal", "compile") if mean[kind])
        print(f"{name:9}{'valid' if mean['valid'] else 'NOT VALID':10}{numbers}")
    return found


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    found.add_argument("evals", nargs="*", metavar="EVAL", help=f"of {', '.join(WORKLOADS)}; all if none is named")
    found.add_argument("--suite", type=Path, help="a copy of GradBench, for its data; the peer runs in it")
    found.add_argument("--peer", metavar="COMMAND", help="another tool of the suite to compare with")
    found.add_argument("--engine", help="what runs our functions, if not what runs them by default")
    found.add_argument("--seconds", type=float, default=1.0, help="how long each function is repeated (default 1)")
    found.add_argument("--first", type=int, help="only so many workloads of each eval")
    found.add_argument("--quick", action="store_true", help="two small workloads of each eval, briefly")
    found.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers, anew after each row")
    return found


def main() -> None:
    options = parser().parse_args()
    unknown = set(options.evals) - set(WORKLOADS)
    if unknown:
        raise SystemExit(f"no eval {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    found = run(options, partial(kept.keep, options.json))
    if not all(mean["valid"] for mean in found["means"].values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
