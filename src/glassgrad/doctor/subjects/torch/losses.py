"""Which loss it is: from its class, from the function it calls, or from what it does to a prediction. Floor 7."""

import warnings
from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it

from glassgrad.doctor.measured.setup import LossFacts
from glassgrad.doctor.subjects.loss_trials import by_trial
from glassgrad.doctor.subjects.torch.heads import Head
from glassgrad.doctor.subjects.torch.operations import LOSS_FUNCTIONS
from glassgrad.doctor.subjects.torch.recording import LossCall, Recorder
from glassgrad.doctor.subjects.torch.tensors import array_of

_CLASSES = {
    "MSELoss": "mse", "L1Loss": "mae", "SmoothL1Loss": "huber", "HuberLoss": "huber",
    "CrossEntropyLoss": "cross_entropy", "NLLLoss": "nll", "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_logits", "HingeEmbeddingLoss": "hinge", "MultiMarginLoss": "hinge",
    "MultiLabelMarginLoss": "hinge", "KLDivLoss": "kl", "PoissonNLLLoss": "poisson", "CTCLoss": "ctc",
    "SoftMarginLoss": "binary_cross_entropy_logits", "MarginRankingLoss": "hinge",
}  # fmt: skip


def _hinge(prediction: Any, target: Any) -> Any:
    return (1 - prediction * target).clamp(min=0).mean()


# What a loss of one's own may be in truth; each with the mean over all entries (or examples).
CANDIDATES: dict[str, Callable[[Any, Any], Any]] = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "binary_cross_entropy": lambda p, y: F.binary_cross_entropy(p, y.to(p.dtype)),
    "binary_cross_entropy_logits": lambda p, y: F.binary_cross_entropy_with_logits(p, y.to(p.dtype)),
    "cross_entropy": F.cross_entropy,
    "nll": F.nll_loss,
    "huber": F.smooth_l1_loss,
    "hinge": _hinge,
    "kl": lambda p, y: F.kl_div(p, y, reduction="batchmean"),
    "poisson": F.poisson_nll_loss,
}


def loss_facts(loss: Any, recorder: Recorder, target: Any, value: float) -> tuple[LossFacts, Head | None]:
    """(what the loss is, the prediction as it takes it), after a recorded forward and backward pass with kept heads."""
    calls = recorder.recorded.losses
    name = _CLASSES.get(type(loss).__name__) or (calls[-1].name if calls else None)
    head = recorder.heads.chosen(name)
    behaviour = None if head is None else by_behaviour(head, target, value, name)
    output = recorder.recorded.outputs[-1] if recorder.recorded.outputs else None
    if behaviour is None and name is None and isinstance(output, torch.Tensor) and head is not None and not head.after:
        behaviour = _by_trial(loss, output, target)
    if name is None:
        if behaviour is not None:
            name = behaviour[0]
            head = recorder.heads.chosen(name)
        else:
            name = "custom"
    reduction = _stated(loss, calls) or (behaviour[1] if behaviour is not None else "unknown")
    if reduction == "none":
        reduction = behaviour[1] if behaviour is not None else "unknown"
    place = calls[-1].place if calls else (recorder.recorded.places[-1] if recorder.recorded.places else None)
    facts = LossFacts(name, title_of(loss, calls), "sum" if reduction == "sum" else _mean(reduction), place)
    return facts, head


def _mean(reduction: str) -> Any:
    return "mean" if reduction in ("mean", "batchmean", "elementwise_mean") else "unknown"


def title_of(loss: Any, calls: list[LossCall]) -> str:
    """The loss as the person wrote it."""
    if loss is None:
        return f"F.{_function(calls[-1].name)}" if calls else "the model's own loss"
    if isinstance(loss, torch.nn.Module):
        kind = type(loss)
        prefix = "nn." if kind.__module__.startswith("torch.nn") else ""
        reduction = getattr(loss, "reduction", "mean")
        return f"{prefix}{kind.__name__}({'' if reduction == 'mean' else f'reduction={reduction!r}'})"
    name = getattr(loss, "__name__", type(loss).__name__)
    if name == "<lambda>":
        return f"F.{_function(calls[-1].name)}" if calls else "a loss of one's own"
    return f"F.{name}" if getattr(loss, "__module__", "") == "torch.nn.functional" else name


def _function(name: str) -> str:
    return next((theirs for theirs, ours in LOSS_FUNCTIONS.items() if ours == name), name)


def _stated(loss: Any, calls: list[LossCall]) -> str | None:
    stated = getattr(loss, "reduction", None) if isinstance(loss, torch.nn.Module) else None
    return stated if isinstance(stated, str) else calls[-1].reduction if calls else None


def by_behaviour(head: Head, target: Any, value: float, known: str | None) -> tuple[str, str] | None:
    """(name, reduction) of the loss whose gradient by this prediction is the one that was seen, or None."""
    gradient = head.gradient
    if gradient is None or not isinstance(target, torch.Tensor) or not bool(torch.isfinite(gradient).all()):
        return None
    size = float(gradient.double().norm())
    if size == 0:
        return None
    for name in [known] if known in CANDIDATES else [] if known else list(CANDIDATES):
        found = _gradient(name, head.tensor.detach(), target)
        if found is None:
            continue
        likely, theirs = found
        length = float(likely.norm())
        if length == 0:
            continue
        cosine = float((likely * gradient.double()).sum()) / (length * size)
        ratio = size / length
        agrees = theirs != 0 and abs(value / theirs / ratio - 1) < 1e-3
        if cosine > 1 - 1e-7 or (cosine > 1 - 1e-4 and agrees):
            return name, _reduction(ratio, gradient.shape)
    return None


def _by_trial(loss: Any, output: Any, target: Any) -> tuple[str, str] | None:
    """(name, reduction) of a loss that takes the model's output as it is, found by calling it; None: not known."""
    if loss is None or not isinstance(target, torch.Tensor) or not output.ndim:
        return None

    def evaluate(prediction: np.ndarray) -> float:
        with torch.no_grad():
            return float(loss(torch.tensor(prediction).to(output), target))

    return by_trial(evaluate, tuple(output.shape), array_of(target))


def _reduction(ratio: float, shape: Any) -> str:
    """A sum over the batch is so many times the mean as there are examples, or entries."""
    count = shape[0] if len(shape) else 1
    total = 1
    for length in shape:
        total *= length
    across = total / max(count, 1)
    if abs(ratio - 1) < 1e-2 or (ratio <= across * 1.01 and ratio < count):
        return "mean"
    return "sum" if abs(ratio / total - 1) < 1e-2 or abs(ratio / count - 1) < 1e-2 else "unknown"


def _gradient(name: str, prediction: Any, target: Any) -> tuple[Any, float] | None:
    try:
        with torch.enable_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # shapes that do not fit are what is being found out
            point = prediction.double().requires_grad_()
            goal = target.double() if target.is_floating_point() else target
            if name in ("mse", "mae", "huber") and not goal.is_floating_point():
                goal = goal.double()
            value = CANDIDATES[name](point, goal)
            (found,) = torch.autograd.grad(value, point)
    except Exception:  # noqa: BLE001 - a loss that does not take this prediction is not the one
        return None
    number = float(value.detach())
    return (found, number) if isfinite(number) and bool(torch.isfinite(found).all()) else None
