"""Numbers of a sample, kept on the device until one synchronisation reads them all. Floor 7."""

from collections.abc import Callable, Mapping
from math import nan
from typing import Any

import torch

from glassgrad.doctor.subjects.torch.modes import past_modes


class Meter:
    """Collects single numbers as tensors; `read` brings all of them to Python at once."""

    def __init__(self) -> None:
        self._tensors: list[Any] = []
        self._numbers: list[float] = []
        self._handles: list[Any] = []

    def hook(self, tensor: Any, function: Callable[[Any], None]) -> None:
        """Calls the function with the gradient by the tensor, until `unhook`."""
        handle = tensor.register_hook(past_modes(function))
        if tensor.is_leaf:  # it outlives the pass, and its hooks with it
            self._handles.append(handle)

    def unhook(self) -> None:
        """Takes the hooks away that would outlive the pass."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def add(self, number: Any) -> int:
        """Keeps a 0-dimensional tensor, and gives the place of its number."""
        self._tensors.append(number.detach())
        return len(self._tensors) - 1

    def norm(self, tensor: Any) -> int:
        """Keeps the Euclidean norm of a tensor."""
        return self.add(norm_of(tensor))

    def read(self) -> None:
        """Reads what was added since; one synchronisation for each device."""
        fresh = self._tensors[len(self._numbers) :]
        numbers = [nan] * len(fresh)
        for device in {number.device for number in fresh}:
            places = [place for place, number in enumerate(fresh) if number.device == device]
            with torch.no_grad():
                found = torch.stack([fresh[place] for place in places]).tolist()
            for place, value in zip(places, found, strict=True):
                numbers[place] = value
        self._numbers += numbers
        self._tensors[len(self._tensors) - len(fresh) :] = [None] * len(fresh)  # a view would keep what it looks at

    def at(self, places: Mapping[str, int]) -> dict[str, float]:
        """The numbers at these places, by name."""
        return {name: self._numbers[place] for name, place in places.items()}

    def __getitem__(self, place: int) -> float:
        """A number that was read."""
        return self._numbers[place]


def moments_of(values: Any) -> tuple[Any, Any]:
    """(mean, standard deviation) of all entries, in two passes, which take a tenth of the time of `std_mean`."""
    mean = values.mean()
    return mean, torch.linalg.vector_norm(values - mean) / values.numel() ** 0.5


def norm_of(tensor: Any) -> Any:
    """The Euclidean norm, in 32 bits at least: the squares of half precision overflow."""
    tensor = tensor.detach()
    if tensor.is_sparse:
        tensor = tensor.coalesce().values()
    wide = torch.promote_types(tensor.dtype, torch.float32)
    return torch.linalg.vector_norm(tensor, dtype=wide)


def norms_of(tensors: list[Any]) -> list[Any]:
    """The norms of many tensors, in one call where they lie together."""
    if tensors and all(not tensor.is_sparse and tensor.dtype == torch.float32 for tensor in tensors):
        return list(torch._foreach_norm(tensors))  # noqa: SLF001 - as torch.nn.utils.clip_grad_norm_ takes it
    return [norm_of(tensor) for tensor in tensors]
