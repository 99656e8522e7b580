"""Preparation: tables become the arrays of a network, always as the training part says; saved and restored. Floor 7."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad.base.errors import CheckpointError, TableError, UsageError
from glassgrad.base.tensors import Checkpoint, read, write
from glassgrad.train.tabular.cells import as_days, as_numbers, as_words, doubles, formats_of
from glassgrad.train.tabular.columns import Column
from glassgrad.train.tabular.extremes import far_outside
from glassgrad.train.tabular.fitted import restored, state_of
from glassgrad.train.tabular.frames import counted, listed, polars
from glassgrad.train.tabular.marks import MARKS, seen_in
from glassgrad.train.tabular.parts import (
    Part,
    days_of,
    fit_categories,
    fit_dates,
    fit_many,
    fit_numbers,
    has_many_levels,
)
from glassgrad.train.tabular.plan import Plan
from glassgrad.train.tabular.sealed import read_sealed, write_sealed

if TYPE_CHECKING:
    import polars as pl

FORMAT = "glassgrad preparation 1"
_SLICE = 2**16  # rows that are prepared at a time
_SURE = 0.95  # share of the cells that have to be dates in a form that the training did not have
_UNREADABLE = 0.5  # share of the cells from which on a column is not what it was


@dataclass(frozen=True, slots=True)
class Preparation:
    """What turns a table into inputs and targets: fitted to the training part only.

    Numbers: medians where they are missing and an input that says so, a bend (Yeo and Johnson, 2000) where they are
    skewed, mean 0 and deviation 1. Categories: an input for each level, one for all rare ones; where there are many
    levels, for the most frequent ones, and their rank. Dates: years, and points on the circles of year, week and day.
    The target of a regression has mean 0 and deviation 1.

    >>> import polars as pl
    >>> table = pl.DataFrame({"size": [1.0, 2.0, None, 3.0] * 5, "color": ["red", "blue"] * 10, "price": range(20)})
    >>> preparation = Preparation.fit(gg.train.tabular.infer(table, "price"), table)
    >>> preparation.feature_names
    ('size', 'size is missing', 'color = blue', 'color = red')
    >>> preparation.inputs(table[:2])
    array([[-1.4142135,  0.       ,  0.       ,  1.       ],
           [ 0.       ,  0.       ,  1.       ,  0.       ]], dtype=float32)
    """

    plan: Plan
    parts: tuple[Part, ...]
    mean: float = 0.0  # of the target of a regression
    deviation: float = 1.0

    @staticmethod
    def fit(plan: Plan, table: "pl.DataFrame") -> "Preparation":
        """The preparation for a plan, fitted to these rows."""
        _check_columns(plan, table)
        if not len(table):
            raise TableError("there are no rows to fit the preparation to")
        kinds: dict[str, list[Column]] = {"number": [], "date": [], "category": [], "many": []}
        for column in plan.used:
            many = column.kind == "category" and has_many_levels(table[column.name], column)
            kinds["many" if many else column.kind].append(column)
        makers = {"number": fit_numbers, "date": fit_dates, "category": fit_categories, "many": fit_many}
        parts = tuple(makers[kind](table, tuple(columns)) for kind, columns in kinds.items() if columns)
        if plan.task == "classification":
            return Preparation(plan, parts)
        numbers = plan.target.numbers(table[plan.target.name])
        return Preparation(plan, parts, float(numbers.mean()), float(numbers.std()) or 1.0)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(name for part in self.parts for name in part.names)

    # ------------------------------------------------------------------ inputs
    def inputs(self, table: "pl.DataFrame") -> np.ndarray:
        """(row, input) float32. Columns that are not needed are not looked at; one that is missing is a TableError."""
        _check_columns(self.plan, table)
        columns = as_written(self.plan.used, table)
        parts = [replace(part, columns=tuple(columns[one.name] for one in part.columns)) for part in self.parts]
        found = np.empty((len(table), len(self.feature_names)), np.float32)
        for start in range(0, len(table), _SLICE):
            rows = table[start : start + _SLICE]
            _check_cells(columns.values(), rows, start)
            place = 0
            for part in parts:
                found[start : start + len(rows), place : place + len(part.names)] = part.inputs(rows)
                place += len(part.names)
        return found

    def notes(self, table: "pl.DataFrame") -> list[str]:
        """What is unlike the training in this table: new levels, cells that cannot be read, numbers far outside."""
        _check_columns(self.plan, table)
        written = as_written(self.plan.used, table)
        found: list[str] = []
        for part in self.parts:
            for place, column in enumerate(part.columns):
                if part.role in ("categories", "many categories"):
                    known = [*map(str, part.steps["one for each"].categories_[place])]
                    found += _strange_levels(table[column.name], column, known)
                else:
                    reach = part.options.get("reach", [None] * len(part.columns))[place]
                    found += _strange_cells(table[column.name], column, written[column.name], reach)
        return found

    # ------------------------------------------------------------------ targets
    def targets(self, table: "pl.DataFrame") -> np.ndarray:
        """(row,) int64 numbers of classes, or float32 numbers of mean 0 and deviation 1."""
        found = self.truth(table)
        if self.plan.task == "classification":
            return found
        return ((found - self.mean) / self.deviation).astype(np.float32)

    def truth(self, table: "pl.DataFrame") -> np.ndarray:
        """(row,) int64 numbers of classes, or float64 numbers as they stand in the table: what `metrics` takes."""
        name = self.plan.target.name
        if name not in table.columns:
            raise TableError(f"the table has no target {name!r}", hint="predictions need none; comparing them does")
        return self.plan.target.numbers(table[name])

    def original(self, targets: np.ndarray) -> np.ndarray:
        """Back: (row,) words of classes from their numbers, or float64 numbers in the unit of the table."""
        if self.plan.task == "classification":
            return np.array(self.plan.classes, str)[np.asarray(targets, np.int64)]
        return np.asarray(targets, np.float64) * self.deviation + self.mean

    # ------------------------------------------------------------------ on the disk
    def save(self, folder: Path | str) -> None:
        """Writes preparation.json and preparation.safetensors into the folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, np.ndarray] = {}
        parts = [
            {
                "role": part.role,
                "columns": [column.name for column in part.columns],
                "steps": {name: state_of(step, arrays) for name, step in part.steps.items()},
                "names": list(part.names),
                "options": part.options,
            }
            for part in self.parts
        ]
        facts = {
            "format": FORMAT,
            "scikit-learn": _version(),
            "plan": self.plan.to_dict(),
            "mean": self.mean.hex(),
            "deviation": self.deviation.hex(),
            "parts": parts,
        }
        write(folder / "preparation.safetensors", Checkpoint(arrays, {"format": FORMAT}))
        write_sealed(folder / "preparation.json", facts)

    @staticmethod
    def load(folder: Path | str) -> "Preparation":
        """The preparation that `save` wrote; its outputs are the same bit for bit. Raises CheckpointError."""
        path = Path(folder) / "preparation.json"
        facts = read_sealed(path, FORMAT)
        arrays = read(path.with_suffix(".safetensors")).arrays
        try:
            plan = Plan.from_dict(facts["plan"])
            parts = tuple(_part(plan, one, arrays) for one in facts["parts"])
            mean, deviation = float.fromhex(facts["mean"]), float.fromhex(facts["deviation"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path} is damaged: {type(error).__name__} {error}") from None
        return Preparation(plan, parts, mean, deviation)


def _version() -> str:
    from sklearn import __version__  # with the first preparation

    return str(__version__)


_STEPS = {  # that a part of each role cannot do without
    "numbers": ("fill", "absent", "scale"),
    "dates": ("fill", "scale"),
    "categories": ("one for each",),
    "many categories": ("one for each", "rank", "scale"),
}


def _part(plan: Plan, facts: dict[str, Any], arrays: dict[str, np.ndarray]) -> Part:
    absent = [name for name in _STEPS[facts["role"]] if name not in facts["steps"]]
    if absent:
        raise ValueError(f"its {facts['role']} lack {listed(absent)}")
    columns = {column.name: column for column in plan.columns}
    return Part(
        role=facts["role"],
        columns=tuple(columns[name] for name in facts["columns"]),
        steps={name: restored(step, arrays) for name, step in facts["steps"].items()},
        names=tuple(facts["names"]),
        options=facts["options"],
    )


# ------------------------------------------------------------------ is it such a table?
def _check_columns(plan: Plan, table: "pl.DataFrame") -> None:
    if not isinstance(table, polars().DataFrame):
        raise UsageError(f"a table is a polars.DataFrame, found {type(table).__name__}", hint="tabular.read(path)")
    names = set(table.columns)
    absent = [column.name for column in plan.used if column.name not in names]
    if not absent:
        return
    lower = {str(name).lower().strip(): name for name in table.columns}
    alike = [lower[name.lower().strip()] for name in absent if name.lower().strip() in lower]
    hint = f"{listed(alike)} is written differently" if alike else f"the table has {listed(table.columns, 30)}"
    raise TableError(
        f"the table has no column {listed(absent)}, which the network was trained on",
        hint=f"{hint}; a column without any value is allowed",
    )


def _check_cells(columns: Iterable[Column], rows: "pl.DataFrame", start: int) -> None:
    """Raises TableError where most of what stands in a column of numbers or dates cannot be read."""
    for column in columns:
        if column.kind == "category":
            continue
        cells = rows[column.name]
        wrong = _unreadable(cells, column)
        count, filled = int(wrong.sum()), len(cells) - int(cells.null_count())
        if count and count > _UNREADABLE * filled:
            place = int(np.argmax(wrong))
            raise TableError(
                f"column {column.name!r} held a {column.kind} in each row of the training; here {count:,} of "
                f"{filled:,} values are none, the first {cells[place]!r} in row {start + place + 1}",
                hint="has the table another layout, or have its columns other names?",
            )


def _strange_levels(cells: "pl.Series", column: Column, known: list[str]) -> list[str]:
    words = as_words(cells, column.width).drop_nulls()
    strange = words.filter(~words.is_in(known))
    if not len(strange):
        return []
    levels = strange.unique(maintain_order=True).to_list()
    return [f"{column.name}: the training had no {listed(levels, 3)} ({counted(len(strange), 'row')})"]


def _strange_cells(cells: "pl.Series", column: Column, here: Column, reach: Any) -> list[str]:
    found = []
    if here.decimal != column.decimal:
        marks = ("commas", "points") if column.decimal == "." else ("points", "commas")
        found.append(f"{column.name}: here with decimal {marks[0]}, in the training with {marks[1]}")
    if here.formats != column.formats:
        example = cells.drop_nulls()[0]
        found.append(f"{column.name}: here dates are written in another way than in the training, such as {example!r}")
    count = int(_unreadable(cells, here).sum())
    if count:
        found.append(f"{column.name}: {counted(count, 'cell')} cannot be read and count as missing")
    numbers = as_numbers(cells, here.decimal) if column.kind == "number" and reach is not None else np.zeros(0)
    far = far_outside(numbers, tuple(reach)) if len(numbers) else np.zeros(0, bool)
    if far.any():
        low, high, first = reach[0], reach[1], int(far.argmax())
        found.append(
            f"{column.name}: {counted(int(far.sum()), 'value')} far outside of what the training had, {low:.6g} to "
            f"{high:.6g}, the first {numbers[first]:.6g} in row {first + 1}: nobody knows what holds there"
        )
    return found


def as_written(columns: Iterable[Column], table: "pl.DataFrame") -> dict[str, Column]:
    """The columns by name, as this table has them.

    Another mark before fractions, or another form of dates, is taken where all of its cells tell so.
    """
    found = {}
    for column in columns:
        cells = table[column.name]
        is_text = not (cells.dtype.is_numeric() or cells.dtype.is_temporal())
        found[column.name] = column
        if is_text and column.kind == "number" and (mark := seen_in(cells)) in MARKS:
            found[column.name] = replace(column, decimal=mark)
        elif is_text and column.kind == "date" and cells.null_count() < len(cells):
            found[column.name] = _dated(column, cells.cast(polars().String))
    return found


def _dated(column: Column, cells: "pl.Series") -> Column:
    """The column with the forms that dates have here, where those of the training fit few, and these nearly all."""
    filled = cells.drop_nulls()
    if np.isfinite(as_days(filled, column.formats)).mean() > _UNREADABLE:
        return column
    formats, share, is_open = formats_of(filled)
    return replace(column, formats=formats) if share >= _SURE and not is_open else column


def _unreadable(cells: "pl.Series", column: Column) -> np.ndarray:
    """(row,) of bool: does something stand there that is not of the column's kind?"""
    if cells.dtype.is_numeric() and column.kind == "number":
        infinite: np.ndarray = np.isinf(doubles(cells))
        return infinite
    filled = cells.is_not_null().to_numpy()
    if cells.dtype.is_float():
        filled &= ~np.isnan(cells.fill_null(0.0).to_numpy())
    if column.kind == "number" and (cells.dtype == polars().Duration or not cells.dtype.is_temporal()):
        return np.asarray(filled & ~np.isfinite(as_numbers(cells, column.decimal)))
    if column.kind == "number":
        return np.asarray(filled)
    return np.asarray(filled & ~np.isfinite(days_of(cells, column)))
