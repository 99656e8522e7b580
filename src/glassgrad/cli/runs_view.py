"""How runs look in a terminal and as JSON: the listing, one run, several beside each other. Floor 8."""

import textwrap
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.pages.numbers import duration
from glassgrad.terminal.charts import COLOURS, MARKS, number, plot, sparkline
from glassgrad.terminal.table import Cell, Column, painted, table
from glassgrad.train.exporters.contents import heading
from glassgrad.train.store import Difference, RunRecord, Summary
from glassgrad.train.store.plain import number as finite_or_text
from glassgrad.train.store.summary import SUMMARY_COLUMNS

_STYLES = {"running": "cyan", "finished": "green", "stopped": "yellow", "failed": "red", "interrupted": "red"}
_ENDS = (("last", 0), ("least", 4), ("greatest", 4), ("best", 0))
_FIGURES = [column for column in SUMMARY_COLUMNS if column not in {"name", "sketch"}]
_SHORT = ("curve", "last", "best", "at")


def main_metric(names: Iterable[str]) -> str | None:
    """What a listing shows of a run where nobody asks for a metric: the loss of training, if it has such a name."""
    known = list(names)
    for wanted in ("loss", "train_loss", "training_loss", "train/loss", "training/loss"):
        if wanted in known:
            return wanted
    return next((name for name in known if "loss" in name.lower()), known[0] if known else None)


def listing(records: Sequence[RunRecord], metric: str | None, *, width: int, colours: bool) -> str:
    """A table of runs."""
    now, curve = time.time(), _curve(width)
    shown = [metric or main_metric(record.summaries) for record in records]
    alike = len(set(shown) - {None}) <= 1
    title = next((name for name in shown if name), "metric")
    columns = [
        Column("id"),
        Column("name", least=8),
        Column("status", spare=1),
        Column("ago", right=True, spare=2),
        Column("took", right=True, spare=5),
        Column("steps", right=True, spare=4),
        Column("metric", least=6, spare=3),
        Column(_cut(title) if alike else "", spare=1),
        Column("last", right=True),
        Column("best", right=True),
        Column("at", right=True, spare=4),
    ]
    rows: list[list[str | Cell]] = []
    for record, name in zip(records, shown, strict=True):
        summary = record.summaries.get(name) if name else None
        status = Cell(record.status, _STYLES[record.status])
        what: list[str | Cell] = [name if summary and name else "", *_figures(summary, _SHORT, curve=curve)]
        steps = "" if record.steps is None else str(record.steps)
        rows.append(
            [Cell(record.id, "bold"), record.name, status, ago(now - record.begun), took(record, now), steps, *what]
        )
    if alike:
        columns, rows = [*columns[:6], *columns[7:]], [[*row[:6], *row[7:]] for row in rows]
    return table(columns, rows, width=width, colours=colours)


def _curve(width: int) -> int:
    return 12 if width < 100 else 20


def _cut(title: str) -> str:
    return title if len(title) <= 12 else f"{title[:11]}…"


def _figures(summary: Summary | None, which: Iterable[str], *, curve: int) -> list[str | Cell]:
    if summary is None:
        return ["" for _ in which]
    best, at = summary.best
    wrong = "red" if summary.not_finite else ""
    texts: dict[str, str | Cell] = {
        "curve": Cell(sparkline(summary.curve, curve), "cyan"),
        "first": number(summary.first),
        "last": Cell(number(summary.last), wrong if number(summary.last) in {"NaN", "inf", "-inf"} else ""),
        "best": "" if at is None or not summary.judged else number(best),
        "at": "" if at is None or not summary.judged else str(at),
        "least": "" if at is None else number(summary.least),
        "greatest": "" if at is None else number(summary.greatest),
        "rows": str(summary.rows),
        "not finite": Cell(str(summary.not_finite), wrong) if summary.not_finite else "",
    }
    return [texts[each] for each in which]


