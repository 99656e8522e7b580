"""Columns that know the answer: the target once more, in another unit, or in other words. Floor 7."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glassgrad.train.tabular.cells import as_days, as_numbers, as_words
from glassgrad.train.tabular.columns import Column
from glassgrad.train.tabular.extremes import reach_of
from glassgrad.train.tabular.target import Target

if TYPE_CHECKING:
    import polars as pl

_ENOUGH = 10  # rows that tell


@dataclass(frozen=True, slots=True)
class Answer:
    """The target's cells, made ready once for all columns: numbers in a regression, else words."""

    target: Target
    numbers: np.ndarray
    words: "pl.Series"

    @staticmethod
    def of(target: Target, cells: "pl.Series") -> "Answer":
        """The answer in this column."""
        if target.task == "regression":
            return Answer(target, as_numbers(cells, target.decimal), cells[:0])
        return Answer(target, np.zeros(0), as_words(cells))

    def looked_for(self, column: Column, cells: "pl.Series") -> Column:
        """The column with a warning where it knows the target, or left out where it is the target once more."""
        if not column.is_used:
            return column
        return self._as_number(column, cells) if self.target.task == "regression" else self._as_class(column, cells)

    def _as_number(self, column: Column, cells: "pl.Series") -> Column:
        ours = as_days(cells, column.formats) if column.kind == "date" else as_numbers(cells, column.decimal)
        both = np.isfinite(ours) & np.isfinite(self.numbers)
        if both.sum() < _ENOUGH:
            return column
        first, second = ours[both], self.numbers[both]
        if both.mean() > 0.5 and np.array_equal(first, second):
            return self._copy(column)
        first, second = (np.clip(numbers, *reach_of(numbers)) for numbers in (first, second))
        if np.ptp(first) > 0 and np.ptp(second) > 0 and abs(np.corrcoef(first, second)[0, 1]) > 1 - 1e-9:
            return _warned(column, "it is the target in another unit: would you know it before?")
        return column

    def _as_class(self, column: Column, cells: "pl.Series") -> Column:
        classes = len(self.target.classes)
        if column.distinct > 2 * classes + self.target.missing:
            return column
        words = as_words(cells, column.width)
        both = words.is_not_null() & self.words.is_not_null()
        if both.sum() < _ENOUGH:
            return column
        left, right = words.filter(both), self.words.filter(both)
        if (both.mean() or 0.0) > 0.5 and bool((left == right).all()):
            return self._copy(column)
        pairs = left.alias("left").to_frame().with_columns(right.alias("right")).n_unique()
        if pairs == left.n_unique() and pairs <= 2 * classes:
            return _warned(column, "it determines the target alone: would you know it before?")
        return column

    def _copy(self, column: Column) -> Column:
        return replace(column, kind="copy of the target", reason=f"it equals {self.target.name!r}", warning=None)


def _warned(column: Column, text: str) -> Column:
    return replace(column, warning=text if column.warning is None else f"{column.warning}; {text}")
