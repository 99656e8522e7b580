"""The batches of a set-up: kept as a list as far as memory goes, each split into what the model and the loss take.
Floor 7.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.doctor.subjects.torch.tensors import tensors_in

SIZE = 32  # examples in a batch, where the data is arrays
_BYTES = 512 * 2**20  # of batches that are kept; beyond, only the first ones are trained on
_TARGETS = ("labels", "label", "targets", "target", "y")  # of a batch that is a dictionary


@dataclass(frozen=True, slots=True)
class Batch:
    """What the model is called with, and what the loss compares its output with."""

    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    target: Any  # None where the model computes its own loss
    more: tuple[Any, ...] = ()  # further targets: the loss is called with all of them

    @property
    def inputs(self) -> Any:
        """The first tensor that goes into the model, or None."""
        return next(tensors_in((self.arguments, dict(self.named))), None)

    @property
    def count(self) -> int:
        """Examples in it."""
        first = self.inputs
        return 1 if first is None or first.ndim == 0 else int(first.shape[0])

    def rows(self, part: slice) -> "Batch":
        """Some of its examples."""
        count = self.count
        return self.mapped(lambda tensor: tensor[part] if tensor.ndim and tensor.shape[0] == count else tensor)

    def mapped(self, change: Any) -> "Batch":
        """The batch with every tensor changed."""
        return Batch(
            _mapped(self.arguments, change),
            _mapped(dict(self.named), change),
            _mapped(self.target, change),
            _mapped(self.more, change),
        )

    def with_inputs(self, change: Any) -> "Batch":
        """The batch with the model's first tensor of numbers changed."""
        first = self.inputs

        def once(tensor: Any) -> Any:
            return change(tensor) if tensor is first else tensor

        return Batch(_mapped(self.arguments, once), _mapped(dict(self.named), once), self.target, self.more)

    def with_target(self, change: Any) -> "Batch":
        """The batch with its target changed."""
        return Batch(self.arguments, self.named, _mapped(self.target, change), self.more)


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(part, change) for name, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[_mapped(part, change) for part in value])
    if isinstance(value, list | tuple):
        return type(value)([_mapped(part, change) for part in value])
    return value


def batches_of(data: Any, model: Any, *, has_loss: bool) -> tuple[list[Batch], int]:
    """(the batches, how many there are in an epoch or 0 where that is not known). Raises UsageError without any."""
    place = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    raw = list(_cut(data)) if _is_arrays(data) else None
    given: Iterable[Any] = raw if raw is not None else _iterable(data)
    kept, size, is_whole = [], 0, True
    takes = _inputs_of(model)
    for one in given:
        if size > _BYTES:
            is_whole = False
            break
        batch = batch_of(one, takes, has_loss=has_loss).mapped(lambda tensor: tensor.detach().to(place))
        size += sum(tensor.numel() * tensor.element_size() for tensor in _all(batch))
        kept.append(batch)
    if not kept:
        raise UsageError(
            "the data gave no batch", hint="a generator can be gone through only once: give a list or a DataLoader"
        )
    return kept, len(kept) if is_whole else (len(data) if hasattr(data, "__len__") else 0)


def _all(batch: Batch) -> list[Any]:
    return list(tensors_in((batch.arguments, dict(batch.named), batch.target, batch.more)))


def _inputs_of(model: Any) -> int:
    """How many inputs the model's `forward` takes by position at most."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return 1
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return 1_000
    return sum(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) for one in parameters)


def _iterable(data: Any) -> Iterable[Any]:
    if isinstance(data, Iterable) and not isinstance(data, str | bytes | Mapping | torch.Tensor | np.ndarray):
        return data
    raise UsageError(
        f"data is a DataLoader, a list of batches, or (inputs, targets), found {type(data).__name__}",
        hint="DataLoader(TensorDataset(x, y), batch_size=32), or (x, y)",
    )


def _is_arrays(data: Any) -> bool:
    return (
        isinstance(data, tuple) and len(data) > 1 and all(isinstance(part, torch.Tensor | np.ndarray) for part in data)
    )


def _cut(data: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Arrays as batches of `SIZE`; a last, shorter one is left out where there are others."""
    tensors = [_tensor(part) for part in data]
    counts = sorted({len(tensor) for tensor in tensors if tensor.ndim})
    if len(counts) != 1:
        raise ShapeError(f"inputs and targets have different numbers of rows: {', '.join(map(str, counts))}")
    for start in range(0, counts[0], SIZE):
        if counts[0] - start >= SIZE or start == 0:
            yield tuple(tensor[start : start + SIZE] for tensor in tensors)


def _tensor(part: Any) -> Any:
    if isinstance(part, np.ndarray):
        part = torch.from_numpy(part)
        return part.float() if part.dtype == torch.float64 else part
    return part


def batch_of(given: Any, takes: int, *, has_loss: bool) -> Batch:
    """A batch as the loop gives it: (input, target), (input, …, target, …), a dictionary, or one tensor.

    `takes` is how many inputs the model takes; what is left are targets, one at least.
    """
    if isinstance(given, Mapping):
        names = [name for name in _TARGETS if name in given]
        if not has_loss or not names:
            return Batch((), dict(given), None)
        target = given[names[0]]
        return Batch((), {name: value for name, value in given.items() if name != names[0]}, _plain(target))
    if isinstance(given, list | tuple) and len(given) > 1:
        count = max(1, min(takes, len(given) - 1))
        inputs, (target, *more) = given[:count], given[count:]
        rest = tuple(_plain(one) for one in more)
        if len(inputs) == 1 and isinstance(inputs[0], Mapping):
            return Batch((), dict(inputs[0]), _plain(target), rest)
        return Batch(tuple(_plain(one) for one in inputs), {}, _plain(target), rest)
    if isinstance(given, torch.Tensor | np.ndarray):
        return Batch((_plain(given),), {}, _plain(given))  # an autoencoder: it is its own target
    if isinstance(given, list | tuple) and len(given) == 1:
        return batch_of(given[0], takes, has_loss=has_loss)
    raise UsageError(
        f"a batch is (inputs, target) or a dictionary, found {type(given).__name__}",
        hint="let the data give (inputs, target) for each batch",
    )


def _plain(value: Any) -> Any:
    """NumPy arrays and numbers as tensors."""
    if isinstance(value, np.ndarray):
        return _tensor(value)
    if isinstance(value, int | float):
        return torch.tensor(value)
    return value
