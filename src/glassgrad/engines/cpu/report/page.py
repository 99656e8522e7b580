"""Descriptions as pages: for the terminal by rich, as plain text, as HTML. Floor 4."""

import io
import os
import shutil
from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from glassgrad.base.avals import show_size
from glassgrad.engines.cpu.report import data
from glassgrad.engines.cpu.report.work import Work

_WIDEST = 120
_HTML_WIDTH = 108  # columns that a notebook has room for
_MOST_STEPS = 60  # of a program; the rest is counted
_MOST_BUFFERS = 24
_MOST_LINES = 60  # of the code of a kernel
_HTML = (
    '<pre style="font-family:Menlo,DejaVu Sans Mono,Consolas,monospace;line-height:1.25;overflow-x:auto">{code}</pre>'
)


# ------------------------------------------------------------------ ways to show
def as_text(page: Any, width: int | None = None) -> str:
    """The page without colours."""
    console = Console(
        file=io.StringIO(), width=width or columns(), color_system=None, force_terminal=False, legacy_windows=False
    )
    console.print(page)
    found: str = console.file.getvalue()  # type: ignore[attr-defined]  # as made above
    return "\n".join([line.rstrip() for line in found.splitlines()])


def as_html(page: Any) -> str:
    """The page as a piece of HTML."""
    console = Console(file=io.StringIO(), width=_HTML_WIDTH, record=True, force_terminal=True, color_system="truecolor")
    console.print(page)
    return console.export_html(inline_styles=True, code_format=_HTML)


