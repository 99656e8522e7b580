"""A case as facts: a training set-up in words, and what a doctor should say of it.

The layers are words with sizes, in order; the size of the input is read off the data: "linear 16, relu, linear 1".
`20 * (linear 32, sigmoid)` repeats, `residual (…)` adds its input. See `layers.py` for the words, `data.py` for the
recipes of data and what may be done to them.
"""

import zlib
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, TypeAlias

from glassgrad.doctor.causes.cause import CauseName
from glassgrad.doctor.symptoms.symptom import SymptomName

Framework: TypeAlias = Literal["torch", "own"]
Half: TypeAlias = Literal["tuning", "score"]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is wrong. A link is "loss", "inputs", "targets", "optimizer", "layers" (any), or the place of a layer."""

    cause: CauseName
    symptoms: tuple[SymptomName, ...]  # any of them may come first
    accepted: tuple[CauseName, ...] = ()  # causes that may come first as well
    links: tuple[str | int, ...] = ()
    curable: bool = True  # can an edit of the set-up make it learn?

    @property
    def causes(self) -> tuple[CauseName, ...]:
        """All that may come first."""
        return (self.cause, *self.accepted)


@dataclass(frozen=True, slots=True)
class Case:
    """A training set-up. Without a `truth` it is healthy."""

    name: str
    layers: str
    loss: str
    optimizer: str  # "sgd 0.1 momentum=0.9"
    data: str  # "spirals 3"
    steps: int = 300
    batch: int = 32
    changed: tuple[str, ...] = ()  # what is done to the data: "inputs * 255"
    init: tuple[str, ...] = ()  # what is done to the weights: "normal 5", "biases -8", "0 zeros" (of the first layer)
    frozen: tuple[int, ...] = ()  # layers that do not learn
    held: tuple[int, ...] | None = None  # layers that the optimiser holds; all if None
    mode: Literal["train", "eval"] = "train"
    loop: str | None = None  # the user's own loop (PyTorch, watched): a name in `loops.py`
    frameworks: tuple[Framework, ...] = ("torch", "own")
    truth: Truth | None = None
    mended: dict[str, Any] = field(default_factory=dict)  # the fields of the twin in which the fault is not
    goal: float = 0.5  # skill that a healthy one (the twin of a broken one) reaches: 1 perfect, 0 like a constant
    source: str = ""  # where it was published

    @property
    def half(self) -> Half:
        """Of the first set: thresholds are tuned on one half and the score is of the other; the name decides."""
        return "tuning" if zlib.crc32(self.name.encode()) % 2 else "score"

    def twin(self) -> Self:
        """The same without the fault."""
        return replace(self, name=f"{self.name}-mended", truth=None, **{"mended": {}, **self.mended})
