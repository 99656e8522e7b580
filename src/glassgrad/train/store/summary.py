"""What a listing shows of a metric: ends, extremes and a small curve, kept up to date as values come. Floor 7."""

import math
import re
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np

from glassgrad.train.store.packing import Floats, Integers

POINTS = 64  # of the small curve

_LESS_IS_BETTER = re.compile(
    r"loss|error|(?:^|[^a-z])(?:err|r?mse|mae|mape|nll|perplexity|entropy|divergence)(?![a-z])"
)
Goal = Literal["least", "greatest"]
_GREATER_IS_BETTER = re.compile(
    r"(?:^|[^a-z])(?:acc|accuracy|auc|auroc|f1|r2|r²|precision|recall|score|map|iou|dice|bleu|rouge|reward|return"
    r"|likelihood|correlation|throughput)(?![a-z])"
)


def goal_of(name: str) -> Goal:
    """Which end of a metric is the better one, by its name: losses and errors fall, accuracies and scores rise.

    >>> goal_of("validation_loss"), goal_of("validation/accuracy"), goal_of("roc_auc")
    ('least', 'greatest', 'greatest')
    """
    return "greatest" if _GREATER_IS_BETTER.search(name.lower()) else "least"


@dataclass(frozen=True, slots=True)
class Summary:
    """One metric of a run in a few numbers. `least` and `greatest` are of the finite values; NaN: there are none."""

    name: str
    rows: int
    first_step: int
    last_step: int
    first: float
    last: float
    least: float
    least_step: int | None
    greatest: float
    greatest_step: int | None
    not_finite: int
    sketch: bytes = field(repr=False)  # float32: means of equal stretches, NaN or infinite where a value was

    @property
    def goal(self) -> Goal:
        """Which end is the better one."""
        return goal_of(self.name)

    @property
    def judged(self) -> bool:
        """Whether its name says that one end is better: a gradient's norm or a rate has none."""
        return bool(_GREATER_IS_BETTER.search(self.name.lower()) or _LESS_IS_BETTER.search(self.name.lower()))

    @property
    def best(self) -> tuple[float, int | None]:
        """The best finite value and its step."""
        if self.goal == "greatest":
            return self.greatest, self.greatest_step
        return self.least, self.least_step

    @property
    def curve(self) -> Floats:
        """The metric's course in at most 64 points."""
        return np.frombuffer(self.sketch, "<f4").astype(np.float64)


SUMMARY_COLUMNS = tuple(each.name for each in fields(Summary))
_CAN_BE_NAN = tuple(SUMMARY_COLUMNS.index(name) for name in ("first", "last", "least", "greatest"))


def summary_of(values: list[Any]) -> Summary:
    """From a row of the columns."""
    for place in _CAN_BE_NAN:
        if values[place] is None:
            values[place] = math.nan
    return Summary(*values)


@dataclass(frozen=True, slots=True)
class Running:
    """A summary that grows: the summary, and the sums of its stretches."""

    summary: Summary
    sums: Floats
    stride: int

    def extended(self, steps: Integers, values: Floats) -> "Running":
        """With further values, of which there is at least one."""
        old, more = self.summary, len(values)
        sums, stride = self.sums, self.stride
        with np.errstate(all="ignore"):
            while old.rows + more > POINTS * stride:
                sums = np.append(sums, 0.0) if len(sums) % 2 else sums
                sums, stride = sums[0::2] + sums[1::2], 2 * stride
            places = np.arange(old.rows, old.rows + more) // stride
            added = np.append(sums, np.zeros(int(places[-1]) + 1 - len(sums)))
            added += np.bincount(places, values)
            counts = np.full(len(added), stride)
            counts[-1] = old.rows + more - stride * (len(added) - 1)
            sketch = (added / counts).astype("<f4").tobytes()
        return Running(_extended(old, steps, values, sketch), added, stride)


def begin_summary(name: str) -> Running:
    """Of no values yet.

    >>> found = begin_summary("loss").extended(np.array([0, 1, 2]), np.array([2.0, np.nan, 1.0])).summary
    >>> found.last, found.best, found.not_finite
    (1.0, (1.0, 2), 1)
    """
    nan = math.nan
    return Running(Summary(name, 0, 0, 0, nan, nan, nan, None, nan, None, 0, b""), np.zeros(0), 1)


def _extended(old: Summary, steps: Integers, values: Floats, sketch: bytes) -> Summary:
    finite = np.isfinite(values)
    new = replace(
        old,
        rows=old.rows + len(values),
        first_step=old.first_step if old.rows else int(steps[0]),
        first=old.first if old.rows else float(values[0]),
        last_step=int(steps[-1]),
        last=float(values[-1]),
        not_finite=old.not_finite + int(len(values) - finite.sum()),
        sketch=sketch,
    )
    if not finite.any():
        return new
    low = int(np.argmin(np.where(finite, values, np.inf)))
    high = int(np.argmax(np.where(finite, values, -np.inf)))
    if not old.least <= values[low]:  # NaN: none before
        new = replace(new, least=float(values[low]), least_step=int(steps[low]))
    if not old.greatest >= values[high]:
        new = replace(new, greatest=float(values[high]), greatest_step=int(steps[high]))
    return new
