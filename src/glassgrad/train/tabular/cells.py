"""What stands in the cells of a column, as numbers, days or words, whatever it was written as. Floor 7."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from glassgrad.train.tabular.frames import polars

if TYPE_CHECKING:
    import polars as pl

Decimal: TypeAlias = Literal[".", ","]

_SIGNS = r"[$€£¥₹\s\u00a0\u202f%']"  # currencies, percent, and what stands between thousands
PLAIN = {  # by the mark before fractions; thousands do not begin with a zero
    ".": r"^[+-]?(\d+|[1-9]\d{0,2}(,\d{3})+)?(\.\d*)?([eE][+-]?\d+)?$",
    ",": r"^[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+)?(,\d*)?([eE][+-]?\d+)?$",
}
INFINITE = r"(?i)^[+-]?inf(inity)?$"
# A day and perhaps a time, with or without a zone.
_MOMENT = (
    r"^(.*?\d.*?)(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?\s*([AaPp][Mm])?"
    r"\s*(?:Z|UTC|GMT|([+-]\d{2}):?(\d{2})?)?)?$"
)
ISO = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
DAY_FIRST = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y")
MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y")
IN_WORDS = ("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y")
_SHAPES = {  # so that %Y does not take two digits for a year, nor %y four
    "%Y": r"\d{4}", "%y": r"\d{2}", "%m": r"\d{1,2}", "%d": r"\d{1,2}", "%b": r"[A-Za-z]{3}", "%B": r"[A-Za-z]{3,9}",
}  # fmt: skip
_DAY = 86400e6  # microseconds
_LIKE_DATES = (
    r"^\s*(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{8}|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4})"
)
_FEW_DATES = 0.25  # share of the cells that look like dates up to which a column is none
LONG = 4096  # cells from which it pays to look at each different word once


def levels_and_codes(words: "pl.Series") -> tuple["pl.Series", np.ndarray] | None:
    """The different words, and (row,) the place of each cell's among them, the last place for nothing.

    None where that saves nothing: hardly a cell is like another, or there are few cells.
    """
    if len(words) < LONG or words.approx_n_unique() > 0.5 * len(words):
        return None
    pl = polars()
    levels = words.unique().drop_nulls()
    codes = words.cast(pl.Enum(levels)).to_physical().fill_null(len(levels)).to_numpy()
    return levels, codes


def _of_each(words: "pl.Series", function: Callable[["pl.Series"], np.ndarray]) -> np.ndarray:
    """(row,) a number for each cell, found once for each different word; NaN where there is nothing."""
    found = levels_and_codes(words)
    if found is None:
        return function(words)
    levels, codes = found
    return np.asarray(np.append(function(levels), np.nan)[codes])


def as_numbers(column: "pl.Series", decimal: Decimal = ".") -> np.ndarray:
    """(row,) float64; NaN where there is no number. Understands 1,234.5 and 12 % and $3 and (3), and yes or no.

    >>> import polars as pl
    >>> as_numbers(pl.Series(["1,234.5", "12 %", "$3", "(2)", "many"]))
    array([1234.5,   12. ,    3. ,   -2. ,    nan])
    """
    pl = polars()
    kind = column.dtype
    if kind.is_temporal():
        return as_days(column)
    if not (kind.is_numeric() or kind == pl.Boolean):
        return _of_each(column.cast(pl.String), lambda words: _numbers_of_words(words, decimal))
    found = doubles(column)
    return np.where(np.isfinite(found), found, np.nan)


def doubles(column: "pl.Series") -> np.ndarray:
    """(row,) float64 of a column of numbers or truths as they are; NaN where there is nothing."""
    return np.asarray(column.cast(polars().Float64).to_numpy())


def _numbers_of_words(column: "pl.Series", decimal: Decimal) -> np.ndarray:
    pl = polars()
    words = without_signs(column)
    fits = words.str.contains(PLAIN[decimal]) & words.str.contains(r"\d")
    thousands = "," if decimal == "." else "."
    plain = words.str.replace_all(thousands, "", literal=True).str.replace(",", ".", literal=True)
    numbers = plain.set(~fits.fill_null(value=False), None).cast(pl.Float64, strict=False)
    found: np.ndarray = numbers.fill_null(np.nan).to_numpy()
    return np.where(np.isfinite(found), found, np.nan)


def without_signs(column: "pl.Series") -> "pl.Series":
    """Words without currencies, percent and what stands between thousands; (3) is -3."""
    words = column.cast(polars().String).str.replace_all(r"^\s*\((.*)\)\s*$", "-$1")
    return words.str.replace_all(_SIGNS, "").str.replace("−", "-")


def is_infinite(column: "pl.Series") -> "pl.Series":
    """(row,) of bool: numbers beyond all others, or the words for it."""
    pl = polars()
    if column.dtype.is_float():
        return pl.Series(np.isinf(doubles(column)))
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        return column.cast(pl.String).str.contains(INFINITE).fill_null(value=False)
    return pl.repeat(False, len(column), eager=True)


def as_days(column: "pl.Series", formats: Sequence[str] = ISO, *, universal: bool = False) -> np.ndarray:
    """(row,) float64 days since 1970-01-01, with the time as a fraction; NaN where there is no date.

    Days and times are those of the place, whatever its zone is; with `universal` they are UTC, which orders moments of
    different zones.

    >>> import polars as pl
    >>> as_days(pl.Series(["1970-01-03", "1970-01-02T12:00:00", "soon"]))
    array([2. , 1.5, nan])
    """
    pl = polars()
    kind = column.dtype
    if kind in (pl.Date, pl.Datetime):
        moments = column.cast(pl.Datetime("us")).dt.timestamp("us").cast(pl.Float64) / _DAY
        return np.asarray(moments.fill_null(np.nan).to_numpy(), np.float64)
    if kind == pl.Duration:
        return np.asarray(
            column.dt.total_microseconds().cast(pl.Float64).fill_null(np.nan).to_numpy() / _DAY, np.float64
        )
    if kind.is_temporal():  # a time of day
        return np.asarray(column.cast(pl.Int64).cast(pl.Float64).fill_null(np.nan).to_numpy() / 86400e9, np.float64)
    return _of_each(column.cast(pl.String), lambda words: _days_of_words(words, formats, universal=universal))


def _days_of_words(words: "pl.Series", formats: Sequence[str], *, universal: bool) -> np.ndarray:
    pl = polars()
    dates = words.str.extract(_MOMENT, 1).str.strip_chars()
    days: Any = pl.Series([None] * len(words), dtype=pl.Int32)
    for form in formats:
        right = dates.str.contains(_shape(form)).fill_null(value=False)
        if right.any():
            found = dates.set(~right, None).str.to_date(form, strict=False).cast(pl.Int32)
            days = days.zip_with(days.is_not_null(), found)
    if days.is_null().all():
        return np.full(len(words), np.nan)
    hours, minutes, seconds = (_part(words, group) for group in (2, 3, 4))
    half = words.str.extract(_MOMENT, 5).str.to_lowercase()
    hours = np.where((half == "pm").fill_null(value=False).to_numpy() & (hours < 12), hours + 12, hours)
    hours = np.where((half == "am").fill_null(value=False).to_numpy() & (hours == 12), 0, hours)
    if universal:
        east, past = _part(words, 6), _part(words, 7)
        is_west = words.str.contains(r"-\d{2}:?(\d{2})?$").fill_null(value=False).to_numpy()
        hours, minutes = hours - east, minutes - np.where(is_west, -past, past)
    numbers = days.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return np.asarray(numbers + (hours + (minutes + seconds / 60) / 60) / 24, np.float64)


def _shape(form: str) -> str:
    shape = form.replace(".", r"\.")
    for letter, pattern in _SHAPES.items():
        shape = shape.replace(letter, pattern)
    return f"^{shape}$"


def _part(words: "pl.Series", group: int) -> np.ndarray:
    pl = polars()
    digits = words.str.extract(_MOMENT, group).str.replace(",", ".", literal=True)
    return np.asarray(digits.cast(pl.Float64, strict=False).fill_null(0.0).to_numpy())


def formats_of(column: "pl.Series") -> tuple[tuple[str, ...], float, bool]:
    """The formats that its dates have, the share of the cells that are dates, and: might days and months be swapped?"""
    pl = polars()
    filled = column.drop_nulls()
    if not len(filled):
        return (), 0.0, False
    if column.dtype.is_temporal():
        return ISO, 1.0, False
    words = filled.cast(pl.String)
    tested = words if len(words) <= 20_000 else words.sample(20_000, seed=0)
    if not tested.head(LONG).str.contains(_LIKE_DATES).mean() > _FEW_DATES:
        return (), 0.0, False
    used = tuple(form for form in (*ISO, *IN_WORDS) if np.isfinite(as_days(tested, (form,))).any())
    day, month = (np.isfinite(as_days(tested, forms)) for forms in (DAY_FIRST, MONTH_FIRST))
    is_open = bool(day.any() and month.any() and day.sum() == month.sum())
    dotted = float(tested.str.contains(r"^\d{1,2}\.").mean() or 0) > 0.5
    if day.any() or month.any():
        used += DAY_FIRST if day.sum() > month.sum() or dotted else MONTH_FIRST
    return used, float(np.mean(np.isfinite(as_days(words, used)))) if used else 0.0, is_open and not dotted


def as_words(column: "pl.Series", width: int = 0) -> "pl.Series":
    """The cells as words, null where there is nothing: 3.0 is 3, true is true; digits are filled up to a width.

    >>> import polars as pl
    >>> as_words(pl.Series([3.0, 2.5, None])).to_list(), as_words(pl.Series([1234]), 5).to_list()
    (['3', '2.5', None], ['01234'])
    """
    pl = polars()
    if column.dtype == pl.Duration:
        column = pl.Series(as_days(column))
    if column.dtype.is_float():
        numbers = column.set(~column.is_finite().fill_null(value=False), None)
        whole = numbers.round(0) == numbers
        integers = numbers.set(~whole.fill_null(value=False), None).cast(pl.Int64, strict=False).cast(pl.String)
        words = integers.zip_with(integers.is_not_null(), numbers.cast(pl.String))
    else:
        words = column.cast(pl.String).str.strip_chars()
        words = words.set((words == "").fill_null(value=False), None)
    words = words.set(words.is_in(["True", "TRUE"]).fill_null(value=False), "true")
    words = words.set(words.is_in(["False", "FALSE"]).fill_null(value=False), "false")
    if width:
        digits = words.str.contains(r"^\d+$").fill_null(value=False)
        words = words.str.zfill(width).zip_with(digits, words)
    return words
