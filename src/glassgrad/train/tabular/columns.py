"""What a column is – a number, a category, a date, or nothing to learn from – and why, in words. Floor 7."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from glassgrad.base.errors import TableError
from glassgrad.train.tabular.cells import (
    DAY_FIRST,
    Decimal,
    as_days,
    as_numbers,
    as_words,
    doubles,
    formats_of,
    is_infinite,
)
from glassgrad.train.tabular.extremes import WHOLE, said_of_extremes, said_of_infinite
from glassgrad.train.tabular.frames import counted, listed, polars
from glassgrad.train.tabular.identifiers import ENOUGH, are_different_on_purpose, is_named_so, may_be_named_so
from glassgrad.train.tabular.marks import decimal_of

if TYPE_CHECKING:
    import polars as pl

Kind: TypeAlias = Literal[
    "number", "category", "date", "text", "identifier", "constant", "missing", "copy of the target", "time", "left out"
]
USED = ("number", "category", "date")
KINDS: tuple[str, ...] = get_args(Kind)

_NUMERIC_SHARE = 0.95  # of the cells with something that have to be numbers, or dates
_MISSING_SHARE = 0.98  # from which on a column is left out
_FEW = 50  # levels that a category may have however few rows there are
_SOME = 20  # rows from which shares say something
_MOSTLY, _NEARLY_ALL = 0.5, 0.8  # shares of different cells from which on they tell rows apart; for short tables
_POSTAL = re.compile(
    r"(^|[_\s.-])(zip|zip_?codes?|post(al)?_?codes?|postcodes?|plz|cep|pincode|zipcode)$|[a-z]Zip$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its kind, the reason in words, and how its cells are read."""

    name: str
    kind: Kind
    reason: str
    missing: float = 0.0  # share of the cells
    distinct: int = 0
    decimal: Decimal = "."
    formats: tuple[str, ...] = ()  # of dates
    width: int = 0  # to which digits of codes are filled up
    warning: str | None = None

    @property
    def is_used(self) -> bool:
        """Does the network see it?"""
        return self.kind in USED


