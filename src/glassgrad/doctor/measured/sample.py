"""One sampled step: the links of the chain with their gains, the parameters, the units, the output. Floor 7."""

from dataclasses import dataclass
from math import inf, nan
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["loss", "weights", "activation", "normalisation", "recurrence", "attention", "other"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the chain, from the loss backwards: the gradient that enters it and the one that leaves it.

    Both are Euclidean norms over the whole batch: `entering` of the loss by the link's output, `leaving` by its input.
    For the loss, `entering` is 1 and `leaving` the norm of the gradient by the prediction. `formula` is its derivative
    at the operating point, in a line: "σ′ = σ(1 − σ) ≤ 0.25, here 0.23". `time` counts the steps of a recurrent link.
    """

    path: str  # "layers[2]", "net.3"; "loss"
    operation: str  # as a person calls it: "Linear(512 → 10)", "sigmoid", "cross_entropy"
    family: Family
    entering: float
    leaving: float
    formula: str = ""
    place: str | None = None  # "model.py:12", where the user wrote it
    time: tuple[float, ...] = ()  # of a recurrent link: norms of the gradient by the state, last step first

    @property
    def gain(self) -> float:
        """The norm that leaves over the norm that enters; NaN where nothing enters."""
        if self.entering == 0:
            return nan
        return self.leaving / self.entering if self.entering != inf else nan


@dataclass(frozen=True, slots=True)
class Weights:
    """A parameter at a sampled step. `gradient` and `update` are None where there was none (`grad is None`)."""

    path: str  # "layers[2].weight"
    link: str  # the path of the link that it belongs to
    size: int
    norm: float  # before the step
    gradient: float | None  # norm of the gradient that the optimiser saw
    update: float | None  # norm of the real step: after minus before
    zeros: float = 0.0  # share of the gradient's entries that are exactly 0
    spread: float = nan  # standard deviation of its values; 0: all weights alike
    spectral: float = nan  # the largest singular value, of a matrix
    along: float = nan  # cosine of this gradient with that of the sample before; NaN in the first


@dataclass(frozen=True, slots=True)
class Units:
    """The output of a link over a batch. A unit is a place of the last axis (of a convolution: a channel)."""

    path: str
    operation: str
    family: Family
    count: int  # units
    mean: float
    std: float
    low: float
    high: float
    dead: float = 0.0  # share of units that are 0 for every example (below a slope's corner, for leaky ones: no)
    zeros: float = 0.0  # share of entries that are exactly 0
    saturated: float = 0.0  # share of entries whose local derivative is below 1 % of its largest
    alike: float = 0.0  # share of units that give the same number for every example
    derivative: float = nan  # the mean local derivative of an activation at its operating points


@dataclass(frozen=True, slots=True)
class Output:
    """The model's prediction for a batch, before the loss."""

    shape: tuple[int, ...]
    mean: float
    std: float
    low: float
    high: float
    across: float  # the standard deviation from example to example, mean over the units; 0: the same for every input
    classes: int = 0  # how many different classes are predicted, of a classification
    units: int = 0  # scores (or numbers) for each prediction; 0 where it is not told


@dataclass(frozen=True, slots=True)
class Bad:
    """The first number that is none: where it arose, and what."""

    step: int
    phase: Literal["input", "target", "forward", "loss", "backward", "update", "parameter"]
    path: str
    operation: str
    what: Literal["nan", "inf"]
    says: str = ""  # "log of 0 in 3 of 32 entries"
    overflows: bool = False  # is it infinite for its size alone, and not at the edge of what the operation takes?


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything measured in one step, before its update (but `Weights.update`)."""

    step: int
    loss: float
    links: tuple[Link, ...]  # from the loss backwards
    weights: tuple[Weights, ...]
    units: tuple[Units, ...]  # in forward order
    output: Output | None
    likeness: float | None = None  # cosine of the gradients of the two halves of the batch; None: not measured
    noise: float | None = None  # signal to noise of the gradient, from the two halves; below 1 the noise wins
    skipped: tuple[str, ...] = ()  # what could not be read, with the reason
