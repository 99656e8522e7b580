"""What a report is made from: plain numbers and words of a run on a table. Floor 7."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Scores: TypeAlias = dict[str, float | None]  # by measure; None where a number does not exist


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: what kind it was taken for, what becomes of it, and why."""

    name: str
    kind: str
    reason: str
    is_used: bool


@dataclass(frozen=True, slots=True)
class Importance:
    """How much worse the network gets when the values of a column are shuffled among the rows of the test part."""

    column: str
    loss: float  # the mean increase of the measure
    spread: float  # its standard deviation over the shuffles


@dataclass(frozen=True, slots=True)
class Norms:
    """Norms of gradients at some steps: (step, parameter)."""

    paths: tuple[str, ...]
    steps: np.ndarray
    gradient: np.ndarray


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that a report shows. `classes` is empty for a regression."""

    data: str  # the name of the file
    target: str
    classes: tuple[str, ...]
    rows: dict[str, int]  # of the parts: train, validation, test
    columns: tuple[Column, ...]
    notes: tuple[str, ...]  # what a person should know about the table
    scores: dict[str, Scores]  # of "network" and of the baselines, on the test part
    epochs: list[dict[str, Any]]
    best_epoch: int | None
    ended: str  # why training ended, in words
    norms: Norms
    truth: np.ndarray  # (row,) numbers of classes, or values
    prediction: np.ndarray  # (row,)
    probabilities: np.ndarray | None  # (row, class)
    importance: tuple[Importance, ...]
    settings: str  # as TOML
    command: str  # that does it again
    facts: dict[str, str]  # versions, seconds, sizes

    @property
    def is_classification(self) -> bool:
        """Are classes told apart?"""
        return bool(self.classes)
