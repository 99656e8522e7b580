"""Measures Glassgrad and its peers side by side: `scripts/bench NAME… [--quick] [--json FILE] [--plot FILE]`."""

import argparse
import importlib
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.harness import chosen, kept

GROUPS = {
    "calls": "the price of a call",
    "elementwise": "elementwise chains and reductions",
    "products": "matrix products",
    "training": "training steps",
    "tabular": "networks for tables: how well and how fast",
    "programs": "programs of many fields, beside JAX",
    "fit": "whole trainings of small networks, an epoch",
    "gradbench": "the suite GradBench",
    "costs": "import, compile time, memory, gradient against function, growth",
}


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    found.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(GROUPS)}; all if none is named")
    found.add_argument("--quick", action="store_true", help="few sizes, briefly: a minute or two for everything")
    found.add_argument("--only", default="", metavar="TEXT", help="cases (of gradbench: evals) whose name has this")
    found.add_argument("--libraries", nargs="*", metavar="LIBRARY", help="those to measure; all installed if not given")
    found.add_argument("--dtype", choices=("float32", "float64"), default="float32", help="of elementwise and products")
    found.add_argument("--threads", type=int, help="how many threads every library may use")
    found.add_argument("--avx2", action="store_true", help="every library as on a processor without AVX-512")
    found.add_argument("--engine", help="Glassgrad's engine, if not its default")
    found.add_argument("--suite", type=Path, metavar="FOLDER", help="a copy of GradBench, for gradbench")
    found.add_argument("--peer", metavar="COMMAND", help="another tool of that suite, for gradbench")
    found.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers, anew after each row")
    found.add_argument("--plot", type=Path, metavar="FILE", help="where to draw the ratios; needs matplotlib")
    return found


def gradbench(options: argparse.Namespace, keep: Callable[[list[Any]], None]) -> list[Any]:
    """The suite's workloads through its protocol, with the options that it shares with this command."""

    def records(found: dict[str, Any]) -> list[Any]:
        return [{"case": f"{one['eval']} {one['workload']} {one['function']}", **one} for one in found["results"]]

    from benchmarks.gradbench import run
    from benchmarks.gradbench.workloads import WORKLOADS

    given = [name for name in WORKLOADS if options.only in name]
    given += ["--quick"] if options.quick else []
    given += ["--suite", str(options.suite)] if options.suite else []
    given += ["--peer", options.peer] if options.peer else []
    given += ["--engine", options.engine] if options.engine else []
    return records(run.run(run.parser().parse_args(given), lambda found: keep(records(found))))


def measure_group(
    module: ModuleType,
    options: argparse.Namespace,
    libraries: Sequence[str],
    ceiling: float,
    keep: Callable[[list[Any]], None],
) -> list[tuple[Any, Any]]:
    """Measures the cases of a group, prints them as they come, and keeps their records."""
    from benchmarks.harness import measure, report

    effort = measure.QUICK if options.quick else measure.FULL
    found, written = [], set()
    for case in module.cases(quick=options.quick, dtype=options.dtype):
        if options.only not in case.name:
            continue
        written.update(case.makers)
        timings = measure.measured(case, libraries, effort)
        print("\n".join(report.lines(case, timings, ceiling)), flush=True)
        found.append((case, timings))
        keep([report.record(*one) for one in found])
    if missing := [name for name in libraries if name not in written and found]:
        print(f"not written for {', '.join(missing)}")
    return found


def main() -> None:
    options = parser().parse_args()
    names = [name.removesuffix(".py") for name in options.names] or list(GROUPS)
    if unknown := set(names) - set(GROUPS):
        raise SystemExit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    chosen.choose(options.engine, options.threads, avx2=options.avx2)
    os.environ.setdefault("JAX_ENABLE_X64", "1")  # doubles stay doubles; arrays of float32 stay so as well
    from benchmarks.harness import case, machine, report

    libraries = [name for name in case.installed() if not options.libraries or name in options.libraries]
    for name in sorted(set(case.LIBRARIES) - set(case.installed())):
        print(f"{name} is not installed: left out")
    speed = machine.bandwidth(64 if options.quick else 256)
    facts = machine.described() | {"bandwidth": speed, "threads": options.threads or "all"}
    facts |= {"engine": options.engine, "dtype": options.dtype, "date": datetime.now(UTC).date().isoformat()}
    facts |= {"limited to": "AVX2"} if options.avx2 else {}
    print(
        f"{facts['processor']}, {facts['cores']} cores; copies move {speed['all cores'] / 1e9:.3g} GB/s "
        f"({speed['one core'] / 1e9:.3g} on one)" + (", every library limited to AVX2" if options.avx2 else "")
    )
    print(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    ceiling = speed["one core" if options.threads == 1 else "all cores"]
    groups: dict[str, Any] = {}
    compared: dict[str, Any] = {}

    def keep(name: str, records: list[Any]) -> None:
        groups[name] = records
        kept.keep(options.json, {"machine": facts, "groups": groups})

    with chosen.chosen():
        for name in names:
            print(f"\n== {name}: {GROUPS[name]}", flush=True)
            if name == "gradbench":
                keep(name, gradbench(options, partial(keep, name)))
            elif hasattr(module := importlib.import_module(f"benchmarks.{name}"), "cases"):
                compared[name] = measure_group(module, options, libraries, ceiling, partial(keep, name))
                keep(name, [report.record(*one) for one in compared[name]])
            else:
                keep(name, module.records(quick=options.quick, libraries=libraries))
    if lines := report.summary(compared):
        print("\n== the fastest peer, and how much slower than Glassgrad it is", *lines, sep="\n")
    if options.plot:
        report.plot(groups, options.plot)


if __name__ == "__main__":
    main()
