"""What an exporter gets: a whole run in plain data. Floor 7."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Form = Literal["json", "csv", "parquet", "tensorboard", "mlflow"]
Series = tuple[NDArray[np.int64], NDArray[np.float64]]  # steps and values, both (n,)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run began with, as plain trees."""

    configuration: Any
    data: Any
    versions: Any
    machine: Any


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that a run made, as it was then."""

    path: Path
    kind: str
    bytes: int
    sha256: str
    made: float


@dataclass(frozen=True, slots=True)
class RunContents:
    """A whole run."""

    id: str
    name: str
    status: str
    begun: float  # seconds since 1970, like `ended`
    ended: float | None
    reason: str | None
    facts: Facts
    metrics: Mapping[str, Series]
    layers: Mapping[str, Mapping[str, Series]]  # kind, path
    artefacts: tuple[Artefact, ...]


def heading(run: Any) -> dict[str, Any]:
    """Who a run is and how it ended, for JSON: of a `RunContents`, or of a record of the store."""
    return {name: getattr(run, name) for name in ("id", "name", "status", "begun", "ended", "reason")}
