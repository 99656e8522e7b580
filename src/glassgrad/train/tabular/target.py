"""The target of a table: a class or a number, its classes, its values as numbers and back. Floor 7."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from glassgrad.base.errors import TableError, UsageError
from glassgrad.train.tabular.cells import Decimal, as_numbers, as_words, formats_of, levels_and_codes
from glassgrad.train.tabular.extremes import said_of_extremes
from glassgrad.train.tabular.frames import counted, listed
from glassgrad.train.tabular.marks import decimal_of

if TYPE_CHECKING:
    import polars as pl

Task: TypeAlias = Literal["classification", "regression"]
TASKS = ("classification", "regression")
_MOSTLY = 0.95  # share of the cells that decides what a target is
_FEW = 20  # different whole numbers that are taken for classes
_LARGEST = 1e140  # sums of squares have to be numbers
_MOST = 200  # classes that a network here may have


@dataclass(frozen=True, slots=True)
class Target:
    """What is learnt: its column, the task, why it is this one, and the classes with their numbers of rows."""

    name: str
    task: Task
    reason: str
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    missing: int = 0
    decimal: Decimal = "."
    low: float = 0.0
    high: float = 0.0

    def said(self) -> str:
        """The target in words."""
        if self.task == "regression":
            return f"{self.name}: regression, {self.low:.6g} to {self.high:.6g} ({self.reason})"
        total = sum(self.counts)
        shares = [f"{name!r} {count / total:.1%}" for name, count in zip(self.classes, self.counts, strict=True)]
        listing = ", ".join(shares[:6]) + (f" and {len(shares) - 6} more" if len(shares) > 6 else "")
        return f"{self.name}: classification into {len(self.classes)} classes, {listing}"

    def notes(self, cells: "pl.Series") -> tuple[str, ...]:
        """What a person should know of the values: what is missing, no number, or far beyond the others."""
        known = self.is_known(cells)
        filled = cells.is_not_null().to_numpy()
        if cells.dtype.is_float():
            filled &= ~cells.is_nan().fill_null(value=False).to_numpy()
        words = cells.filter(filled & ~known)  # pl.Series takes a mask of NumPy
        blank, found = int((~filled).sum()), []
        if blank:
            found.append(f"{counted(blank, 'row')} without a value of {self.name!r} will not be used")
        if len(words):
            examples = listed(words.unique(maintain_order=True).to_list(), 3)
            found.append(f"{counted(len(words), 'row')} with {examples} as {self.name!r}, no number, will not be used")
        found += _doubtful_classes(self.classes)
        if self.task == "regression":
            far = said_of_extremes(as_numbers(cells, self.decimal))
            found += [f"{self.name}: {far}; the scores will be of little else: is it a mistake?"] if far else []
        return tuple(found)

    # ------------------------------------------------------------------ values
    def is_known(self, cells: "pl.Series") -> np.ndarray:
        """(row,) of bool: has the row a target?"""
        if self.task == "regression":
            return np.asarray(np.isfinite(as_numbers(cells, self.decimal)))
        found: np.ndarray = as_words(cells).is_not_null().to_numpy()
        return found

    def numbers(self, cells: "pl.Series") -> np.ndarray:
        """(row,) int64 numbers of classes, or float64 values. Raises TableError for what is missing or unknown."""
        known = self.is_known(cells)
        if not known.all():
            row = int(np.argmin(known))
            raise TableError(
                f"{counted(int((~known).sum()), 'row')} without a value of {self.name!r}, the first is row {row + 1}",
                hint="leave these rows out, or predict without comparing",
            )
        if self.task == "regression":
            return as_numbers(cells, self.decimal)
        words = as_words(cells)
        places = {name: place for place, name in enumerate(self.classes)}
        apart = levels_and_codes(words)
        if apart is None:
            found = np.array([places.get(word, -1) for word in words.to_list()], np.int64)
        else:
            found = np.array([places.get(word, -1) for word in apart[0].to_list()], np.int64)[apart[1]]
        if (found < 0).any():
            unknown = sorted({words[int(row)] for row in np.flatnonzero(found < 0)[:1000]})
            raise TableError(
                f"{self.name!r} has {listed(unknown, 3)}, which no row of the training had",
                hint=f"its classes are {listed(self.classes, 20)}",
            )
        return found


def target_of(cells: "pl.Series", name: str, task: Task | None, mark: Decimal = ".") -> Target:
    """The target in this column; `mark` stands before fractions where its cells leave it open.

    Raises TableError where nothing can be learnt of it.
    """
    if task is not None and task not in TASKS:
        raise UsageError(f"there is no task {task!r}", hint="classification or regression")
    words = as_words(cells)
    missing = int(words.null_count())
    filled = words.drop_nulls()
    if not len(filled):
        raise TableError(f"the target {name!r} has no value in any row", hint="the target is what the model learns")
    distinct = int(filled.n_unique())
    if distinct == 1:
        raise TableError(
            f"the target {name!r} is {filled[0]!r} in every row: there is nothing to learn",
            hint="it needs two different values at least",
        )
    is_few = distinct <= _FEW
    if cells.dtype.is_temporal() or (not is_few and not cells.dtype.is_numeric() and formats_of(words)[1] > _MOSTLY):
        raise TableError(f"the target {name!r} holds dates", hint="make a number of them: days since …")
    is_number = cells.dtype.is_numeric()
    decimal, share = decimal_of(filled, mark) if not is_number else (".", 1.0)
    chosen, reason = (task, "as you say") if task else _task(filled, decimal, share, distinct)
    if chosen == "classification":
        return _classes(name, filled, missing, reason, _odd_words(filled, decimal, share))
    if share == 0:
        raise TableError(
            f"the target {name!r} has no numbers ({listed(filled.unique(maintain_order=True).to_list(), 3)}), and "
            "a regression needs them",
            hint="task='classification'",
        )
    numbers = as_numbers(words if not is_number else cells, decimal)
    known = np.isfinite(numbers)
    _check_sizes(name, numbers)
    if np.ptp(numbers[known]) == 0:
        raise TableError(f"the target {name!r} has one number only: there is nothing to learn")
    low, high = float(numbers[known].min()), float(numbers[known].max())
    return Target(name, "regression", reason, (), (), int((~known).sum()), decimal, low, high)


def _check_sizes(name: str, numbers: np.ndarray) -> None:
    """Raises TableError where errors could not be squared."""
    sizes = np.abs(np.nan_to_num(numbers, nan=0.0))
    row = int(sizes.argmax())
    if sizes[row] > _LARGEST:
        raise TableError(
            f"the target {name!r} is {numbers[row]:.6g} in row {row + 1}: its square is beyond all numbers",
            hint="is it a mark for a missing value? leave it empty; or take another unit",
        )


def _task(filled: "pl.Series", decimal: Decimal, share: float, distinct: int) -> tuple[Task, str]:
    """The task that fits, and why."""
    rows = len(filled)
    if share < _MOSTLY:
        return "classification", "its values are words"
    numbers = as_numbers(filled, decimal)
    numbers = numbers[np.isfinite(numbers)]
    if not np.all(numbers == np.round(numbers)):
        if distinct == 2:
            return "classification", "it has two values"
        return "regression", "its values are numbers with fractions"
    if distinct == 2 or (distinct <= _FEW and distinct <= 0.05 * rows):
        return "classification", f"{distinct} different whole numbers"
    return "regression", f"{distinct:,} different whole numbers"


_LIKE_NOTHING = ("-", "--", ".", "none", "missing", "unknown", "n.a.", "nil", "undefined", "#n/a")


def _doubtful_classes(classes: tuple[str, ...]) -> list[str]:
    """Says which classes might be one, and which might mean nothing."""
    together: dict[str, list[str]] = {}
    for name in classes:
        together.setdefault(" ".join(name.casefold().split()), []).append(name)
    found = [
        f"{listed(names)} are different classes: are they meant to be?" for names in together.values() if names[1:]
    ]
    nothing = [name for name in classes if name.casefold() in _LIKE_NOTHING]
    if nothing and len(classes) > len(nothing) + 1:
        be = "is a class like the others" if len(nothing) == 1 else "are classes like the others"
        found.append(f"{listed(nothing)} {be}: leave the cell empty where nothing is known")
    return found


def _odd_words(filled: "pl.Series", decimal: Decimal, share: float) -> list[str]:
    """The words that stand among numbers, where most are numbers."""
    if not 0.5 < share < 1:
        return []
    numbers = as_numbers(filled, decimal)
    return [word for word, value in zip(filled.to_list(), numbers, strict=True) if not np.isfinite(value)]


def _classes(name: str, filled: "pl.Series", missing: int, reason: str, odd: list[str]) -> Target:
    rows, distinct = len(filled), int(filled.n_unique())
    if distinct > _MOST or (distinct > 20 and distinct > 0.5 * rows):
        hint = "is it the right column? task='regression' is for numbers; rare classes can be put together"
        if odd:
            words = listed(dict.fromkeys(odd), 3)
            hint = f"most of them are numbers, and {words} none: task='regression' leaves out these {len(odd):,} rows"
        raise TableError(
            f"the target {name!r} has {distinct:,} different values in {rows:,} rows: too many classes", hint=hint
        )
    counts = dict(filled.value_counts().iter_rows())
    names = sorted(counts, key=_order)
    return Target(name, "classification", reason, tuple(names), tuple(int(counts[one]) for one in names), missing)


def _order(name: str) -> tuple[int, float, str]:
    """Numbers by their size, words by the alphabet."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name
