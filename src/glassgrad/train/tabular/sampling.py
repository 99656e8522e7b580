"""A part of the rows of a table that is too large: drawn by chance, in the order of the file. Floor 7."""

from typing import TYPE_CHECKING

import numpy as np

from glassgrad.base.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_SEED = 0  # the same rows each time


def chosen_rows(count: int, most: int | None, notes: list[str]) -> np.ndarray | None:
    """(count,) of bool: is the row one of those to keep? None where all are; `notes` gets what a person should know.

    >>> notes = []
    >>> int(chosen_rows(1000, 10, notes).sum()), notes
    (10, ['10 of 1,000 rows are used, drawn by chance'])
    """
    if most is not None and most < 2:
        raise UsageError(f"rows is {most}", hint="how many rows of the table to use: 2 at least")
    if most is None or most >= count:
        return None
    notes.append(f"{most:,} of {count:,} rows are used, drawn by chance")
    found = np.zeros(count, bool)
    found[np.random.default_rng(_SEED).choice(count, most, replace=False)] = True
    return found


def sampled(table: "pl.DataFrame", most: int | None, notes: list[str]) -> "pl.DataFrame":
    """The table, or so many of its rows."""
    chosen = chosen_rows(len(table), most, notes)
    return table if chosen is None else table[np.flatnonzero(chosen)]
