"""Predictions as a table: what is predicted for each row, and how probable each class is. Floor 7."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.errors import TableError, UsageError
from glassgrad.base.files import whole
from glassgrad.train.report.findings import Scores
from glassgrad.train.tabular.frames import polars
from glassgrad.train.tabular.network import Network


def predictions(network: Network, table: Any, keep: Sequence[str] = ()) -> Any:
    """A table with `prediction` and, for classes, `probability CLASS` for each row, behind columns that are kept."""
    for name in keep:
        if name not in table.columns:
            raise TableError(
                f"the table has no column {name!r} to keep", hint=f"it has {', '.join(table.columns[:20])}"
            )
    return predicted(network, network.scores(table), {name: table[name] for name in keep})


def predicted(network: Network, found: np.ndarray, before: dict[str, Any]) -> Any:
    """The same from probabilities or values that are there already."""
    plan = network.preparation.plan
    columns = dict(before)
    name = free("prediction", columns)
    if plan.task == "regression":
        return polars().DataFrame(columns | {name: found})
    columns[name] = network.preparation.original(found.argmax(axis=1))
    for place, label in enumerate(plan.classes):
        columns[free(f"probability {label}", columns)] = found[:, place]
    return polars().DataFrame(columns)


def compared(network: Network, table: Any) -> tuple[int, Scores] | None:
    """How good the predictions are on the rows whose target is known, and how many these are; None for none.

    Raises TableError where a target is none that the training had.
    """
    target = network.preparation.plan.target
    if target.name not in table.columns:
        return None
    known = table.filter(target.is_known(table[target.name]))
    return (len(known), network.metrics(known)) if len(known) else None


def write_parquet(found: Any, path: Path) -> None:
    """Writes a table in one move. Raises UsageError where it cannot be written."""
    try:
        with whole(path) as part:
            found.write_parquet(part)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None


def free(name: str, taken: Container[str]) -> str:
    """The name, or with a star where a kept column, a class or the target has it already.

    >>> free("row", ["row"])
    'row*'
    """
    while name in taken:
        name += "*"
    return name