def rare_below(rows: int) -> int:
    """How many rows a level of a category needs for an input of its own."""
    return max(1, min(10, rows // 200))


def column_of(name: str, cells: "pl.Series", kind: Kind | None = None, mark: Decimal = ".") -> Column:
    """What a column is; a kind that a person names is taken, where its cells allow it.

    `mark` stands before the fractions where the cells leave it open.
    """
    if kind is not None:
        return _given(name, cells, kind, mark)
    pl = polars()
    missing, distinct = _missing_and_distinct(cells)
    if missing == 1:
        return Column(name, "missing", "it has no value at all", missing)
    if missing > _MISSING_SHARE:
        return Column(name, "missing", f"{missing:.1%} of its values are missing", missing)
    if distinct == 1 and not missing:
        return Column(name, "constant", f"every value is {cells.drop_nulls()[0]!r}", missing, distinct)
    warning = f"{missing:.0%} of its values are missing" if missing > 0.5 else None
    if cells.dtype == pl.Duration:
        return Column(name, "number", "durations, in days", missing, distinct, warning=warning)
    if cells.dtype.is_temporal():
        return Column(name, "date", "it holds dates", missing, distinct, formats=formats_of(cells)[0], warning=warning)
    if cells.dtype == pl.Boolean:
        return Column(name, "category", "true or false", missing, distinct, warning=warning)
    if cells.dtype.is_numeric():
        return _of_numbers(name, cells, missing, distinct, warning)
    return _of_words(name, cells.cast(pl.String), missing, distinct, warning, mark)


def _missing_and_distinct(cells: "pl.Series") -> tuple[float, int]:
    """The share of the cells with nothing in them, and how many different ones there are besides."""
    absent = int(np.isnan(doubles(cells)).sum()) if cells.dtype.is_float() else int(cells.null_count())
    return absent / max(len(cells), 1), int(cells.n_unique()) - bool(cells.null_count())


# ------------------------------------------------------------------ numbers
def _of_numbers(name: str, cells: "pl.Series", missing: float, distinct: int, warning: str | None) -> Column:
    every = as_numbers(cells)
    numbers = every[np.isfinite(every)]
    if not len(numbers):
        return Column(name, "missing", "none of its values is a finite number", 1.0)
    if cells.dtype.is_integer() and np.abs(numbers).max() >= WHOLE and len(np.unique(numbers)) < distinct:
        return _of_long_numbers(Column(name, "category", "", missing, distinct, warning=warning), cells)
    warning = _joined(warning, said_of_infinite(is_infinite(cells).to_numpy()), _counted_as_largest(every))
    is_whole = bool(np.all(numbers == np.round(numbers)))
    rows = len(numbers)
    if is_whole and _POSTAL.search(name):
        return Column(name, "category", f"postal codes, {distinct:,} different", missing, distinct, warning=warning)
    if is_whole and distinct > 1 and np.all((numbers > 19000101) & (numbers < 21001231)):
        words = as_words(cells)
        formats, share, _ = formats_of(words)
        if share == 1 and distinct > 2:
            return Column(name, "date", "dates written as YYYYMMDD", missing, distinct, formats=formats)
    if is_whole and rows >= ENOUGH:
        naming = _naming(Column(name, "identifier", "", missing, distinct, warning=warning), numbers)
        if naming is not None:
            return naming
    what = "whole numbers" if is_whole else "numbers"
    low, high = float(numbers.min()), float(numbers.max())
    return Column(name, "number", f"{what} from {low:.6g} to {high:.6g}", missing, distinct, warning=warning)


def _naming(found: Column, numbers: np.ndarray) -> Column | None:
    """What whole numbers are that name rows or things; None where they are numbers to calculate with."""
    rows, distinct = len(numbers), len(np.unique(numbers))
    share = distinct / rows
    if share == 1 and not found.missing and np.all(np.diff(numbers) == 1):
        return replace(found, reason="it counts the rows")
    if share == 1 and may_be_named_so(found.name):
        return replace(found, reason="each row has another number, and its name says so")
    if is_named_so(found.name):
        if share > _MOSTLY and (distinct > _FEW or share > _NEARLY_ALL):
            return replace(found, reason=f"{share:.0%} of its values are different, and its name says so")
        return replace(found, kind="category", reason=f"its name says that numbers stand for {distinct:,} things")
    if are_different_on_purpose(numbers, distinct):
        return replace(found, reason=f"{_all_or(share)} different, where chance would repeat many: they name rows")
    return None


def _all_or(share: float) -> str:
    return "all of its whole numbers are" if share == 1 else f"{share:.1%} of its whole numbers are"


def _counted_as_largest(numbers: np.ndarray) -> str | None:
    said = said_of_extremes(numbers)
    return None if said is None else f"{said}: taken as the largest or the smallest of them"


def _of_long_numbers(found: Column, cells: "pl.Series") -> Column:
    """Whole numbers of so many digits that some of them would become the same: they are names."""
    words = as_words(cells).drop_nulls()
    levels = _of_levels(found, words, len(words))
    return replace(levels, reason=f"whole numbers of too many digits to calculate with: {levels.reason}")


def _joined(*warnings: str | None) -> str | None:
    return "; ".join(text for text in warnings if text) or None


# ------------------------------------------------------------------ words
def _of_words(
    name: str, cells: "pl.Series", missing: float, distinct: int, warning: str | None, mark: Decimal
) -> Column:
    filled = cells.drop_nulls()
    rows = len(filled)
    lengths = filled.str.len_chars()
    is_code = bool(filled.str.contains(r"^0\d+$").any() and filled.str.contains(r"^\d+$").all())
    formats, dates, is_open = formats_of(filled)
    if dates >= _NUMERIC_SHARE and not is_code and distinct > 1:
        odd = _odd(filled, as_days(filled, formats), "no dates")
        way = "day/month/year" if set(formats) & set(DAY_FIRST) else "month/day/year"
        swapped = f"days and months might be swapped: read as {way}" if is_open else None
        said = _joined(warning, odd, swapped)
        return Column(name, "date", f"dates such as {filled[0]!r}", missing, distinct, formats=formats, warning=said)
    decimal, numeric = decimal_of(filled, mark)
    if numeric >= _NUMERIC_SHARE and not is_code and not _POSTAL.search(name):
        numbers = as_numbers(filled, decimal)
        different = len(np.unique(numbers[np.isfinite(numbers)]))
        if different < distinct and np.nanmax(np.abs(numbers)) >= WHOLE and filled.str.contains(r"^\d+$").all():
            return _of_long_numbers(Column(name, "category", "", missing, distinct, warning=warning), filled)
        if different > 1 or numeric == 1:
            odd = _odd(filled, numbers, "no numbers")
            reason = f"numbers written as text, such as {filled[0]!r}" if numeric == 1 else "numbers, with some text"
            said = _joined(warning, odd, _counted_as_largest(as_numbers(cells, decimal)))
            return Column(name, "number", reason, missing, distinct, decimal, warning=said)
    if 0.2 <= numeric < _NUMERIC_SHARE and not is_code:
        warning = _joined(warning, _mixed(filled, as_numbers(filled, decimal), numeric))
    width = int(lengths.max() or 0) if is_code and lengths.n_unique() == 1 else 0
    return _of_levels(Column(name, "category", "", missing, distinct, width=width, warning=warning), filled, rows)


_WITH_UNIT = r"^[+-]?\d[\d.,' ]*\s*[A-Za-z°µ/²³]{1,8}\.?$|^[A-Z]{3}\s*[+-]?\d[\d.,' ]*$"


def _of_levels(found: Column, filled: "pl.Series", rows: int) -> Column:
    """A category, or words that are nothing of the sort: names, codes of single rows, sentences."""
    levels = _levels(found, filled, rows)
    letters = filled.head(2000).str.extract_all(r"[^\d.,' +-]+").list.join("").n_unique()
    if (
        levels.kind in ("text", "identifier")
        and letters <= 3
        and filled.head(2000).str.contains(_WITH_UNIT).mean() > 0.9
    ):
        said = f"numbers with a unit, such as {filled[0]!r}, are words here: leave the unit away to learn from them"
        return replace(levels, warning=_joined(levels.warning, said))
    return levels


def _levels(found: Column, filled: "pl.Series", rows: int) -> Column:
    distinct = found.distinct
    share = distinct / rows
    words = float(filled.head(2000).str.count_matches(r"\S+").mean() or 0)
    if share == 1 and rows >= ENOUGH and (may_be_named_so(found.name) or words < 1.5):
        return replace(found, kind="identifier", reason="each row has another value", warning=None)
    if rows >= _SOME and share > (_MOSTLY if is_named_so(found.name) else 0.9) and may_be_named_so(found.name):
        return replace(found, kind="identifier", reason=f"{share:.0%} of its values are different", warning=None)
    if rows >= _SOME and share > _MOSTLY and (distinct > _FEW or share > _NEARLY_ALL):
        what = f"{words:.0f} words each" if words >= 1.5 else "nearly one for each row"
        mixed = found.warning if _MIXED in (found.warning or "") else None  # a word among numbers costs the column
        said = mixed and mixed.replace(_AS_WORDS, f"so it is left out; of the kind number {_NOT_NUMBERS}")
        return replace(found, kind="text", reason=f"{distinct:,} different values, {what}", warning=said)
    most = int(filled.value_counts()["count"].max())
    if most < rare_below(rows):
        unfit: Kind = "identifier" if may_be_named_so(found.name) else "text"
        return replace(found, kind=unfit, reason=f"{distinct:,} different values, none in more than {most} rows")
    if distinct <= 6:
        counts = dict(filled.value_counts().iter_rows())
        levels = sorted(counts, key=lambda level: (-counts[level], level))
        return replace(found, reason=f"{counted(distinct, 'value')}: {listed(levels)}")
    return replace(found, reason=f"{distinct:,} different values")


_MIXED, _AS_WORDS, _NOT_NUMBERS = "mixed: ", "all are taken as words", "these would count as missing"


def _mixed(filled: "pl.Series", numbers: np.ndarray, share: float) -> str:
    pl = polars()
    words = filled.filter(pl.Series(~np.isfinite(numbers))).unique(maintain_order=True).to_list()
    return f"{_MIXED}{share:.0%} of its values are numbers, {listed(words, 3)} are none; {_AS_WORDS}"


def _odd(filled: "pl.Series", numbers: np.ndarray, what: str) -> str | None:
    """What is said of cells that are not what the others are."""
    is_odd = ~np.isfinite(numbers)
    count = int(is_odd.sum())
    if not count:
        return None
    pl = polars()
    examples = filled.filter(pl.Series(is_odd)).unique(maintain_order=True).to_list()
    be = "is" if count == 1 else "are"
    return f"{counted(count, 'value')} ({listed(examples, 3)}) {be} {what} and count as missing"


# ------------------------------------------------------------------ kinds that a person names
def _given(name: str, cells: "pl.Series", kind: Kind, mark: Decimal) -> Column:
    missing, distinct = _missing_and_distinct(cells)
    found = Column(name, kind, "as you say", missing, distinct)
    filled = cells.drop_nulls()
    match kind:
        case "number":
            decimal, _ = decimal_of(filled, mark)
            numbers = as_numbers(filled, decimal)
            _check_most(found, filled, numbers)
            return replace(found, decimal=decimal, warning=_odd(filled, numbers, "no numbers"))
        case "date":
            words = as_words(filled) if filled.dtype.is_numeric() else filled
            formats, _, is_open = formats_of(words)
            days = as_days(words, formats)
            _check_most(found, filled, days)
            swapped = "days and months might be swapped" if is_open else None
            return replace(found, formats=formats, warning=_joined(_odd(filled, days, "no dates"), swapped))
        case _:
            return found


def _check_most(column: Column, filled: "pl.Series", numbers: np.ndarray) -> None:
    """Raises TableError where most cells are nothing of the kind that a person names."""
    is_odd = ~np.isfinite(numbers)
    if np.count_nonzero(is_odd) > 0.5 * len(filled):
        examples = filled.filter(polars().Series(is_odd)).unique(maintain_order=True).to_list()
        raise TableError(
            f"column {column.name!r} is to be a {column.kind}, and {int(is_odd.sum()):,} of its {len(filled):,} values "
            f"are none, such as {listed(examples, 3)}",
            hint="kinds={'column': 'category'} takes them as words",
        )
