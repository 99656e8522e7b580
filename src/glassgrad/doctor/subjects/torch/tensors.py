"""Tensors inside of whatever layers take and give: tuples, dictionaries, packed sequences, output objects. Floor 7."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence

_is_transformed = getattr(torch._C._functorch, "is_functorch_wrapped_tensor", lambda tensor: False)  # noqa: SLF001 - there is no public way to ask
_FIRST = ("logits", "prediction", "predictions", "output", "out", "last_hidden_state")  # of an output with names


def tensors_in(value: Any) -> Iterator[Any]:
    """The tensors in a value, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, PackedSequence):
        yield value.data
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors_in(part)


def floating_in(value: Any) -> Iterator[Any]:
    """The tensors of real or complex numbers in a value."""
    return (tensor for tensor in tensors_in(value) if tensor.is_floating_point() or tensor.is_complex())


def is_within_a_transform(value: Any) -> bool:
    """Does it hold a tensor of torch.func (of vmap, of grad), which is not one of numbers that can be read?"""
    return any(_is_transformed(tensor) for tensor in tensors_in(value))


def prediction_in(output: Any) -> Any:
    """The tensor of a model's output that is its prediction: the one that is named so, or else the first; or None."""
    if isinstance(output, Mapping):
        for name in _FIRST:
            if isinstance(output.get(name), torch.Tensor):
                return output[name]
    for name in _FIRST:
        if not isinstance(output, torch.Tensor | list | tuple) and isinstance(
            getattr(output, name, None), torch.Tensor
        ):
            return getattr(output, name)
    return next(floating_in(output), None)


def class_axis(prediction: Any, loss: str) -> int:
    """The axis of a prediction that holds a score for each class: PyTorch's losses for classes want it behind the
    examples, in all else it is the last.
    """
    return 1 if loss in ("cross_entropy", "nll") and prediction.ndim > 2 else -1


def array_of(tensor: Any) -> np.ndarray:
    """A tensor of real numbers for NumPy, which does not know the narrow kinds of numbers."""
    plain = tensor.detach().cpu()
    return np.asarray((plain.float() if plain.dtype in (torch.bfloat16, torch.float16) else plain).numpy())


def first_rows(tensor: Any, entries: int = 1_000_000) -> Any:
    """As many first examples as have about so many entries: a statistic needs no more."""
    if tensor.ndim == 0 or tensor.numel() <= entries:
        return tensor
    return tensor[: max(1, entries * tensor.shape[0] // tensor.numel())]
