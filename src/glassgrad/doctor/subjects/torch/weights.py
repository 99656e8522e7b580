"""The parameters at a sampled step: gradients, the real step, the largest singular value. Floor 7."""

from collections.abc import Collection, Mapping
from typing import Any

import torch

from glassgrad.doctor.measured.sample import Weights
from glassgrad.doctor.subjects.torch.meter import Meter, norm_of, norms_of

_KEPT = 30_000_000  # numbers of gradients that are kept from one sample to the next, to compare directions
_ITERATIONS = 8  # of the power method; it begins where the sample before ended


class WeightsMeter:
    """Measures the parameters of a model before and after its update, sample by sample."""

    def __init__(self, named: Mapping[str, Any], links: Mapping[str, str]) -> None:
        """`named` are the parameters by path, `links` the link each belongs to."""
        self._named, self._links = dict(named), dict(links)
        self._last: dict[str, Any] = {}  # gradients of the sample before
        self._directions: dict[str, Any] = {}
        self._before: dict[str, Any] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._gradients: dict[str, Any] = {}

    def _chosen(self, paths: Collection[str] | None) -> dict[str, Any]:
        return {path: one for path, one in self._named.items() if paths is None or path in paths}

    def note_gradients(self, meter: Meter, paths: Collection[str] | None = None) -> None:
        """Reads the gradients as they are now, of all parameters or of those with these paths."""
        with torch.no_grad():
            held = {path: one.grad for path, one in self._chosen(paths).items() if one.grad is not None}
            norms = norms_of(list(held.values()))
            for (path, gradient), norm in zip(held.items(), norms, strict=True):
                places = self._places.setdefault(path, {})
                places["gradient"] = meter.add(norm)
                if not gradient.is_sparse:
                    places["zeros"] = meter.add((gradient == 0).float().mean())
                    self._note_direction(path, gradient, norm, places, meter)
            self._keep(held)

    def _note_direction(self, path: str, gradient: Any, norm: Any, places: dict[str, int], meter: Meter) -> None:
        last = self._last.get(path)
        if last is not None and last.shape == gradient.shape:
            product = norm * norm_of(last)
            places["along"] = meter.add((gradient * last).sum() / product)

    def _keep(self, held: Mapping[str, Any]) -> None:
        total = sum(gradient.numel() for gradient in held.values())
        keeps = total <= _KEPT
        self._last |= {
            path: gradient.detach().clone() for path, gradient in held.items() if keeps and not gradient.is_sparse
        }

    def before(self, meter: Meter, paths: Collection[str] | None = None) -> None:
        """Reads parameters before their update, and keeps a copy of them."""
        with torch.no_grad():
            tensors = {path: tensor.detach() for path, tensor in self._chosen(paths).items()}
            for (path, tensor), norm in zip(tensors.items(), norms_of(list(tensors.values())), strict=True):
                places = self._places.setdefault(path, {})
                places["norm"] = meter.add(norm)
                places["spread"] = meter.add(tensor.float().std(correction=0))
                if tensor.ndim >= 2 and tensor.numel():  # a convolution's kernels are taken as rows
                    places["spectral"] = meter.add(self._largest(path, tensor.float().flatten(1)))
            self._before |= {path: tensor.clone() for path, tensor in tensors.items()}

    def _largest(self, path: str, matrix: Any) -> Any:
        """The largest singular value, by the power method on WᵀW from where the last sample left off."""
        direction = self._directions.get(path)
        if direction is None:
            count = torch.arange(matrix.shape[1], device=matrix.device, dtype=matrix.dtype)
            direction = 1 + 0.5 * torch.cos(count * 1.7)
        for _ in range(_ITERATIONS):
            direction = matrix.T @ (matrix @ direction)
            direction = direction / (torch.linalg.vector_norm(direction) + 1e-30)
        self._directions[path] = direction
        return torch.linalg.vector_norm(matrix @ direction)

    def after(self, meter: Meter, paths: Collection[str] | None = None) -> None:
        """Reads how far each parameter went."""
        with torch.no_grad():
            moved = [path for path in self._before if paths is None or path in paths]
            changes = [self._named[path].detach() - self._before[path] for path in moved]
            for path, norm in zip(moved, norms_of(changes), strict=True):
                self._places[path]["update"] = meter.add(norm)
                del self._before[path]

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
