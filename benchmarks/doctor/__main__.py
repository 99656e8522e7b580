"""Scores the doctor on the cases of `tests/doctor_cases`: `python -m benchmarks.doctor --half tuning`.

Each case is examined in a process of its own, with a limit of time. Thresholds are tuned on the half "tuning" of the
first set; the scores that count are those of its half "score", and of the second set, which was written later.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.doctor import running, scores
from tests.doctor_cases import suite


def parser() -> argparse.ArgumentParser:
    """The options."""
    found = argparse.ArgumentParser(prog="python -m benchmarks.doctor", description=__doc__)
    found.add_argument("--set", choices=tuple(suite.SETS), help="of the cases; both if not given")
    found.add_argument("--half", choices=("tuning", "score"), help="of the first set; both if not given")
    found.add_argument("--framework", choices=("torch", "own"), help="both if not given")
    found.add_argument("--only", nargs="*", default=[], metavar="TEXT", help="cases whose name has one of these")
    found.add_argument("--kind", choices=("broken", "healthy"), help="both if not given")
    found.add_argument("--seeds", type=int, default=1, help="how many starts of each case are examined")
    found.add_argument("--first", type=int, default=0, metavar="SEED", help="the first of them")
    found.add_argument("--every", type=int, default=1, metavar="N", help="of these cases only each N-th")
    found.add_argument("--processes", type=int, default=1)
    found.add_argument("--limit", type=float, default=150.0, metavar="SECONDS", help="of computing for an examination")
    found.add_argument(
        "--seconds", type=float, default=60.0, help="that an examination is given; more on a busy machine"
    )
    found.add_argument("--json", type=Path, metavar="FILE", help="where to write what was found, line by line")
    found.add_argument("--text", type=Path, metavar="FILE", help="where to write the score and all confusions")
    found.add_argument("--no-cures", action="store_true", help="verdicts, symptoms and causes alone")
    found.add_argument("--quick", action="store_true", help="every fourth case, without cures")
    return found


def jobs(options: argparse.Namespace) -> list[running.Job]:
    """What is to be examined."""
    cases = [
        case
        for name, of_set in suite.SETS.items()
        for case in of_set
        if options.set in (None, name)
        and (options.half is None or (name == "first" and case.half == options.half))
        and (options.kind is None or (options.kind == "broken") == (case.truth is not None))
        and (not options.only or any(text in case.name for text in options.only))
    ]
    return [
        (case.name, framework, seed, not (options.quick or options.no_cures), options.seconds)
        for case in cases[:: 4 * options.every if options.quick else options.every]
        for framework in case.frameworks
        if options.framework in (None, framework)
        for seed in range(options.first, options.first + options.seeds)
    ]


def text(results: list[dict[str, Any]], title: str) -> str:
    """The whole score."""
    lines = [title, "", *map(str, scores.shares(results)), "", scores.costs(results), "", "Confusions"]
    return "\n".join([*lines, *scores.confusions(results), ""])


def main() -> None:
    """Examines, prints progress as it comes and the score at the end."""
    options = parser().parse_args()
    todo = jobs(options)
    if not todo:
        raise SystemExit("no case is called so")
    title = f"{len(todo)} examinations: {' '.join(sys.argv[1:]) or 'all'}"
    results = []
    for found in running.results(todo, processes=options.processes, limit=options.limit):
        results.append(found)
        told = scores.confusions([found])
        first = told[0].splitlines()[0] if told else f"{found['framework']:5} {found['case']}: right"
        print(f"{len(results):4}/{len(todo)} {found.get('seconds', 0):5.1f} s  {first}", flush=True)
        if options.json:
            options.json.write_text("\n".join(map(json.dumps, results)) + "\n")
        if options.text:
            options.text.write_text(text(results, f"{title} ({len(results)} done)"))
    print("\n" + text(results, title))


if __name__ == "__main__":
    main()
