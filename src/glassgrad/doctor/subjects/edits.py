"""Edits of a training set-up: small, named changes that counterfactuals and cures are made of. Floor 7.

An edit is data. What it does to a model, a loss, the data or the optimiser is written once per framework, in
`subjects/own/edit_*.py` and `subjects/torch/edit_*.py`; so is the line of code that a person would write for it.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class ScaleInputs:
    """Inputs standardised by feature over the training data (images: by channel); NaN become the mean."""


@dataclass(frozen=True, slots=True)
class ScaleTargets:
    """Targets of a regression standardised; predictions are to be scaled back."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The learning rate times a factor, in every group."""

    factor: float


@dataclass(frozen=True, slots=True)
class NewOptimizer:
    """Another optimiser over all parameters, without weight decay."""

    name: Literal["sgd", "momentum", "adam", "adamw", "rmsprop"]
    rate: float


@dataclass(frozen=True, slots=True)
class Activation:
    """The hidden activations (not the last layer's, not gates) replaced; added between layers where there are none."""

    name: Literal["relu", "leaky_relu", "gelu", "tanh", "silu"]


@dataclass(frozen=True, slots=True)
class Initialise:
    """Weights drawn afresh for the activation that follows (He, Glorot, LeCun; recurrent ones orthogonal), biases 0."""


@dataclass(frozen=True, slots=True)
class Normalise:
    """Normalisation after each hidden layer with weights: batch norm for convolutions, layer norm else."""


@dataclass(frozen=True, slots=True)
class Residual:
    """The input added to the output of each hidden block whose shapes agree."""


@dataclass(frozen=True, slots=True)
class Clip:
    """The norm of the whole gradient clipped."""

    norm: float


@dataclass(frozen=True, slots=True)
class Warmup:
    """The rate rises from 0 over these steps."""

    steps: int


@dataclass(frozen=True, slots=True)
class LastActivation:
    """Another activation at the end of the model; None takes it away."""

    name: Literal["sigmoid", "softmax", "log_softmax"] | None


@dataclass(frozen=True, slots=True)
class NewLoss:
    """Another loss (names of LossFacts), with targets cast and shaped as it wants them, averaged over the batch.

    `classes`, where the output has to grow from one unit to that many.
    """

    name: Literal["mse", "cross_entropy", "binary_cross_entropy_logits", "huber"]
    classes: int | None = None


@dataclass(frozen=True, slots=True)
class MeanLoss:
    """The loss averaged over the batch instead of summed."""


@dataclass(frozen=True, slots=True)
class MatchShapes:
    """Prediction and target brought to one shape before the loss (no broadcasting)."""


@dataclass(frozen=True, slots=True)
class ClearGradients:
    """Gradients cleared before each backward pass."""


@dataclass(frozen=True, slots=True)
class StepAll:
    """Every parameter learns and is held by the optimiser."""


@dataclass(frozen=True, slots=True)
class TrainMode:
    """The model in training mode while it trains."""


@dataclass(frozen=True, slots=True)
class NoDecay:
    """Weight decay and dropout off (or weak: a tenth)."""

    factor: float = 0.0


@dataclass(frozen=True, slots=True)
class GateBias:
    """The forget gates of LSTMs (update gates of GRUs) start open: bias 1."""


@dataclass(frozen=True, slots=True)
class DropRows:
    """Examples with NaN in inputs or targets left out."""


@dataclass(frozen=True, slots=True)
class Longer:
    """More steps: this many times as many."""

    factor: float


@dataclass(frozen=True, slots=True)
class BatchSize:
    """Batches of this many times as many examples (joined neighbours)."""

    factor: int


Edit: TypeAlias = (
    ScaleInputs | ScaleTargets | Rate | NewOptimizer | Activation | Initialise | Normalise | Residual | Clip | Warmup
    | LastActivation | NewLoss | MeanLoss | MatchShapes | ClearGradients | StepAll | TrainMode | NoDecay | GateBias
    | DropRows | Longer | BatchSize
)  # fmt: skip
