"""What training minimises: a loss of predictions and targets, or any function of the model and a batch. Floor 6."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from glassgrad.base.errors import ShapeError, TracingError, UsageError
from glassgrad.base.naming import described, name_of
from glassgrad.base.trees import Tree
from glassgrad.nn.losses.reduction import counting

Array = Any
Metric = Callable[..., Any]

_TAKEN = ("loss", "epoch", "step", "seconds", "rate")  # names of other numbers of an epoch


@dataclass(frozen=True, slots=True)
class Judged:
    """What an objective says of a batch: the loss, further numbers, and how much each counts beside other batches.

    The losses of `nn` tell how much counted in them: weights, classes' weights, labels that are not ignored. A number
    without a count counts by the rows of the batch.
    """

    loss: Array
    metrics: dict[str, Array]
    counts: dict[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """A function of the model and the batch's parts that gives the loss, or the loss and a dict of further numbers.

    For what `loss(prediction, *targets)` cannot say: several outputs, penalties on the model, targets made of inputs.
    The function takes `mask=` where batches are padded, if it has such a parameter.

    >>> def penalised(model, x, y):
    ...     size = sum(np.sum(weight**2) for weight in model.parameters().values())
    ...     return np.mean((model(x) - y) ** 2) + 1e-3 * size, {"size": size}
    >>> Objective(penalised).unmasked
    ('the objective',)
    """

    function: Callable[..., Any]

    def __repr__(self) -> str:
        return f"Objective({described(self.function)})"

    @property
    def unmasked(self) -> tuple[str, ...]:
        """What has no parameter `mask`, and would count the rows that fill up a batch."""
        return () if has_parameter(self.function, "mask") else ("the objective",)

    def __call__(self, model: Any, values: tuple[Tree, ...], mask: Any) -> Judged:
        """The loss and further numbers of a batch."""
        given = (model, *values)
        with counting() as counted:
            found = _called(self.function, given, mask, "model, inputs, targets")
        value, numbers = found if isinstance(found, tuple) else (found, {})
        check_names(numbers)
        counts = {name: counted.of(number) for name, number in numbers.items()}
        return _judged(_checked({"loss": value, **numbers}, {"loss": counted.of_total(value)} | counts))

    def validated(self, model: Any, values: tuple[Tree, ...], mask: Any) -> tuple[Judged, Tree]:
        """What it says of a batch of the validation; it shows no predictions that further numbers could be made of."""
        return self(model, values, mask), None


@dataclass(frozen=True, slots=True, eq=False)
class Supervised:
    """loss(prediction, *targets) of the model's prediction for the inputs, and metrics of the same two."""

    loss: Callable[..., Any]
    metrics: dict[str, Metric]
    has_validation: bool = False
    plain: set[str] = field(default_factory=set)  # the names of metrics that only plain NumPy can take

    @property
    def unmasked(self) -> tuple[str, ...]:
        """What has no parameter `mask`, and would count the rows that fill up a batch."""
        named = {"the loss": self.loss} | {f"the metric {name!r}": metric for name, metric in self.metrics.items()}
        return tuple([name for name, function in named.items() if not has_parameter(function, "mask")])

    def __call__(self, model: Any, values: tuple[Tree, ...], mask: Any) -> Judged:
        """The loss and the metrics of a batch."""
        given = (_predicted(model, values), *values[1:])
        numbers, counts = _numbers({"loss": self.loss}, given, mask)
        for name, metric in self.metrics.items():
            try:
                found = _numbers({name: metric}, given, mask)
            except TracingError:  # it may be scikit-learn's, which takes no traced values: the validation has others
                if not self.has_validation:
                    raise
                self.plain.add(name)
                continue
            numbers, counts = numbers | found[0], counts | found[1]
        return _judged((numbers, counts))

    def validated(self, model: Any, values: tuple[Tree, ...], mask: Any) -> tuple[Judged, Tree]:
        """The loss of a batch of the validation, and where there are metrics the predictions, for `measured`."""
        prediction = _predicted(model, values)
        judged = _judged(_numbers({"loss": self.loss}, (prediction, *values[1:]), mask))
        return judged, prediction if self.metrics else None

    def measured(self, prediction: Tree, targets: tuple[Tree, ...]) -> "Numbers":
        """The metrics of predictions."""
        return _numbers(self.metrics, (prediction, *targets), None)


