"""The way to polars, which reads and holds tables; it is loaded with the first table. Floor 7."""

import unicodedata
from typing import Any

from glassgrad.base.errors import TableError
from glassgrad.base.naming import counted

__all__ = ["MISSING", "counted", "listed", "normal", "polars"]
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "NaT", "NULL", "Null", "null", "?")


def polars() -> Any:
    """The package polars, or an error that says how to get it."""
    try:
        import polars as pl  # optional
    except ImportError:
        hint = "pip install 'glassgrad[train]'"
        raise TableError("tables are read by polars, which is not installed", hint=hint) from None
    return pl


def normal(name: str) -> str:
    """A name in the one form that Unicode calls composed (NFC): what looks the same is the same."""
    return unicodedata.normalize("NFC", name)


def listed(names: Any, most: int = 6) -> str:
    """Names in quotes, one after the other, the later ones as a count.

    >>> listed(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    names = list(names)
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
