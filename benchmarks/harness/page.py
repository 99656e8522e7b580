"""Writes measurements as a page with its plot: `python -m benchmarks.harness.page FOLDER FILE.json…`.

The files are those of `scripts/bench --json`, taken on one machine. The page is `speed.md`, the plot `speed.svg`.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.gradbench.run import Outcome, summary
from benchmarks.harness import report
from benchmarks.harness.case import LIBRARIES
from benchmarks.harness.measure import OWN
from glassgrad.base.files import whole

Record = Mapping[str, Any]
CACHED = 32e6  # bytes that may lie in a cache, so that a memory's speed says nothing
TITLES = {
    "calls": "A call",
    "training": "Training steps",
    "elementwise": "Elementwise chains and reductions",
    "programs": "Programs of many fields",
    "products": "Matrix products",
    "gradbench": "GradBench",
    "costs": "Compilation and memory",
}
HEAD = """\
# Speed

Glassgrad beside its peers: all libraries in one run on one machine, timed in turn, round by round. A cell says how many
times Glassgrad's time a library takes, the median of the rounds: **above 1, Glassgrad is the faster**. A library that
gives other numbers, or cannot run a case, has no cell. This page is generated from the measurements, good and bad.
"""


def page(runs: Sequence[Record], plot: str) -> str:
    """The page in Markdown; `plot` is the file of the picture beside it."""
    facts = runs[0]["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    parts = [
        HEAD,
        f"Measured on {facts['date']}: {facts['processor']}, {facts['cores']} cores. {versions}.\n",
        f"![how many times Glassgrad's time each library takes]({plot})\n",
    ]
    for name, title in TITLES.items():
        for run in runs:
            if name in run["groups"]:
                parts.append(f"## {_of_dtype(name, title, run)}\n")
                parts.append("\n".join(_TABLES.get(name, compared)(run["groups"][name], run["machine"])) + "\n")
    return "\n".join(parts)


def _of_dtype(name: str, title: str, run: Record) -> str:
    """A title with the dtype where a group is measured in either."""
    return f"{title}, {run['machine']['dtype']}" if name in ("elementwise", "products") else title


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown, numbers to the right."""
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def compared(records: Sequence[Record], facts: Record) -> Iterator[str]:
    """Cases whose libraries were timed in turn: our time, our share of the memory's speed, the others' ratios."""
    names = [name for name in LIBRARIES if any(_ratio(one, name) for one in records) and name != OWN]
    has_share = any(one.get("bytes", 0.0) > CACHED for one in records)
    rows = []
    for one in records:
        own = next((t["seconds"] for t in one["timings"] if t["library"] == OWN), None)
        if own is None:
            continue
        share = [_share(one, own["median"], facts)] if has_share else []
        ratios = [_cell(one, name) for name in names]
        rows.append([one["case"], report.duration(own["median"]).strip(), *share, *ratios])
    if has_share:
        yield f"In this run copies moved {facts['bandwidth']['all cores'] / 1e9:.3g} GB/s.\n"
    yield from table(["case", "Glassgrad", *(["of a copy's speed"] if has_share else []), *names], rows)


def _share(record: Record, seconds: float, facts: Record) -> str:
    if record["bytes"] <= CACHED:
        return ""
    return f"{record['bytes'] / seconds / facts['bandwidth']['all cores']:.0%}"


def _ratio(record: Record, library: str) -> Record | None:
    return next((t["ratio"] for t in record["timings"] if t["library"] == library), None)


def _cell(record: Record, library: str) -> str:
    ratio = _ratio(record, library)
    return f"{ratio['median']:.3g}" if ratio else ""


def gradbench(records: Sequence[Record], facts: Record) -> Iterator[str]:
    """The evals: are all answers right, and the geometric means of our time over the C++ written by hand."""
    outcomes = [Outcome(**{name: one[name] for name in Outcome.__dataclass_fields__}) for one in records]
    yield "Time relative to the suite's C++ written by hand, one thread, geometric means over the workloads: **below 1,"
    yield "Glassgrad is the faster.**\n"
    rows = []
    for name, means in summary(outcomes).items():
        slowest = max(one.seconds for one in outcomes if one.eval == name)
        ratios = [f"{means[kind]:.3g}" if means[kind] else "" for kind in ("derivative", "primal")]
        rows.append([name, "valid" if means["valid"] else "NOT VALID", *ratios, report.duration(slowest).strip()])
    yield from table(["eval", "answers", "derivative", "function", "slowest call"], rows)


def costs(records: Sequence[Record], facts: Record) -> Iterator[str]:
    """The first step of each training with nothing on disk and from a warm cache, and the memory of its process."""
    first = [one for one in records if "cold" in one]
    rows = []
    for one in first:
        cold, warm = (one[kind]["first"] - one[kind]["later"] for kind in ("cold", "warm"))
        memory = f"{one['cold']['after'] / 2**20:.0f} MiB"
        cells = [report.duration(max(seconds, 0.0)).strip() for seconds in (cold, warm)]
        rows.append([one["case"].removeprefix("first step, "), one["library"], *cells, memory])
    yield from table(["first step of", "library", "cold", "warm", "peak memory"], rows)
    others = [one for one in records if "cold" not in one and one["library"]]
    yield ""
    yield from table(["what else", "library", ""], [[one["case"], one["library"], one["text"]] for one in others])


_TABLES = {"gradbench": gradbench, "costs": costs}


def read(file: Path) -> Record:
    """The measurements of a file; the command ends with a line where it holds none."""
    try:
        run = json.loads(file.read_text())
        run["machine"]["dtype"], run["groups"].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SystemExit(f"{file}: not a file of `scripts/bench --json` ({type(error).__name__}: {error})") from error
    return run


def main() -> None:
    found = argparse.ArgumentParser(description=__doc__)
    found.add_argument("folder", type=Path, metavar="FOLDER")
    found.add_argument("files", type=Path, nargs="+", metavar="FILE.json")
    options = found.parse_args()
    runs = [read(file) for file in options.files]
    shown = {_of_dtype(name, name, run): group for run in runs for name, group in run["groups"].items()}
    text = page(runs, "speed.svg")
    options.folder.mkdir(parents=True, exist_ok=True)
    report.plot(shown, options.folder / "speed.svg")
    with whole(options.folder / "speed.md") as part:
        part.write_text(text)


if __name__ == "__main__":
    main()