Numbers = tuple[dict[str, Array], dict[str, Array]]  # by name: a number; how much counts in it, where it tells


def _predicted(model: Any, values: tuple[Tree, ...]) -> Tree:
    inputs = values[0]
    return model(*inputs) if isinstance(inputs, tuple) else model(inputs)


def _numbers(functions: dict[str, Callable[..., Any]], given: tuple[Tree, ...], mask: Any) -> Numbers:
    """What each of the functions gives for predictions and targets."""
    numbers, counts = {}, {}
    for name, function in functions.items():
        with counting() as counted:
            numbers[name] = _called(function, given, mask, "prediction, targets")
        counts[name] = counted.of_total(numbers[name])
    return _checked(numbers, counts)


def objective_of(loss: Any, metrics: Any, *, has_validation: bool = False) -> Objective | Supervised:
    """The objective that `fit` was given as its loss. Where there is validation, metrics may be plain NumPy."""
    if isinstance(loss, Objective):
        if metrics:
            raise UsageError(
                "metrics are of a prediction, and an Objective shows none", hint="return loss, {name: number} from it"
            )
        return loss
    if not callable(loss):
        raise UsageError(f"the loss is a function, found {loss!r}", hint="nn.mse, nn.cross_entropy, …")
    if not isinstance(metrics, dict | None) or not all(map(callable, (metrics or {}).values())):
        raise UsageError(
            f"metrics are functions by name, found {described(metrics)}", hint='metrics={"distance": nn.mae}'
        )
    check_names(metrics or {})
    return Supervised(loss, dict(metrics or {}), has_validation)


def check_names(names: Iterable[Any]) -> None:
    """Raises UsageError where a further number has the name of one that each epoch has, or none."""
    for name in names:
        if not isinstance(name, str) or not name:
            raise UsageError(f"a further number has the name {name!r}", hint="a name is a text")
        if name in _TAKEN or name.startswith("validation "):
            raise UsageError(
                f"a further number has the name {name!r}, which is taken: each epoch has {', '.join(_TAKEN)}, and what "
                "is validated as 'validation …'",
                hint=f"for instance {f'my {name}'!r}",
            )


def has_parameter(function: Callable[..., Any], name: str) -> bool:
    """Has a function a parameter of this name?"""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _called(function: Callable[..., Any], given: tuple[Any, ...], mask: Any, what: str) -> Any:
    """The function's value for what it is given, and the mask where there is one and it takes one."""
    masked = {"mask": mask} if mask is not None and has_parameter(function, "mask") else {}
    try:
        inspect.signature(function).bind(*given, **masked)
    except TypeError as error:
        name = (name_of(function) or type(function).__name__).rpartition(".")[2]
        raise UsageError(
            f"{name} is called with {len(given)} parts of a batch ({what}): {error}",
            hint=f"weights of examples: lambda prediction, target, weights: {name}(prediction, target, weights=weights)"
            if has_parameter(function, "weights")
            else "the data is (inputs, *targets): all but the inputs go to the loss",
        ) from None
    except ValueError:
        pass  # it has no signature to look at
    return function(*given, **masked)


def _judged(numbers: Numbers) -> Judged:
    """The loss among the numbers, and the rest of them."""
    rest = dict(numbers[0])
    return Judged(rest.pop("loss"), rest, numbers[1])


def _checked(numbers: dict[str, Any], counts: dict[str, Any]) -> Numbers:
    """Raises an error where something is no single number."""
    for name, value in numbers.items():
        if isinstance(value, str | tuple | list | dict | None):
            raise UsageError(
                f"{'the loss' if name == 'loss' else name} of a batch is one number, found {type(value).__name__}",
                hint="a train.Objective gives (loss, {name: number}); metrics={name: function} are further numbers"
                if isinstance(value, tuple | list | dict)
                else "does the function return it?",
            )
        if getattr(value, "shape", ()) != ():
            called = "the loss" if name == "loss" else name
            raise ShapeError(
                f"{called} of a batch is one number, found an array {value.shape}",
                hint='reduction="mean", or np.mean(…)',
            )
    return numbers, {name: count for name, count in counts.items() if count is not None}
