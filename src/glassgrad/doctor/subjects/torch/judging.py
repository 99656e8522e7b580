"""What a set-up's losses are judged by: a constant prediction's, and those of fixed batches in evaluation. Floor 7."""

from collections.abc import Sequence
from math import isfinite, nan
from typing import Any

import torch

from glassgrad.doctor.measured.setup import Task
from glassgrad.doctor.subjects.torch.batches import Batch
from glassgrad.doctor.subjects.torch.copying import Learner
from glassgrad.doctor.subjects.torch.stepping import loss_of
from glassgrad.doctor.subjects.torch.tensors import prediction_in

BATCHES = 8  # that are evaluated before and after a run
_LOGITS = ("binary_cross_entropy_logits", "hinge")


def evaluated(learner: Learner, batches: Sequence[Batch], task: Task, loss: str) -> tuple[float, float | None]:
    """(the mean loss, the share of right predictions or None) over the first batches, in evaluation mode."""
    modes = [(module, module.training) for module in learner.model.modules()]
    learner.model.eval()
    losses, right, count = [], 0, 0
    outputs: list[Any] = []
    handle = learner.model.register_forward_hook(lambda module, given, output: outputs.append(prediction_in(output)))
    try:
        with torch.no_grad():
            for batch in batches[:BATCHES]:
                losses.append(float(loss_of(learner, batch)))
                found = hits(outputs[-1], batch.target, task, loss) if outputs else None
                if found is not None:
                    right, count = right + found[0], count + found[1]
    finally:
        handle.remove()
        for module, mode in modes:
            module.training = mode
    return (sum(losses) / len(losses) if losses else nan), (right / count if count else None)


def hits(prediction: Any, target: Any, task: Task, loss: str) -> tuple[int, int] | None:
    """(right predictions, all of them), of a classification."""
    if task not in ("classes", "binary") or not isinstance(target, torch.Tensor) or prediction is None:
        return None
    if prediction.ndim > 1:
        axis = 1 if loss in ("cross_entropy", "nll") else -1
        if prediction.shape[axis] > 1:
            chosen = prediction.argmax(axis)
            wanted = target.argmax(axis) if target.shape == prediction.shape and task == "classes" else target
            if chosen.numel() == wanted.numel():
                return int((chosen.flatten() == wanted.flatten()).sum()), wanted.numel()
    if prediction.numel() != target.numel() or not target.numel():
        return None
    flat, goal = prediction.flatten(), target.flatten().float()
    if task == "classes":
        return int((flat.round() == goal).sum()), goal.numel()
    low, high = float(goal.min()), float(goal.max())
    middle = 0.0 if low < 0 else 0.5
    edge = 0.0 if loss in _LOGITS or low < 0 else 0.5
    del high
    return int(((flat > edge) == (goal > middle)).sum()), goal.numel()


def baseline_of(learner: Learner, batches: Sequence[Batch], prediction: Any, output: Any, last: str = "") -> float:
    """The loss of the best prediction that is the same for every example, by this very loss; NaN where none is found.

    Candidates are what is best for the usual losses: mean and median of the targets, the frequencies of the labels,
    their logarithms and log-odds; of them those that the `last` activation of the model can give.
    """
    if learner.loss is None or not isinstance(output, torch.Tensor) or prediction is None or not output.ndim:
        return nan
    targets = [batch.target for batch in batches]
    if not all(isinstance(target, torch.Tensor) and target.ndim for target in targets):
        return nan
    best = nan
    with torch.no_grad():
        for constant in _constants(targets, output):
            if not _can_give(last, constant):
                continue
            value = _loss_of_constant(learner, batches, constant, output)
            if isfinite(value) and not value >= best:
                best = value
    return best


def _can_give(last: str, constant: Any) -> bool:
    """Is a constant among what an activation gives?"""
    low, high = float(constant.min()), float(constant.max())
    match last:
        case "softmax":
            totals = constant.sum(-1 if constant.ndim == 1 else 0)
            return low >= 0 and bool((totals - 1).abs().max() < 1e-3)
        case "log_softmax":
            return bool(torch.logsumexp(constant, -1 if constant.ndim == 1 else 0).abs().max() < 1e-3)
        case "sigmoid" | "hardsigmoid":
            return low >= 0 and high <= 1
        case "tanh" | "hardtanh" | "softsign":
            return low >= -1 and high <= 1
        case "relu" | "softplus":
            return low >= 0
        case _:
            return True


def _loss_of_constant(learner: Learner, batches: Sequence[Batch], constant: Any, output: Any) -> float:
    total = 0.0
    for batch in batches:
        given = constant.to(output.dtype).expand(batch.count, *output.shape[1:])
        try:
            total += float(learner.loss(given, batch.target, *batch.more))
        except Exception:  # noqa: BLE001 - the loss may not take this candidate: it is none
            return nan
    return total / len(batches)


def _constants(targets: Sequence[Any], output: Any) -> list[Any]:
    """Predictions for one example, to be repeated."""
    shape = output.shape[1:]
    found = [torch.zeros(shape, device=output.device)]
    axis = 0 if len(shape) > 1 and targets[0].shape[1:] != shape else len(shape) - 1
    classes = shape[axis] if shape else 1
    alike = all(target.shape[1:] == targets[0].shape[1:] for target in targets)
    joined = torch.cat([target.float() if alike else target.float().flatten() for target in targets])
    joined = joined[torch.isfinite(joined.flatten(1).sum(1) if joined.ndim > 1 else joined)]
    if not len(joined):
        return found
    if tuple(joined.shape[1:]) == tuple(shape):
        mean, median = joined.mean(0), joined.median(0).values
    else:
        mean, median = joined.mean().expand(shape), joined.median().expand(shape)
    found += [mean, median]
    share = mean.clamp(1e-6, 1 - 1e-6)
    found += [share, torch.log(share / (1 - share)), torch.log(share)]
    found += [torch.full(shape, float(joined.min())), torch.full(shape, float(joined.max()))]
    whole = not targets[0].is_floating_point() or bool((joined == joined.round()).all())
    if whole and classes > 1 and joined.ndim <= len(shape) and bool(((joined >= 0) & (joined < classes)).all()):
        counts = torch.bincount(joined.flatten().long(), minlength=classes).float()
        frequencies = (counts / counts.sum()).clamp(min=1e-6)
        view = [1] * len(shape)
        view[axis] = classes
        frequencies = frequencies.view(view)
        found += [frequencies.expand(shape), frequencies.log().expand(shape)]
        found += [torch.log(frequencies / (1 - frequencies).clamp(min=1e-6)).expand(shape)]
    return [constant.to(output.device) for constant in found]
