"""split: rows for training, for validation and for the test; by classes, or in the order of time. Floor 7."""

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassgrad.base.errors import TableError, UsageError
from glassgrad.train.tabular.cells import DAY_FIRST, as_days, as_numbers, formats_of
from glassgrad.train.tabular.frames import counted, listed
from glassgrad.train.tabular.marks import decimal_of
from glassgrad.train.tabular.plan import Plan

if TYPE_CHECKING:
    import polars as pl

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts of a table, and `rows`: the numbers of their rows in it, by the part's name."""

    train: "pl.DataFrame"
    validation: "pl.DataFrame"
    test: "pl.DataFrame"
    rows: dict[str, np.ndarray]
    notes: tuple[str, ...] = ()


def split(table: "pl.DataFrame", plan: Plan, test: float = 0.2, validation: float = 0.1, seed: int = 0) -> Split:
    """Parts of the rows that have a target: shares `test` and `validation` of them, and the rest for training.

    In a classification each class is divided by the same shares, and a class with one row stays in training. With the
    plan's time column the last rows are the test, those before them the validation.

    >>> import polars as pl
    >>> table = pl.DataFrame({"x": np.arange(50.0) ** 2, "y": ["a", "a", "a", "a", "b"] * 10})
    >>> parts = split(table, gg.train.tabular.infer(table, "y"))
    >>> len(parts.train), len(parts.validation), len(parts.test), parts.test["y"].value_counts(sort=True).rows()
    (35, 5, 10, [('a', 8), ('b', 2)])
    """
    for name, share in (("test", test), ("validation", validation)):
        if not 0 <= share < 1:
            raise UsageError(f"{name} is a share of the rows from 0 to below 1, found {share!r}")
    if test + validation >= 1:
        raise UsageError(f"test {test} and validation {validation} leave no rows for the training")
    known = np.flatnonzero(plan.target.is_known(table[plan.target.name]))
    if len(known) < 2:
        raise TableError(f"{counted(len(known), 'row')} with a target: nothing to learn from and to test on")
    if plan.time_column is not None:
        places, notes = _by_time(table, plan, known, test, validation)
    elif plan.task == "classification":
        places, notes = _by_class(table, plan, known, test, validation, seed), ()
    else:
        mixed = np.random.default_rng(seed).permutation(known)
        places, notes = _cut(mixed, test, validation), ()
    rows = {name: np.sort(part) if plan.time_column is None else part for name, part in zip(PARTS, places, strict=True)}
    notes = (*notes, *_missing_classes(table, plan, rows))
    return Split(table[rows["train"]], table[rows["validation"]], table[rows["test"]], rows, notes)


def _cut(rows: np.ndarray, test: float, validation: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training, validation and test, in this order; the training is left with one row at least."""
    tested = min(round(len(rows) * test), len(rows) - 1)
    validated = min(round(len(rows) * validation), len(rows) - tested - 1)
    kept = len(rows) - tested - validated
    return rows[:kept], rows[kept : kept + validated], rows[kept + validated :]


def _by_class(
    table: "pl.DataFrame", plan: Plan, known: np.ndarray, test: float, validation: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each class cut by the shares; what is left over by rounding is carried on to the next class."""
    generator = np.random.default_rng(seed)
    numbers = plan.target.numbers(table[plan.target.name][known])
    parts: tuple[list[np.ndarray], ...] = ([], [], [])
    owed = np.zeros(2)  # of validation and test
    for label in np.argsort(np.bincount(numbers, minlength=len(plan.classes)), kind="stable"):
        rows = generator.permutation(known[numbers == label])
        owed += (len(rows) * validation, len(rows) * test)
        tested = int(np.clip(round(owed[1]), 0, max(len(rows) - 1, 0)))
        validated = int(np.clip(round(owed[0]), 0, max(len(rows) - tested - 1, 0)))
        owed -= (validated, tested)
        kept = len(rows) - tested - validated
        for part, piece in zip(
            parts, (rows[:kept], rows[kept : kept + validated], rows[kept + validated :]), strict=True
        ):
            part.append(piece)
    found = [np.concatenate(part) for part in parts]
    return found[0], found[1], found[2]


def _by_time(
    table: "pl.DataFrame", plan: Plan, known: np.ndarray, test: float, validation: float
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], tuple[str, ...]]:
    name = plan.time_column
    assert name is not None
    moments, said = _moments(table[name], name)
    timed = np.isfinite(moments[known])
    if not timed.any():
        examples = table[name].drop_nulls()[:1].to_list()
        raise TableError(f"the time column {name!r} has neither dates nor numbers, such as {examples}")
    notes = list(said)
    if not timed.all():
        notes.append(f"{counted(int((~timed).sum()), 'row')} without a time in {name!r} will not be used")
    rows = known[timed]
    rows = rows[np.argsort(moments[rows], kind="stable")]
    parts = _cut(rows, test, validation)
    notes += _ties(name, [moments[part] for part in parts])
    return parts, tuple(notes)


def _moments(cells: "pl.Series", name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """(row,) what the rows are ordered by, and what a person should know of it."""
    if cells.dtype.is_temporal():
        return as_days(cells), ()
    if cells.dtype.is_numeric():
        return as_numbers(cells), ()
    formats, share, is_open = formats_of(cells)
    if share <= 0.5:
        return as_numbers(cells, decimal_of(cells)[0]), ()
    way = "day/month/year" if set(formats) & set(DAY_FIRST) else "month/day/year"
    swapped = f"days and months might be swapped in {name!r}, by which rows are ordered: read as {way}"
    return as_days(cells, formats, universal=True), (swapped,) if is_open else ()


def _ties(name: str, moments: list[np.ndarray]) -> list[str]:
    """Says where the rows on both sides of a border have the same time."""
    filled = [part for part in moments if len(part)]
    every = np.concatenate(filled)
    if len(every) > 1 and every.min() == every.max():
        return [f"all rows have the same time in {name!r}: their order in the file decides which are the test"]
    tied = [after[0] for before, after in itertools.pairwise(filled) if before[-1] == after[0]]
    count = int(np.isin(every, tied).sum())
    return [f"{count:,} rows have the same time in {name!r}, but are not all in the same part"] if tied else []


def _missing_classes(table: "pl.DataFrame", plan: Plan, rows: dict[str, np.ndarray]) -> tuple[str, ...]:
    """Which classes the training lacks: they lie later in time."""
    if plan.task == "regression" or plan.time_column is None:
        return ()
    numbers = plan.target.numbers(table[plan.target.name][rows["train"]])
    absent = [name for place, name in enumerate(plan.classes) if not (numbers == place).any()]
    return (f"no row of the training is {listed(absent)}: these lie later in {plan.time_column!r}",) if absent else ()
