"""The parameters at a sampled step: gradients, the real step, the largest singular value. Floor 7."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch

from glassgrad.doctor.measured.sample import Weights
from glassgrad.doctor.subjects.torch.meter import Meter, moments_of, norms_of
from glassgrad.doctor.subjects.torch.modes import past_modes
from glassgrad.doctor.subjects.torch.tensors import first_rows

_KEPT = 30_000_000  # numbers of gradients that are kept from one sample to the next, to compare directions
_ENTRIES = 65_536  # that are looked at for the spread of a parameter
_AT_FIRST = 8  # iterations of the power method; …
_LATER = 2  # … then it begins where the sample before ended


class WeightsMeter:
    """Measures the parameters of a model before and after its update, sample by sample."""

    def __init__(self, named: Mapping[str, Any], links: Mapping[str, str]) -> None:
        """`named` are the parameters by path, `links` the link each belongs to."""
        self._named, self._links = dict(named), dict(links)
        self._last: dict[str, tuple[Any, Any]] = {}  # gradients of the sample before, and their norms
        self._directions: dict[str, Any] = {}
        self._before: dict[str, Any] = {}
        self._places: dict[str, dict[str, int]] = {}

    def _chosen(self, paths: Collection[str] | None) -> dict[str, Any]:
        return {path: one for path, one in self._named.items() if paths is None or path in paths}

    @past_modes
    def note_gradients(self, meter: Meter, paths: Collection[str] | None = None) -> None:
        """Reads the gradients as they are now, of all parameters or of those with these paths."""
        with torch.no_grad():
            held = {path: one.grad for path, one in self._chosen(paths).items() if one.grad is not None}
            norms = norms_of(list(held.values()))
            for (path, gradient), norm in zip(held.items(), norms, strict=True):
                places = self._places.setdefault(path, {})
                places["gradient"] = meter.add(norm)
                if not (gradient.is_sparse or gradient.is_complex()):
                    places["zeros"] = meter.add(1 - torch.count_nonzero(gradient) / max(gradient.numel(), 1))
                    self._note_direction(path, gradient, norm, places, meter)
            self._keep(held, norms)

    def _note_direction(self, path: str, gradient: Any, norm: Any, places: dict[str, int], meter: Meter) -> None:
        last, length = self._last.get(path, (None, None))
        if last is not None and last.shape == gradient.shape:
            along = torch.dot(gradient.detach().reshape(-1).to(last), last.reshape(-1))
            places["along"] = meter.add(along / (norm * length))

    def _keep(self, held: Mapping[str, Any], norms: Sequence[Any]) -> None:
        if sum(gradient.numel() for gradient in held.values()) > _KEPT:
            return
        for (path, gradient), norm in zip(held.items(), norms, strict=True):
            if not (gradient.is_sparse or gradient.is_complex()):
                self._last[path] = gradient.detach().to(norm.dtype, copy=True), norm

    @past_modes
    def before(self, meter: Meter, paths: Collection[str] | None = None) -> None:
        """Reads parameters before their update, and keeps a copy of them."""
        with torch.no_grad():
            tensors = {path: tensor.detach() for path, tensor in self._chosen(paths).items()}
            for (path, tensor), norm in zip(tensors.items(), norms_of(list(tensors.values())), strict=True):
                places = self._places.setdefault(path, {})
                places["norm"] = meter.add(norm)
                if not tensor.is_complex():
                    places["spread"] = meter.add(moments_of(first_rows(tensor, _ENTRIES).float())[1])
                if (
                    tensor.ndim >= 2 and tensor.numel() and not tensor.is_complex()
                ):  # a convolution's kernels are taken as rows
                    places["spectral"] = meter.add(self._largest(path, tensor.float().flatten(1)))
            self._before |= {path: tensor.clone() for path, tensor in tensors.items()}

    def _largest(self, path: str, matrix: Any) -> Any:
        """The largest singular value, by the power method on WᵀW from where the last sample left off."""
        direction, iterations = self._directions.get(path), _LATER
        if direction is None:
            iterations = _AT_FIRST
            count = torch.arange(matrix.shape[1], device=matrix.device, dtype=matrix.dtype)
            direction = 1 + 0.5 * torch.cos(count * 1.7)
        for _ in range(iterations):
            direction = matrix.T @ (matrix @ direction)
            direction = direction / (torch.linalg.vector_norm(direction) + 1e-30)
        self._directions[path] = direction
        return torch.linalg.vector_norm(matrix @ direction)

    @past_modes
    def after(self, meter: Meter, paths: Collection[str] | None = None) -> None:
        """Reads how far each parameter went."""
        with torch.no_grad():
            moved = [path for path in self._before if paths is None or path in paths]
            changes = [self._before.pop(path).sub_(self._named[path].detach()) for path in moved]
            for path, norm in zip(moved, norms_of(changes), strict=True):
                self._places[path]["update"] = meter.add(norm)

    def forget(self) -> None:
        """There was no update."""
        self._before = {}

    def read(self, meter: Meter) -> tuple[Weights, ...]:
        """What was measured, once the meter was read."""
        found = []
        for path, tensor in self._named.items():
            numbers = {name: meter[place] for name, place in self._places.get(path, {}).items()}
            if "norm" not in numbers:
                continue
            gradient, update = numbers.pop("gradient", None), numbers.pop("update", None)
            link = self._links.get(path, path.rpartition(".")[0])
            found.append(
                Weights(
                    path,
                    link,
                    tensor.numel(),
                    numbers.pop("norm"),
                    gradient,
                    update if gradient is not None else None,
                    **numbers,
                )
            )
        self._places = {}
        return tuple(found)