def columns() -> int:
    """The terminal's width, within reason."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, 60), _WIDEST)


# ------------------------------------------------------------------ words
def amount(value: float, unit: str = "", *, thousand: int = 1000) -> str:
    """`1.2 M`, `34 kB`."""
    step = float(thousand)
    size, prefix = float(value), ""
    for prefix in ("", "k", "M", "G", "T"):  # noqa: B007 - the last one is used
        if size < step:
            break
        size /= step
    if prefix == "T" and size >= step:
        return f"{size:.0f} T{unit}"
    shown = f"{size:.0f}" if size >= 100 or size == int(size) else f"{size:.1f}" if size >= 10 else f"{size:.2g}"
    return f"{shown} {prefix}{unit}".strip()


def counted(number: int, word: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number} {word}{'s' * (number != 1)}"


def seconds_text(value: float) -> str:
    """A time in the unit that fits: `12 ns`, `3.4 µs`."""
    if value < 1e-9:
        return "< 1 ns"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            number = value / size
            return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"
    return f"{value * 1e9:.0f} ns"


# ------------------------------------------------------------------ the description
def described_page(description: data.Description) -> Group:
    """A description from top to bottom: what it is, its steps, its memory."""
    parts: list[Any] = [_head(description)]
    shown, hidden = description.steps[:_MOST_STEPS], len(description.steps) - _MOST_STEPS
    if description.engine == "cpu":
        parts += [part for number, step in enumerate(shown, 1) for part in _step(step, str(number))]
    else:
        parts.append(_operations(shown))
    if hidden > 0:
        parts.append(Text(f"… and {hidden} steps more: .steps has them all", style="dim"))
    if description.buffers:
        parts += [Text(), Rule("memory", style="dim", align="left"), _buffers(description)]
    return Group(*parts)


def _head(description: data.Description) -> Group:
    title = Text.assemble((description.function, "bold"), description.signature)
    work = description.work
    lines = [title]
    if description.engine == "cpu":
        kernels = sum(isinstance(step, data.Kernel) for step in data.walk(description.steps))
        fallbacks = sum(isinstance(step, data.Fallback) for step in data.walk(description.steps))
        facts = [
            counted(len(description.steps), "step"),
            counted(kernels, "kernel"),
            *([f"{fallbacks} computed by NumPy"] if fallbacks else []),
            f"{amount(work.flops, 'flop')}",
            f"{amount(work.bytes, 'B')} moved",
            f"arena {amount(description.arena_bytes, 'B', thousand=1024)}",
        ]
        threads = counted(description.threads, "thread")
        lines += [Text(f"{description.machine}, {threads}", style="dim"), Text(" · ".join(facts))]
    elif description.reason:
        lines.append(Text(f"runs on the reference engine as a whole: {description.reason}", style="yellow"))
    else:
        lines.append(Text("runs on the reference engine (NumPy), op by op", style="dim"))
    return Group(*lines)


def _step(step: data.Step, number: str, depth: int = 0) -> list[Any]:
    head = Text.assemble((f"{number}  ", "dim"), (step.name, "bold cyan"), "  ", step.title)
    parts: list[Any] = [Text(), head] if depth == 0 or isinstance(step, data.Kernel | data.Loop) else [head]
    match step:
        case data.Kernel():
            parts += [_facts(_work(step.work)), _code(step.code)]
        case data.Product():
            batch = f"{step.batch} × " if step.batch != 1 else ""
            shape = f"{batch}({step.m} × {step.k}) ({step.k} × {step.n}) by {step.runs}"
            shape += f" on {counted(step.threads, 'thread')}" if step.threads > 1 else ""
            parts += [_facts([f"matrix product {shape}", *_work(step.work)]), *_lines(step.sources)]
        case data.Routine():
            parts += [_facts([f"{step.op} by a native routine", *_work(step.work)]), *_lines(step.sources)]
        case data.Fallback():
            parts += [Padding(Text(f"{step.op}: {step.reason}", style="yellow"), (0, 0, 0, 4)), *_lines(step.sources)]
        case data.Loop():
            parts += _lines(step.sources)
            for label, steps in step.parts:
                inside: list[Any] = [Text(f"{label}:", style="dim")]
                for place, inner in enumerate(steps[:_MOST_STEPS], 1):
                    inside += _step(inner, f"{number}.{place}", depth + 1)
                parts.append(Padding(Group(*inside), (0, 0, 0, 4)))
    return parts


def _work(work: Work) -> list[str]:
    return [
        *([amount(work.flops, "flop")] if work.flops else []),
        f"reads {amount(work.bytes_read, 'B')}",
        f"writes {amount(work.bytes_written, 'B')}",
    ]


def _facts(facts: Sequence[str]) -> Padding:
    return Padding(Text(" · ".join(facts), style="dim"), (0, 0, 0, 4))


def _lines(sources: Sequence[str]) -> list[Any]:
    return [Padding(Text(source, style="dim italic"), (0, 0, 0, 4)) for source in sources[:3]]


def _code(code: str) -> Padding:
    lines = code.splitlines()
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"// … {len(lines) - _MOST_LINES} lines more"]
    theme = "ansi_light" if os.environ.get("COLORFGBG", "").endswith(";15") else "ansi_dark"
    syntax = Syntax("\n".join(lines), "c", theme=theme, background_color="default", word_wrap=False)
    return Padding(syntax, (0, 0, 0, 4))


def _operations(steps: Sequence[data.Step]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("op", style="cyan", no_wrap=True)
    table.add_column("value", no_wrap=True, overflow="ellipsis")
    table.add_column("line", style="dim italic", no_wrap=True, overflow="ellipsis")
    for step in steps:
        if isinstance(step, data.Operation):
            table.add_row(step.name, step.op, step.title, step.sources[0] if step.sources else "")
    return table


def _buffers(description: data.Description) -> Group:
    """The arrays with a bar each for the steps during which they live."""
    steps = len(description.steps)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (("array", "left"), ("type", "left"), ("size", "right"), ("where", "left")):
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]  # literals
    room = min(steps, 30)
    table.add_column("lives during steps", no_wrap=True)
    shown = sorted(description.buffers, key=lambda buffer: -buffer.nbytes)[:_MOST_BUFFERS]
    for buffer in [one for one in description.buffers if one in shown]:
        kind = f"{buffer.dtype}[{','.join([show_size(size) for size in buffer.shape])}]"
        table.add_row(
            buffer.name, kind, amount(buffer.nbytes, "B", thousand=1024), buffer.place,
            Text.assemble((_life(buffer, steps, room), "cyan"), f" {_span(buffer, steps)}"),
        )  # fmt: skip
    hidden = len(description.buffers) - _MOST_BUFFERS
    more = [Text(f"… and {hidden} smaller ones: .buffers has them all", style="dim")] if hidden > 0 else []
    return Group(table, *more)


def _span(buffer: data.Buffer, steps: int) -> str:
    first, last = max(buffer.first, 1), min(buffer.last, steps)
    return f"{first}" if first == last else f"{first}–{last}"


def _life(buffer: data.Buffer, steps: int, room: int) -> str:
    """A bar from the first to the last step."""
    start = max(buffer.first - 1, 0) * room // max(steps, 1)
    end = max(-(-min(buffer.last, steps) * room // max(steps, 1)), start + 1)
    return "·" * start + "━" * (end - start) + "·" * (room - end)
