"""Curves in text: a sparkline in a table, a plot of several runs. Floor 7."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glassgrad.terminal.table import painted

_BARS = "▁▂▃▄▅▆▇█"
MARKS = "●○▲△■□◆◇"
COLOURS = ("cyan", "yellow", "green", "red", "blue")
_STEEP = 50  # from this ratio on of largest to smallest, a plot has a logarithmic axis

Floats = NDArray[np.float64]


def number(value: float | None) -> str:
    """A number in about four digits."""
    if value is None:
        return ""
    if math.isnan(value):
        return "NaN"
    return f"{value:.4g}"


def sparkline(values: Floats, width: int) -> str:
    """A curve on one line; `!` where a value is not finite.

    >>> sparkline(np.array([3.0, 2.0, 1.0, np.nan]), 8)
    '█▅▁!'
    """
    values = _narrowed(values, width)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "!" * len(values)
    low, high = float(finite.min()), float(finite.max())
    span = (high - low) or 1.0
    return "".join(
        _BARS[min(7, int(8 * (value - low) / span))] if math.isfinite(value) else "!" for value in values.tolist()
    )


def sparkline_of_decades(decades: Sequence[float], width: int) -> str:
    """Logarithms on one line, from the least finite one to the greatest; a blank where nothing is left, `!` for NaN.

    >>> sparkline_of_decades([0.0, -2.0, -4.0, -math.inf], 8)
    '█▅▁ '
    """
    values = np.asarray(decades, np.float64)
    if len(values) > width:
        values = values[np.linspace(0, len(values) - 1, width).round().astype(np.int64)]
    shown = sparkline(np.where(np.isinf(values), np.nan, values), width)
    return "".join(" " if value == -math.inf else bar for value, bar in zip(values.tolist(), shown, strict=True))


def _narrowed(values: Floats, width: int) -> Floats:
    if len(values) <= width:
        return values
    edges = np.arange(width + 1) * len(values) // width
    with np.errstate(invalid="ignore"):
        return np.add.reduceat(values, edges[:-1]) / np.diff(edges)


def plot(
    curves: Sequence[tuple[NDArray[np.int64], Floats]], *, width: int, height: int = 12, colours: bool = False
) -> str:
    """Curves (steps, values) over their steps, each with its mark; the axis is logarithmic where they fall steeply.

    >>> print(plot([(np.arange(4), np.array([0.0, 1.0, 2.0, 3.0]))], width=24, height=4))
    3 ┤                   ●
      │             ●
      │      ●
    0 ┤●
      └────────────────────
       0                  3
    """
    finite = [_finite(curve) for curve in curves]
    if not any(len(steps) for steps, _ in finite):
        return "no finite value to plot"
    low, high = _ends([values for _, values in finite])
    first, last = _ends([steps for steps, _ in finite])
    scale = np.log10 if low > 0 and high / low >= _STEEP else np.asarray
    labels = [number(high), number(low)]
    margin = max(map(len, labels))
    columns = max(8, width - margin - 3)
    grid = [[" "] * columns for _ in range(height)]
    span = float(scale(high) - scale(low)) or 1.0
    for which, (steps, values) in enumerate(finite):
        mark = painted(MARKS[which % len(MARKS)], COLOURS[which % len(COLOURS)], colours=colours)
        places = np.rint((steps - first) / ((last - first) or 1.0) * (columns - 1)).astype(np.int64)
        for place in np.unique(places).tolist():
            mean = float(scale(values[places == place]).mean())
            row = round((float(scale(high)) - mean) / span * (height - 1))
            grid[row][place] = mark
    lines = [f"{_label(row, height, labels):>{margin}} " + "".join(cells) for row, cells in enumerate(grid)]
    lines = [f"{line[:margin]} {'┤' if line[:margin].strip() else '│'}{line[margin + 1 :]}".rstrip() for line in lines]
    ends = f"{int(first)}", f"{int(last)}"
    lines.append(" " * margin + " └" + "─" * columns)
    lines.append(" " * (margin + 2) + ends[0] + ends[1].rjust(columns - len(ends[0])))
    return "\n".join(lines) + (f"\n{' ' * (margin + 2)}(logarithmic)" if scale is np.log10 else "")


def _label(row: int, height: int, labels: Sequence[str]) -> str:
    return labels[0] if row == 0 else labels[1] if row == height - 1 else ""


def _finite(curve: tuple[NDArray[np.int64], Floats]) -> tuple[NDArray[np.int64], Floats]:
    steps, values = curve
    kept = np.isfinite(values)
    return steps[kept], values[kept]


def _ends(arrays: Sequence[NDArray[np.int64] | Floats]) -> tuple[float, float]:
    whole = [array for array in arrays if len(array)]
    return float(min(array.min() for array in whole)), float(max(array.max() for array in whole))