def whole_run(record: RunRecord, metrics: Sequence[str], *, width: int, colours: bool) -> str:
    """One run with everything in it."""
    parts = [_head(record, width=width, colours=colours), _configuration(record, width=width, colours=colours)]
    curve = _curve(width)
    names = ("rows", "curve", "last", "least", "greatest", "best", "at", "not finite")
    if record.summaries:
        columns = [
            Column("metric", least=10),
            Column("values", right=True, spare=3),
            Column("", spare=2),
            *(Column(title, right=True, spare=spare) for title, spare in _ENDS),
            Column("at", right=True, spare=1),
            Column("not finite", right=True),
        ]
        rows = [[name, *_figures(summary, names, curve=curve)] for name, summary in record.summaries.items()]
        if not any(summary.not_finite for summary in record.summaries.values()):
            columns, rows = columns[:-1], [row[:-1] for row in rows]
        parts.append(_titled("Metrics", table(columns, rows, width=width, colours=colours, indent=2), colours=colours))
    parts.append(_layers(record, width=width, colours=colours))
    if record.artefacts:
        files: list[list[str | Cell]] = [
            [_near(file.path), file.kind, size(file.bytes), file.sha256[:12]] for file in record.artefacts
        ]
        columns = [Column("file", least=20), Column("kind"), Column("size", right=True), Column("sha256", spare=1)]
        parts.append(_titled("Files", table(columns, files, width=width, colours=colours, indent=2), colours=colours))
    for name in metrics:
        drawn = plot([record.metrics(name)], width=width - 2, colours=colours)
        parts.append(_titled(name, _indented(drawn), colours=colours))
    return "\n\n".join(part for part in parts if part)


def _near(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _head(record: RunRecord, *, width: int, colours: bool) -> str:
    facts, now = record.facts, time.time()
    state = painted(record.status, _STYLES[record.status], colours=colours)
    begun = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.begun))
    machine = facts.machine
    memory = f", {size(machine['memory'])}" if machine.get("memory") else ""
    lines = [
        f"{painted(record.id, 'bold', colours=colours)}  {record.name}",
        f"  status    {state}{f': {record.reason}' if record.reason else ''}",
        f"  begun     {begun} ({ago(now - record.begun)} ago), {took(record, now)}",
        f"  machine   {machine['host']}: {machine['processors']} × {machine['processor']}{memory}, {machine['system']}",
        f"  versions  {', '.join(f'{name} {version}' for name, version in facts.versions.items())}",
    ]
    if facts.data is not None:
        described = facts.data.items() if isinstance(facts.data, dict) else [("", facts.data)]
        lines.append("  data      " + ", ".join(f"{key} {_short(value)}".strip() for key, value in described))
    space = " " * 12
    return "\n".join(
        line if len(line) <= width else textwrap.fill(line, width, subsequent_indent=space) for line in lines
    )


def _configuration(record: RunRecord, *, width: int, colours: bool) -> str:
    rows = list(_leaves("", record.configuration))
    if not rows or rows == [("", None)]:
        return ""
    space = max(len(place) for place, _ in rows)
    lines = [f"  {place:<{space}}  {_short(value, max(20, width - space - 4))}" for place, value in rows]
    return _titled("Configuration", "\n".join(lines), colours=colours)


def _layers(record: RunRecord, *, width: int, colours: bool) -> str:
    rows: list[list[str | Cell]] = []
    for kind in record.layer_kinds:
        found = record.layers(kind)
        last = {path: float(values[-1]) for path, (_, values) in found.items()}
        finite = {path: value for path, value in last.items() if abs(value) < float("inf")}
        low, high = (min(finite, key=finite.__getitem__), max(finite, key=finite.__getitem__)) if finite else ("", "")
        steps = max(len(steps) for steps, _ in found.values())
        ends = (number(last.get(low)), low, number(last.get(high)), high)
        rows.append([kind, str(len(found)), str(steps), *ends])
    if not rows:
        return ""
    columns = [
        Column("statistic", least=10),
        Column("layers", right=True, spare=2),
        Column("steps", right=True, spare=3),
        Column("least", right=True),
        Column("of", least=16, spare=1),
        Column("greatest", right=True),
        Column("of", least=16, spare=1),
    ]
    return _titled(
        "Layers, at their last step", table(columns, rows, width=width, colours=colours, indent=2), colours=colours
    )


def comparison(
    records: Sequence[RunRecord],
    found: tuple[list[Difference], int],
    metric: str | None,
    *,
    width: int,
    colours: bool,
) -> str:
    """Runs beside each other: who they are, where they differ, what they reached, one metric as a plot."""
    now = time.time()
    marks = [MARKS[place % len(MARKS)] for place in range(len(records))]
    rows = [_row_of(place, record, now) for place, record in enumerate(records)]
    columns = [Column(""), Column("id"), Column("name", least=8), Column("status")]
    columns += [Column("ago", right=True, spare=2), Column("took", right=True, spare=1)]
    parts = [table(columns, rows, width=width, colours=colours)]
    apart, equal = found
    cells: list[list[str | Cell]] = [[each.place, *_values(each)] for each in apart]
    title = f"Where they differ ({equal} other facts are equal)"
    parts.append(_beside(title, cells, marks, width=width, colours=colours) or f"They differ in none of {equal} facts")
    parts.append(_beside("Metrics", _metric_rows(records), marks, width=width, colours=colours))
    if metric is not None:
        none = (np.zeros(0, np.int64), np.zeros(0))  # keeps its mark
        curves = [record.metrics(metric) if metric in record.summaries else none for record in records]
        drawn = plot(curves, width=width - 2, colours=colours)
        parts.append(_titled(metric, _indented(drawn), colours=colours))
    return "\n\n".join(part for part in parts if part)


