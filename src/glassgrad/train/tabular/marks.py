"""Which mark stands before the fractions of a column: 1.234 may be a little more than one, or a thousand. Floor 7."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from glassgrad.train.tabular.cells import LONG, PLAIN, Decimal, as_numbers, is_infinite, without_signs
from glassgrad.train.tabular.frames import polars

if TYPE_CHECKING:
    import polars as pl

Seen: TypeAlias = Literal["", ".", ",", "open"]
MARKS: tuple[Decimal, Decimal] = (".", ",")


def seen_in(cells: "pl.Series") -> Seen:
    """What cells of words tell: a mark; "open" where all of them fit both readings; nothing where none has a mark.

    1.234 is open, 1.23 and 0.123 and 1.234,5 are not; neither is 1.234 beside 5678, whose thousands
    stand close.

    >>> import polars as pl
    >>> seen_in(pl.Series(["1.234", "5.6"])), seen_in(pl.Series(["1.234", "5.678"])), seen_in(pl.Series(["1.234,5"]))
    ('.', 'open', ',')
    """
    words = cells.drop_nulls().cast(polars().String)
    words = words.unique() if len(words) > LONG else words
    if not words.str.contains(r"[.,]").any():
        return ""
    words = without_signs(words)
    marked = words.filter(words.str.contains(r"[.,]"))
    if not len(marked):
        return ""
    point, comma = (marked.str.contains(PLAIN[mark]) for mark in MARKS)
    if int((point | comma).sum()) < 0.5 * len(marked):
        return ""
    points, commas = int((point & ~comma).sum()), int((comma & ~point).sum())
    if points != commas:
        return "." if points > commas else ","
    if points:
        return ""
    if words.str.contains(r"^[+-]?[1-9]\d{3,}$").any():
        return "." if marked.str.contains(".", literal=True).any() else ","
    return "open"


def joined(one: Seen, other: Seen) -> Seen:
    """What two parts of a column tell together."""
    if {one, other} == {".", ","}:
        return ""
    return next((mark for mark in (*MARKS, "open") if mark in (one, other)), "")


def marks_of(
    seen: Mapping[str, Seen], separator: str | None, known: Mapping[str, Decimal]
) -> tuple[dict[str, Decimal], str | None]:
    """The marks of the open columns, and why, in words, where it is not sure.

    Those that are known from before are taken. Else the other columns of the table say it; where they do not, a
    semicolon between the values stands where commas are taken by fractions.
    """
    clear = {mark for mark in seen.values() if mark in MARKS}
    usual: Decimal = "," if separator == ";" else "."
    doubt: str | None = "the semicolons between the values speak for it" if separator == ";" else "nothing tells which"
    if len(clear) == 1:
        usual, doubt = ("," if "," in clear else "."), None
    return {name: known.get(name, usual) for name, mark in seen.items() if mark == "open"}, doubt


def marks_of_words(table: "pl.DataFrame", known: Mapping[str, Decimal]) -> tuple[dict[str, Decimal], str | None]:
    """The same for the columns of words in a table that comes from no text file."""
    pl = polars()
    kinds = (pl.String, pl.Categorical, pl.Enum)
    names = [name for name, kind in table.schema.items() if kind in kinds and name not in known]
    found, doubt = marks_of({name: seen_in(table[name].cast(pl.String)) for name in names}, None, {})
    return {**known, **found}, doubt


def doubts(
    table: "pl.DataFrame", marks: Mapping[str, Decimal], names: Iterable[str], doubt: str | None
) -> tuple[str, ...]:
    """What a person should know of columns that were read one way and may be meant the other."""
    pl = polars()
    found = []
    for name in names if doubt is not None else ():
        words = table[name].cast(pl.String).drop_nulls()
        example = words.filter(words.str.contains(r"[.,]"))[:1]
        readings = {mark: float(as_numbers(example, mark)[0]) for mark in MARKS}
        chosen, other = marks[name], MARKS[marks[name] == "."]
        found.append(
            f"{name}: {example[0]!r} is read as {readings[chosen]:.7g}, and might be {readings[other]:.7g}: {doubt}"
        )
    return tuple(found)


def decimal_of(column: "pl.Series", usual: Decimal = ".") -> tuple[Decimal, float]:
    """The mark by which the cells are numbers, and the share of the cells (of those with something) that are.

    Infinite cells are nothing. `usual` is taken where the cells leave it open.
    """
    filled = column.drop_nulls()
    filled = filled.filter(~is_infinite(filled))
    if not len(filled):
        return ".", 0.0
    if filled.dtype.is_numeric():
        return ".", float(np.mean(np.isfinite(as_numbers(filled))))
    if len(filled) > LONG and not np.isfinite(as_numbers(filled.sample(LONG, seed=0), usual)).any():
        return usual, 0.0
    mark = seen_in(filled)
    chosen: Decimal = usual if mark in ("", "open") else mark  # type: ignore[assignment]
    return chosen, float(np.mean(np.isfinite(as_numbers(filled, chosen))))
