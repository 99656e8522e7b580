"""The error for an optional package that is not installed: it names the extra. Floor 7."""

from collections.abc import Iterator
from contextlib import contextmanager

from glassgrad.base.errors import UsageError


@contextmanager
def needed(package: str, *, extra: str, what: str) -> Iterator[None]:
    """Around the import of a package.

    >>> with needed("polars", extra="train", what="Parquet"):
    ...     import json
    """
    try:
        yield
    except ImportError as error:
        raise UsageError(
            f"{what} needs {package}, which cannot be imported: {error}", hint=f"pip install 'glassgrad[{extra}]'"
        ) from None