def _row_of(place: int, record: RunRecord, now: float) -> list[str | Cell]:
    mark = Cell(MARKS[place % len(MARKS)], COLOURS[place % len(COLOURS)])
    status = Cell(record.status, _STYLES[record.status])
    return [mark, Cell(record.id, "bold"), record.name, status, ago(now - record.begun), took(record, now)]


def _metric_rows(records: Sequence[RunRecord]) -> list[list[str | Cell]]:
    rows: list[list[str | Cell]] = []
    for name in dict.fromkeys(name for record in records for name in record.summaries):
        summaries = [record.summaries.get(name) for record in records]
        bests = [summary.best[0] for summary in summaries if summary and summary.best[1] is not None]
        goal = next(summary.goal for summary in summaries if summary)
        judged = len(set(bests)) > 1 and all(summary.judged for summary in summaries if summary)
        winner = (max if goal == "greatest" else min)(bests) if judged else None
        rows.append([f"{name}, best"])
        for summary in summaries:
            text = number(summary.best[0]) if summary and summary.best[1] is not None else "–"
            won = summary is not None and summary.best[0] == winner
            rows[-1].append(Cell(f"{text} ←", "bold green") if won else f"{text}  ")
        rows.append([f"{' ' * len(name)}  last", *(f"{number(s.last)}  " if s else "–  " for s in summaries)])
    return rows


def _values(difference: Difference) -> list[str]:
    found = zip(difference.values, difference.absent, strict=True)
    return ["–" if absent else _short(value, 200) for value, absent in found]


def _beside(title: str, rows: list[list[str | Cell]], marks: Sequence[str], *, width: int, colours: bool) -> str:
    """Rows with a column for each run, in several tables where the runs are too many for one."""
    if not rows:
        return ""
    names = min(max(len(str(row[0])) if isinstance(row[0], str) else 0 for row in rows), width // 2)
    room = max(1, (width - 2 - names) // 14)
    parts = []
    for start in range(0, len(marks), room):
        some = range(start, min(start + room, len(marks)))
        columns = [Column("", least=names), *(Column(marks[place], right=True, least=10) for place in some)]
        lines = [[row[0], *(row[1 + place] for place in some)] for row in rows]
        parts.append(table(columns, lines, width=width, colours=colours, indent=2))
    return _titled(title, "\n\n".join(parts), colours=colours)


def _titled(title: str, text: str, *, colours: bool) -> str:
    return f"{painted(title, 'bold', colours=colours)}\n{text}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _leaves(place: str, tree: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(tree, dict) and tree:
        for key, item in tree.items():
            yield from _leaves(f"{place}.{key}" if place else str(key), item)
    else:
        yield place, tree


def _short(value: Any, most: int = 60) -> str:
    text = number(value) if isinstance(value, float) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def ago(seconds: float) -> str:
    """A time in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def took(record: RunRecord, now: float) -> str:
    """How long a run took, or has taken by now."""
    return duration((record.ended or now) - record.begun)


def size(count: int) -> str:
    """Bytes in a unit that reads well."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def run_to_dict(record: RunRecord) -> dict[str, Any]:
    """What a listing knows, for JSON."""
    return {
        **heading(record),
        "steps": record.steps,
        "metrics": {name: summary_to_dict(summary) for name, summary in record.summaries.items()},
    }


def summary_to_dict(summary: Summary) -> dict[str, Any]:
    """One metric in its figures."""
    best, at = summary.best
    found = {column: getattr(summary, column) for column in _FIGURES}
    found |= {"goal": summary.goal, "best": best, "best_step": at}
    return {key: finite_or_text(value) if isinstance(value, float) else value for key, value in found.items()}


def whole_run_to_dict(record: RunRecord) -> dict[str, Any]:
    """Everything but the single values, for JSON."""
    return run_to_dict(record) | {
        **asdict(record.facts),
        "layers": {kind: list(record.layers(kind)) for kind in record.layer_kinds},
        "artefacts": [asdict(file) | {"path": str(file.path)} for file in record.artefacts],
    }


def comparison_to_dict(records: Sequence[RunRecord], found: tuple[list[Difference], int]) -> dict[str, Any]:
    """A comparison, for JSON: each difference with a value for each run, null where it has none."""
    return {
        "runs": [run_to_dict(record) for record in records],
        "differences": [{"place": each.place, "values": list(each.values)} for each in found[0]],
        "equal": found[1],
    }
