"""Edits of the loss. Floor 7."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import nn

from glassgrad.doctor.subjects.edits import MatchShapes, MeanLoss, NewLoss
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.doctor.subjects.torch.chain import set_module
from glassgrad.doctor.subjects.torch.site import Site
from glassgrad.doctor.subjects.torch.tensors import prediction_in


class FittingLoss(nn.Module):  # type: ignore[misc]  # PyTorch's classes are `Any` to the checker
    """A loss of the usual ones, with targets cast and shaped as it wants them, averaged over the batch."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.reduction = name, "mean"

    def forward(self, output: Any, target: Any) -> Any:
        """The loss of a prediction (batch, units) and its targets."""
        prediction = prediction_in(output)
        match self.name:
            case "cross_entropy":
                return F.cross_entropy(prediction, _labels(prediction, target))
            case "binary_cross_entropy_logits":
                goal = _alike(prediction, target).to(prediction.dtype)
                goal = (goal > 0).to(prediction.dtype) if bool((goal < 0).any()) else goal
                return F.binary_cross_entropy_with_logits(prediction, goal)
            case "huber":
                return F.smooth_l1_loss(prediction, _alike(prediction, target).to(prediction.dtype))
            case _:
                return F.mse_loss(prediction, _alike(prediction, target).to(prediction.dtype))


def _labels(prediction: Any, target: Any) -> Any:
    """Labels as cross entropy wants them: whole numbers (batch, …), or a row of probabilities for each example."""
    if target.shape == prediction.shape and prediction.ndim > 1 and prediction.shape[1] > 1:
        return target.to(prediction.dtype)
    shape = (prediction.shape[0], *prediction.shape[2:])
    labels = target.reshape(shape).round().long()
    return (labels > 0).long() if bool((labels < 0).any()) else labels


def _alike(prediction: Any, target: Any) -> Any:
    """The target in the prediction's shape; labels as rows of 0 and 1."""
    if target.numel() == prediction.numel():
        return target.reshape(prediction.shape)
    if prediction.ndim == 2 and target.numel() == prediction.shape[0]:
        labels = target.reshape(-1).round().long()
        return F.one_hot(labels.clamp(0, prediction.shape[1] - 1), prediction.shape[1])
    return target


def new_loss(site: Site, edit: NewLoss) -> None:
    """Another loss; the last layer grows where more classes are wanted than it has units."""
    batch = site.batches[0]
    if not isinstance(batch.target, torch.Tensor):
        raise Cannot("the targets are not one tensor")
    if batch.more:
        raise Cannot("the loss takes several targets")
    if edit.classes is not None:
        _grow(site, edit.classes)
    site.learner.loss = FittingLoss(edit.name)
    try:
        with torch.no_grad():
            value = site.learner.loss(site.model(*batch.arguments, **batch.named), batch.target)
    except Exception as error:
        raise Cannot(f"{edit.name} does not take this prediction and these targets: {error}") from error
    if value.numel() != 1:
        raise Cannot(f"{edit.name} does not give one number here")


def _grow(site: Site, classes: int) -> None:
    last = next((hidden for hidden in reversed(site.chain()) if hidden.is_last), None)
    if last is None or not isinstance(last.module, nn.Linear):
        raise Cannot("the model does not end with a Linear layer, which could get more units")
    old = last.module
    if old.out_features == classes:
        return
    new = site.to_device(nn.Linear(old.in_features, classes, bias=old.bias is not None))
    hooks = [*old._forward_hooks.values()]  # noqa: SLF001 - an added normalisation or activation stays
    set_module(site.model, last.path, new)
    for hook in hooks:
        new.register_forward_hook(hook)
    site.replace_parameter(old.weight, new.weight)
    if old.bias is not None:
        site.replace_parameter(old.bias, new.bias)


class _Averaged(nn.Module):  # type: ignore[misc]  # PyTorch's classes are `Any` to the checker
    """A summed loss by the count of what it sums over."""

    def __init__(self, loss: Any) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, output: Any, target: Any, *more: Any) -> Any:
        """The mean."""
        prediction = prediction_in(output)
        is_of_classes = isinstance(target, torch.Tensor) and target.numel() < prediction.numel()
        return self.loss(output, target, *more) / (target.numel() if is_of_classes else prediction.numel())


def mean_loss(site: Site, edit: MeanLoss) -> None:
    """The loss averaged instead of summed."""
    loss = site.learner.loss
    if loss is None:
        raise Cannot("the model computes its own loss")
    if getattr(loss, "reduction", None) == "sum":
        loss.reduction = "mean"
    elif site.setup.loss.reduction == "sum":
        site.learner.loss = _Averaged(loss)
    else:
        raise Cannot("the loss is not known to be a sum")


class _Matched(nn.Module):  # type: ignore[misc]  # PyTorch's classes are `Any` to the checker
    """A loss whose target takes the prediction's shape."""

    def __init__(self, loss: Any) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, output: Any, target: Any, *more: Any) -> Any:
        """The loss of a prediction and its own target."""
        return self.loss(output, target.reshape(prediction_in(output).shape), *more)


def match_shapes(site: Site, edit: MatchShapes) -> None:
    """Prediction and target in one shape."""
    batch = site.batches[0]
    if site.learner.loss is None or not isinstance(batch.target, torch.Tensor):
        raise Cannot("the model computes its own loss")
    with torch.no_grad():
        prediction = prediction_in(site.model(*batch.arguments, **batch.named))
    if prediction.shape == batch.target.shape:
        raise Cannot("prediction and target have one shape")
    if prediction.numel() != batch.target.numel():
        raise Cannot(f"prediction {tuple(prediction.shape)} and target {tuple(batch.target.shape)} differ in size")
    site.learner.loss = _Matched(site.learner.loss)
