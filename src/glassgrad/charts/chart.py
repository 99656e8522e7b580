"""What a chart shows: lines, points, spans, bands and rules over two axes. Floor 7."""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from glassgrad.charts.scale import Scale


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: what it counts, and from where to where."""

    label: str
    scale: Scale


@dataclass(frozen=True, slots=True)
class Line:
    """Points joined in order. `style` chooses colour and dashes; the name goes to the legend."""

    x: np.ndarray
    y: np.ndarray
    name: str
    style: int = 0
    dots: bool = False  # a dot at each point, too


@dataclass(frozen=True, slots=True)
class Points:
    """A cloud of points."""

    x: np.ndarray
    y: np.ndarray
    name: str
    style: int = 0


@dataclass(frozen=True, slots=True)
class Spans:
    """Upright bars from `low` to `high`: intervals of uncertainty."""

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    style: int = 0


@dataclass(frozen=True, slots=True)
class Band:
    """The room between two curves: the spread of several."""

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    style: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line that helps to read: from one point to another, with a word at its end."""

    start: tuple[float, float]
    end: tuple[float, float]
    label: str = ""


Mark: TypeAlias = Line | Points | Spans | Band | Rule


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its title, and what it shows in a sentence, for people who cannot see it."""

    name: str  # of the file and of the element
    title: str
    says: str
    x: Axis
    y: Axis
    marks: tuple[Mark, ...] = field(default=())
    remark: str = ""  # how to read it

    @property
    def legend(self) -> list[tuple[str, int]]:
        """The names and styles of what is drawn, where there is more than one."""
        named = [(mark.name, mark.style) for mark in self.marks if isinstance(mark, Line | Points) and mark.name]
        return named if len(named) > 1 else []
