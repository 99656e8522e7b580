"""What training minimises: a loss of predictions and targets, or any function of the model and a batch. Floor 7."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.base.trees import Tree

Metric = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """A function of the model and the batch's parts that gives the loss, or the loss and a dict of further numbers.

    For what `loss(prediction, *targets)` cannot say: several outputs, penalties on the model, targets made of inputs.
    The function takes `mask=` where batches are padded, if it has such a parameter.

    >>> def penalised(model, x, y):
    ...     size = sum(np.sum(weight**2) for weight in model.parameters().values())
    ...     return np.mean((model(x) - y) ** 2) + 1e-3 * size, {"size": size}
    >>> Objective(penalised).takes_mask
    False
    """

    function: Callable[..., Any]

    @property
    def takes_mask(self) -> bool:
        """Has the function a parameter `mask`?"""
        return has_parameter(self.function, "mask")

    def __call__(self, model: Any, values: tuple[Tree, ...], mask: Any) -> tuple[Any, dict[str, Any]]:
        """The loss and further numbers of a batch."""
        given = {"mask": mask} if mask is not None and self.takes_mask else {}
        found = self.function(model, *values, **given)
        value, numbers = found if isinstance(found, tuple) else (found, {})
        return _scalar(value), dict(numbers)


@dataclass(frozen=True, slots=True, eq=False)
class Supervised:
    """loss(prediction, *targets) of the model's prediction for the inputs, and metrics of the same two."""

    loss: Callable[..., Any]
    metrics: dict[str, Metric]

    @property
    def takes_mask(self) -> bool:
        """Do the loss and the metrics have a parameter `mask`?"""
        return all(has_parameter(function, "mask") for function in (self.loss, *self.metrics.values()))

    def __call__(self, model: Any, values: tuple[Tree, ...], mask: Any) -> tuple[Any, dict[str, Any]]:
        """The loss and the metrics of a batch."""
        inputs, *targets = values
        prediction = model(*inputs) if isinstance(inputs, tuple) else model(inputs)
        given = {"mask": mask} if mask is not None and self.takes_mask else {}
        value = self.loss(prediction, *targets, **given)
        return _scalar(value), {name: metric(prediction, *targets, **given) for name, metric in self.metrics.items()}


def objective_of(loss: Any, metrics: dict[str, Metric] | None) -> Objective | Supervised:
    """The objective that `fit` was given as its loss."""
    if isinstance(loss, Objective):
        if metrics:
            raise UsageError(
                "metrics are of a prediction, and an Objective shows none", hint="return loss, {name: number} from it"
            )
        return loss
    if not callable(loss):
        raise UsageError(f"the loss is a function, found {loss!r}", hint="nn.mse, nn.cross_entropy, …")
    return Supervised(loss, dict(metrics or {}))


def has_parameter(function: Callable[..., Any], name: str) -> bool:
    """Has a function a parameter of this name?"""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _scalar(value: Any) -> Any:
    if getattr(value, "shape", ()) != ():
        raise ShapeError(
            f"the loss of a batch is one number, found an array {value.shape}", hint='reduction="mean", or np.mean(…)'
        )
    return value
