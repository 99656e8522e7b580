"""Edits of the data: scaled, cleaned, in other batches. Floor 7."""

from typing import Any

import torch

from glassgrad.doctor.subjects.edits import BatchSize, DropRows, ScaleInputs, ScaleTargets
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.doctor.subjects.torch.batches import Batch
from glassgrad.doctor.subjects.torch.site import Site
from glassgrad.doctor.subjects.torch.tensors import floating_in


def scale_inputs(site: Site, edit: ScaleInputs) -> None:
    """Each feature (of images: channel) less its mean, by its deviation; what is no number becomes the mean."""
    first = site.batches[0].inputs
    if first is None or not first.is_floating_point():
        raise Cannot("the inputs are indices, not numbers on a scale")
    if first.ndim < 2:
        raise Cannot("the inputs have no features")
    axis = 1 if first.ndim >= 4 else -1
    mean, std = _moments([batch.inputs for batch in site.batches], axis)
    shape = [1] * first.ndim
    shape[axis] = -1

    def change(tensor: Any) -> Any:
        scaled = (tensor - mean.view(shape).to(tensor)) / std.view(shape).to(tensor)
        return torch.where(torch.isfinite(scaled), scaled, torch.zeros_like(scaled))

    site.batches = tuple(batch.with_inputs(change) for batch in site.batches)


def scale_targets(site: Site, edit: ScaleTargets) -> None:
    """The targets of a regression, each column less its mean, by its deviation."""
    data = site.setup.data
    if data is None or data.task != "regression":
        raise Cannot("the targets are labels, not numbers on a scale")
    targets = [batch.target for batch in site.batches]
    if not all(isinstance(target, torch.Tensor) and target.is_floating_point() for target in targets):
        raise Cannot("the targets are not one tensor of numbers")
    flat = targets[0].ndim < 2
    mean, std = _moments([target.reshape(-1, 1) if flat else target for target in targets], -1)

    def change(tensor: Any) -> Any:
        return (tensor - mean.to(tensor)) / std.to(tensor)

    site.batches = tuple(batch.with_target(change) for batch in site.batches)


def _moments(tensors: list[Any], axis: int) -> tuple[Any, Any]:
    """(mean, deviation) by feature over all tensors, of the entries that are numbers."""
    rows = torch.cat([tensor.detach().movedim(axis, -1).reshape(-1, tensor.shape[axis]) for tensor in tensors]).double()
    finite = torch.isfinite(rows)
    count = finite.sum(0).clamp(min=1)
    rows = torch.where(finite, rows, torch.zeros_like(rows))
    mean = rows.sum(0) / count
    std = (torch.where(finite, rows - mean, torch.zeros_like(rows)).square().sum(0) / count).sqrt()
    return mean, torch.where(std > 1e-12, std, torch.ones_like(std))


def drop_rows(site: Site, edit: DropRows) -> None:
    """Leaves out the examples with something that is no number."""
    kept, dropped = [], 0
    for batch in site.batches:
        good = torch.ones(batch.count, dtype=torch.bool)
        for tensor in floating_in((batch.arguments, dict(batch.named), batch.target, batch.more)):
            if tensor.ndim and tensor.shape[0] == batch.count:
                good &= torch.isfinite(tensor.flatten(1) if tensor.ndim > 1 else tensor[:, None]).all(1).cpu()
        places = good.nonzero().flatten()
        dropped += batch.count - len(places)
        if len(places):
            kept.append(_selected(batch, places) if len(places) < batch.count else batch)
    if not dropped:
        raise Cannot("every number in the data is one")
    if not kept:
        raise Cannot("every example has something in it that is no number")
    site.batches = tuple(kept)


def _selected(batch: Batch, places: Any) -> Batch:
    count = batch.count

    def select(tensor: Any) -> Any:
        return tensor[places.to(tensor.device)] if tensor.ndim and tensor.shape[0] == count else tensor

    return batch.mapped(select)


def join_batches(site: Site, edit: BatchSize) -> None:
    """Neighbouring batches joined."""
    factor = min(edit.factor, len(site.batches))
    if factor < 2:
        raise Cannot("there is one batch only")
    groups = [site.batches[start : start + factor] for start in range(0, len(site.batches), factor)]
    whole = [group for group in groups if len(group) == factor]
    try:
        site.batches = tuple(_joined(group) for group in whole)
    except RuntimeError as error:
        raise Cannot("the batches are of different shapes") from error


def _joined(group: tuple[Batch, ...]) -> Batch:
    """One batch of several: what has a row for each example is joined, and the rest must be the same in all."""
    counts = [one.count for one in group]
    columns: list[list[Any]] = [[] for _ in group]
    for one, column in zip(group, columns, strict=True):
        one.mapped(column.append)
    if len({len(column) for column in columns}) > 1:
        raise Cannot("the batches are of different parts")
    joined = iter([_joined_tensor(tensors, counts) for tensors in zip(*columns, strict=True)])
    return group[0].mapped(lambda tensor: next(joined))


def _joined_tensor(tensors: tuple[Any, ...], counts: list[int]) -> Any:
    if all(tensor.ndim and tensor.shape[0] == count for tensor, count in zip(tensors, counts, strict=True)):
        return torch.cat(tensors)
    if any(not torch.equal(tensor, tensors[0]) for tensor in tensors[1:]):
        raise Cannot("the batches hold tensors without a row for each example, which differ")
    return tensors[0]
