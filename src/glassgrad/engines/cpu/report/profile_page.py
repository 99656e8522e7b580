"""A profile as a page: the table of steps with bars, below the machine's bounds; and as events of a trace. Floor 4."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from glassgrad.engines.cpu.report import data
from glassgrad.engines.cpu.report.machine import Ceilings
from glassgrad.engines.cpu.report.page import amount, counted, seconds_text
from glassgrad.engines.cpu.report.timed import Timed

if TYPE_CHECKING:
    from glassgrad.engines.cpu.report.profile import Times

_MOST_ROWS = 40
_BAR = 8  # columns
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SEEN_BETWEEN = 0.05  # of the whole, from which what passes between the steps is told
_LEAST_SHARE = 0.001  # of the whole, below which a step of a long program is left out


def profile_page(description: data.Description, steps: Sequence[Timed], times: "Times", machine: Ceilings) -> Group:
    """The whole page."""
    title = Text.assemble((description.function, "bold"), description.signature)
    spread = f"90 % of {counted(times.runs, 'run')} within {seconds_text(times.low)}–{seconds_text(times.high)}"
    head = Text.assemble(
        (f"{seconds_text(times.median)} a run", "bold"), f"  {spread}, {counted(description.threads, 'thread')}"
    )
    parts: list[Any] = [title, head]
    if description.reason:
        parts.append(Text(f"runs on the reference engine as a whole: {description.reason}", style="yellow"))
    rows = _rows(steps)
    together = sum([step.seconds for step in steps])
    whole = max(together, times.median) or 1.0
    parts += [_kinds(steps, together or 1.0), Text(), _table(rows, whole)]
    if whole - together >= _SEEN_BETWEEN * whole:
        between = f"{seconds_text(whole - together)} ({100 * (1 - together / whole):.0f} %) pass between the steps"
        parts.append(Text(between, style="dim"))
    hidden = _count(steps) - len(rows)
    if hidden > 0:
        parts.append(Text(f"… and {counted(hidden, 'shorter step')}: .steps has them all", style="dim"))
    return Group(*parts, Text(), *_bounds(machine))


_KINDS = {
    "kernel": "loop nests",
    "product": "matrix products",
    "loop": "loops with bodies",
    "routine": "routines",
    "fallback": "NumPy",
}


def _kinds(steps: Sequence[Timed], whole: float) -> Text:
    """The shares of loop nests, products, NumPy: `matrix products 62 %, loop nests 38 %`."""
    found: dict[str, float] = {}
    for step in steps:
        word = _KINDS.get(step.kind, "ops")
        found[word] = found.get(word, 0.0) + step.seconds / whole
    shares = sorted(found.items(), key=lambda pair: -pair[1])
    return Text(", ".join([f"{word} {100 * share:.0f} %" for word, share in shares]))


def _bounds(machine: Ceilings) -> list[Text]:
    """What the machine can do at most."""
    both = machine.threads > 1

    def pair(one: float, every: float) -> str:
        return f"{one / 1e9:.0f}" + (f" / {every / 1e9:.0f}" if both else "")

    peaks = ", ".join([f"{name} {pair(*figures)} Gflop/s" for name, figures in machine.peak.items()])
    sizes = ", ".join(
        [f"{pair(one, every)} GB/s at {amount(size, 'B', thousand=1024)}" for size, one, every in machine.bandwidth]
    )
    threads = f" on 1 / {machine.threads} threads" if both else " on 1 thread"
    return [
        Text(f"this machine at most{threads}: {peaks};", style="dim"),
        Text(f"{sizes}. Bound: what limits the step, and how near it is.", style="dim"),
    ]


# ------------------------------------------------------------------ rows
def _rows(steps: Sequence[Timed]) -> list[tuple[int, str, Timed]]:
    """The steps to show, in order, each with its depth and the part of the loop in which it stands."""
    every: list[tuple[int, str, Timed]] = []
    stack = [(0, "", step) for step in reversed(steps)]
    while stack:
        depth, label, step = stack.pop()
        every.append((depth, label, step))
        several = len(step.parts) > 1
        stack.extend(
            [
                (depth + 1, name if several else "", inner)
                for name, part in reversed(step.parts)
                for inner in reversed(part)
            ]
        )
    if len(every) <= _MOST_ROWS:
        return every
    longest = sorted(every, key=lambda row: -row[2].seconds)[:_MOST_ROWS]
    shown = {id(row[2]) for row in longest}
    return [row for row in every if id(row[2]) in shown]


def _count(steps: Sequence[Timed]) -> int:
    total, stack = 0, list(steps)
    while stack:
        step = stack.pop()
        total += 1
        stack.extend([inner for _, part in step.parts for inner in part])
    return total


def _table(rows: Sequence[tuple[int, str, Timed]], whole: float) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", collapse_padding=True)
    table.add_column("step", style="bold cyan", no_wrap=True)
    table.add_column("what it does", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in ("time", "share", ""):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for name in ("Gflop/s", "GB/s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("bound", no_wrap=True)
    table.expand = True
    for depth, label, step in rows:
        share = step.seconds / whole
        rounds = f"{step.count:.0f} × " if step.count not in (0, 1) else ""
        source = "   " + step.sources[0] if step.sources else ""
        words = Text.assemble((f"{label}: " if label else "", "dim"), rounds, step.does, (source, "dim italic"))
        table.add_row(
            "  " * depth + step.name,
            words,
            seconds_text(step.seconds),
            f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1f} %",
            Text(_bar(share), style=_heat(share)),
            _rate(step.flops_per_second),
            _rate(step.bytes_per_second),
            f"{step.bound} {100 * min(step.reached, 1.0):.0f} %" if step.bound else "",
        )
    return table


def _rate(value: float) -> str:
    """Billions a second."""
    return f"{value / 1e9:.0f}" if value >= 1e11 else f"{value / 1e9:.2g}" if value >= 1e7 else ""


def _bar(share: float) -> str:
    """A bar of eighths of a column."""
    eighths = round(min(share, 1.0) * 8 * _BAR)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _heat(share: float) -> str:
    return "red" if share >= 0.3 else "yellow" if share >= 0.1 else "green"


# ------------------------------------------------------------------ a trace
def trace_events(function: str, steps: Sequence[Timed]) -> list[dict[str, Any]]:
    """One run in Chrome's trace format: the steps one after another, those of a loop's body (all rounds) below it."""
    events: list[dict[str, Any]] = []
    whole = sum([step.seconds for step in steps])
    events.append({"name": function, "ph": "X", "pid": 1, "tid": 1, "ts": 0.0, "dur": 1e6 * whole, "args": {}})
    stack: list[tuple[float, Timed]] = []
    start = 0.0
    for step in steps:
        stack.append((start, step))
        start += step.seconds
    while stack:
        start, step = stack.pop()
        facts = {
            "value": step.title, "rounds": step.count, "Gflop/s": step.flops_per_second / 1e9,
            "GB/s": step.bytes_per_second / 1e9, "bound": step.bound, "lines": list(step.sources),
        }  # fmt: skip
        events.append({
            "name": f"{step.name} {step.does}", "cat": step.kind, "ph": "X", "pid": 1, "tid": 1,
            "ts": 1e6 * start, "dur": 1e6 * step.seconds, "args": facts,
        })  # fmt: skip
        for _, part in step.parts:
            for inner in part:
                stack.append((start, inner))
                start += inner.seconds
    return events
