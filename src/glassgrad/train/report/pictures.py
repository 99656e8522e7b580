"""The charts of a report as PNG files, drawn by matplotlib where it is installed. Floor 7."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from glassgrad.charts.chart import Band, Chart, Line, Mark, Points, Rule, Spans
from glassgrad.train.report.figures import all_charts
from glassgrad.train.report.findings import Findings

_COLOURS = ("#0072b2", "#b83e00", "#007a5c", "#a3366f", "#8a5d00", "#5a4fcf", "#4a5b68", "#1b2329")
_DASHES = ("-", "--", ":", "-.")


def write_pictures(findings: Findings, folder: Path) -> list[Path]:
    """Writes each chart to `folder`; nothing where matplotlib (the extra `plot`) is missing."""
    if find_spec("matplotlib") is None:
        return []
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # optional; no window, no global state
    from matplotlib.figure import Figure

    written = []
    folder.mkdir(parents=True, exist_ok=True)
    for chart in all_charts(findings):
        figure = Figure(figsize=(6.4, 4.2), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        _draw(chart, figure.add_subplot())
        written.append(folder / f"{chart.name}.png")
        figure.savefig(written[-1])
    return written


def _draw(chart: Chart, axes: Any) -> None:
    for mark in chart.marks:
        _mark(mark, axes)
    for axis, scale in ((axes.xaxis, chart.x.scale), (axes.yaxis, chart.y.scale)):
        axis._set_axes_scale("log" if scale.is_log else "linear")  # noqa: SLF001 - the public way names the axis twice
    axes.set(
        title=_plain(chart.title), xlabel=_plain(chart.x.label), ylabel=_plain(chart.y.label),
        xlim=(chart.x.scale.low, chart.x.scale.high), ylim=(chart.y.scale.low, chart.y.scale.high),
    )  # fmt: skip
    axes.grid(alpha=0.3)
    if chart.legend:
        axes.legend(frameon=False)


def _plain(text: str) -> str:
    """Text without formulas: a dollar sign in a column's name begins none."""
    return text.replace("$", r"\$")


def _mark(mark: Mark, axes: Any) -> None:
    match mark:
        case Line(x, y, name, style, dots):
            look = {"color": _COLOURS[style % 8], "linestyle": _DASHES[style % 4], "marker": "o" if dots else None}
            axes.plot(x, y, label=_plain(name) or None, **look)
        case Points(x, y, name, style):
            axes.scatter(x, y, s=10, alpha=0.5, color=_COLOURS[style % 8], label=_plain(name) or None)
        case Spans(x, low, high, style):
            axes.vlines(x, low, high, color=_COLOURS[style % 8], alpha=0.7)
        case Band(x, low, high, style):
            axes.fill_between(x, low, high, color=_COLOURS[style % 8], alpha=0.2, linewidth=0)
        case Rule(start, end, label):
            axes.plot([start[0], end[0]], [start[1], end[1]], color="#56646f", linestyle=":", linewidth=1)
            if label:
                axes.annotate(_plain(label), end, textcoords="offset points", xytext=(5, -12), color="#56646f")
