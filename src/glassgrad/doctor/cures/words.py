"""Edits in words, and how large a change each is. Floor 7."""

from collections.abc import Sequence

from glassgrad.doctor.subjects import edits
from glassgrad.doctor.subjects.edits import Edit

_ACTIVATIONS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "gelu": "GELU", "tanh": "tanh", "silu": "SiLU"}
_OPTIMIZERS = {"sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}
_LAST = {
    None: "no activation at the end of the model",
    "sigmoid": "a sigmoid at the end of the model",
    "softmax": "a softmax at the end of the model",
    "log_softmax": "a log-softmax at the end of the model",
}
_LOSSES = {
    "mse": "the mean squared error",
    "huber": "the Huber loss",
    "cross_entropy": "cross-entropy from logits",
    "binary_cross_entropy_logits": "binary cross-entropy from logits",
}
_PLAIN = {  # edits without numbers
    edits.ScaleInputs: "standardise the inputs",
    edits.ScaleTargets: "standardise the targets",
    edits.Initialise: "initialise the weights for their activations",
    edits.Normalise: "normalise after each hidden layer",
    edits.Residual: "add residual links",
    edits.MeanLoss: "average the loss over the batch",
    edits.MatchShapes: "give prediction and target one shape",
    edits.ClearGradients: "clear the gradients before each backward pass",
    edits.StepAll: "let the optimiser step every parameter",
    edits.TrainMode: "train in training mode",
    edits.GateBias: "start with open gates (bias 1)",
    edits.DropRows: "leave out the examples with NaN",
}
# How much of a person's program an edit changes: 0 a repair nobody would argue with, 5 another model.
_SIZES = {
    edits.ClearGradients: 0, edits.StepAll: 0, edits.TrainMode: 0, edits.MatchShapes: 0, edits.MeanLoss: 1,
    edits.Rate: 1, edits.Longer: 1, edits.Clip: 1, edits.Warmup: 1, edits.NoDecay: 1, edits.DropRows: 1,
    edits.BatchSize: 1, edits.GateBias: 1, edits.ScaleInputs: 2, edits.ScaleTargets: 2, edits.NewOptimizer: 2,
    edits.Initialise: 2, edits.LastActivation: 2, edits.NewLoss: 3, edits.Activation: 3, edits.Normalise: 4,
    edits.Residual: 5,
}  # fmt: skip


def size_of(chosen: Sequence[Edit]) -> int:
    """How large a change the edits are together; each further edit counts one more than its own size."""
    return sum(_SIZES[type(edit)] for edit in chosen) + max(0, len(chosen) - 1)


def titled(chosen: Sequence[Edit]) -> str:
    """The edits as a sentence in the imperative.

    >>> titled([edits.ScaleInputs(), edits.Rate(0.1)])
    'Standardise the inputs and learn 10 times as slowly'
    """
    text = _listed([_words(edit) for edit in chosen])
    return text[:1].upper() + text[1:]


def _words(edit: Edit) -> str:
    match edit:
        case edits.Rate(factor):
            return f"learn {_times(factor)} as fast" if factor > 1 else f"learn {_times(1 / factor)} as slowly"
        case edits.NewOptimizer(name, rate):
            return f"use {_OPTIMIZERS[name]} with a rate of {rate:g}"
        case edits.Activation(name):
            return f"use {_ACTIVATIONS[name]} in the hidden layers"
        case edits.Clip(norm):
            return f"clip the gradient's norm at {norm:.3g}"
        case edits.Warmup(steps):
            return f"raise the rate over the first {steps} steps"
        case edits.LastActivation(name):
            return f"have {_LAST[name]}"
        case edits.NewLoss(name, classes):
            return f"use {_LOSSES[name]}" + (f" over {classes} outputs" if classes else "")
        case edits.NoDecay(factor):
            return "take weight decay and dropout away" if factor == 0 else f"regularise {_times(1 / factor)} less"
        case edits.Longer(factor):
            return f"train {_times(factor)} as long"
        case edits.BatchSize(factor):
            return f"use batches {_times(factor)} as large"
        case _:
            return _PLAIN[type(edit)]


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 100 else f"{factor:.3g} times"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
