"""What a training set-up is, as read without running it: layers, loss, optimiser, data. Floor 7."""

from dataclasses import dataclass
from math import nan
from typing import Literal, TypeAlias

from glassgrad.doctor.measured.sample import Family

Task: TypeAlias = Literal["regression", "binary", "classes", "other"]


@dataclass(frozen=True, slots=True)
class Part:
    """A layer or activation of the model, in the order in which it is called."""

    path: str
    operation: str  # "Linear(512 → 10)"
    kind: str  # in lower case and without sizes: "linear", "relu", "batchnorm", "lstm", "softmax", "dropout", …
    family: Family
    inputs: int = 0  # fan in, of weights
    outputs: int = 0
    place: str | None = None
    is_changed_by_mode: bool = False  # does it compute something else in evaluation?


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter and how it is wired."""

    path: str
    link: str
    shape: tuple[int, ...]
    learns: bool  # requires_grad, or not frozen
    is_stepped: bool  # an optimiser holds it
    std: float = nan
    mean: float = nan
    is_bias: bool = False


def is_bias(path: str, ndim: int) -> bool:
    """Is a parameter with this path added to what a link gives: a bias, or the shift of a normalisation?

    >>> is_bias("net.0.bias", 1), is_bias("b1", 1), is_bias("net.0.weight", 2)
    (True, True, False)
    """
    name = path.rpartition(".")[2]
    return ndim <= 1 and ("bias" in name or name in ("shift", "offset") or (name[:1] == "b" and len(name) <= 2))


@dataclass(frozen=True, slots=True)
class LossFacts:
    """The loss. `name` is in the field's terms: mse, mae, huber, cross_entropy (from logits), nll (of
    log-probabilities), cross_entropy_probabilities (of the probabilities of classes), binary_cross_entropy (of
    probabilities), binary_cross_entropy_logits, hinge, kl, poisson, ctc, or "custom".
    """

    name: str
    title: str  # as the person wrote it: "nn.CrossEntropyLoss()"
    reduction: Literal["mean", "sum", "unknown"] = "unknown"
    place: str | None = None
    is_one_of_several: bool = False  # optimisers have losses of their own, as in an adversarial training


@dataclass(frozen=True, slots=True)
class OptimizerFacts:
    """The optimiser in numbers, of its first group where there are several."""

    name: str  # "sgd", "adam", "adamw", "rmsprop", …
    title: str  # "SGD(lr=0.1, momentum=0.9)"
    rate: float
    momentum: float = 0.0
    decay: float = 0.0
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A feature (or target) over all examples looked at."""

    mean: float
    std: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DataFacts:
    """The data as the loop gives it, over the batches that were looked at."""

    batch: int  # examples in a batch
    batches: int  # in an epoch; 0 unknown
    input_shape: tuple[int, ...]  # of one example
    target_shape: tuple[int, ...]  # of one example
    input_dtype: str
    target_dtype: str
    inputs: Column | None  # all entries together; None for indices
    features: tuple[Column, ...]  # by place of the last axis (images: channel), up to 1,000 of them
    targets: Column | None
    task: Task
    labels: tuple[tuple[float, int], ...] = ()  # (label, count), of a classification
    nan_inputs: float = 0.0  # share of entries that are no number
    nan_targets: float = 0.0
    constant: tuple[int, ...] = ()  # features of one value
    twins: tuple[tuple[int, int], ...] = ()  # features that are the same
    baseline: float = nan  # the loss of the best constant prediction, by this loss


@dataclass(frozen=True, slots=True)
class Setup:
    """A training set-up."""

    framework: Literal["glassgrad", "torch"]
    model: str  # "Sequential", the class
    parts: tuple[Part, ...]
    parameters: tuple[Parameter, ...]
    loss: LossFacts
    optimizers: tuple[OptimizerFacts, ...]
    data: DataFacts | None
    is_training: bool = True  # in training mode while it trains
    wiring: tuple[str, ...] = ()  # what was seen while it ran, see causes/wiring.py: "gradients_kept", "detached", …

    @property
    def events(self) -> tuple[str, ...]:
        """Names of what is wired in a way that is hardly meant: `wiring`, and what the parts say by themselves."""
        found = dict.fromkeys(event for event in self.wiring if event != "eval_mode")
        if any(one.learns and not one.is_stepped for one in self.parameters):
            found["not_in_optimizer"] = None
        if any(not one.learns for one in self.parameters):
            found["frozen"] = None
        in_evaluation = not self.is_training or "eval_mode" in self.wiring
        if in_evaluation and any(part.is_changed_by_mode for part in self.parts):
            found["eval_mode"] = None
        return tuple(found)

    @property
    def count(self) -> int:
        """Numbers that learn."""
        total = 0
        for parameter in self.parameters:
            size = 1
            for length in parameter.shape:
                size *= length
            total += size
        return total
