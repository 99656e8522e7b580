"""What a set-up's losses are judged by: a constant prediction's, and those of fixed batches in evaluation. Floor 7."""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np
import torch

from glassgrad.doctor.measured.setup import Setup
from glassgrad.doctor.subjects.constants import best_constant
from glassgrad.doctor.subjects.scoring import batches_scored, hits
from glassgrad.doctor.subjects.torch.batches import Batch
from glassgrad.doctor.subjects.torch.copying import Learner
from glassgrad.doctor.subjects.torch.stepping import loss_of
from glassgrad.doctor.subjects.torch.tensors import array_of, class_axis, prediction_in


def evaluated(learner: Learner, batches: Sequence[Batch], setup: Setup) -> tuple[float, float | None]:
    """(the mean loss, the share of right predictions or None) over the first batches, in evaluation mode."""
    modes = [(module, module.training) for module in learner.model.modules()]
    learner.model.eval()
    losses, right, count = [], 0, 0
    outputs: list[Any] = []
    handle = learner.model.register_forward_hook(lambda module, given, output: outputs.append(prediction_in(output)))
    try:
        with torch.no_grad():
            for batch in batches[: batches_scored(batches[0].count if batches else 0)]:
                losses.append(float(loss_of(learner, batch)))
                found = _hits(outputs[-1], batch.target, setup) if outputs else None
                if found is not None:
                    right, count = right + found[0], count + found[1]
    finally:
        handle.remove()
        for module, mode in modes:
            module.training = mode
    return (sum(losses) / len(losses) if losses else nan), (right / count if count else None)


def _hits(prediction: Any, target: Any, setup: Setup) -> tuple[int, int] | None:
    if not isinstance(target, torch.Tensor) or prediction is None:
        return None
    axis = class_axis(prediction, setup.loss.name)
    goal = target.movedim(axis, -1) if target.shape == prediction.shape and target.ndim else target
    return hits(array_of(prediction.movedim(axis, -1) if prediction.ndim else prediction), array_of(goal), setup)


def baseline_of(learner: Learner, batches: Sequence[Batch], output: Any, loss: str, last: str = "") -> float:
    """The loss of the best prediction that is the same for every example, by this very loss; NaN where none is found.

    `output` is the model's for a batch, `last` the kind of its last activation.
    """
    if learner.loss is None or not isinstance(output, torch.Tensor) or not output.ndim:
        return nan
    targets = [batch.target for batch in batches]
    if not all(isinstance(target, torch.Tensor) and target.ndim for target in targets):
        return nan
    axis = class_axis(output, loss)
    one = output[0].movedim(axis - 1, -1) if axis > 0 else output[0]

    def loss_of_constant(constant: np.ndarray, place: int) -> float:
        batch = batches[place]
        row = torch.tensor(constant, dtype=output.dtype, device=output.device)
        given = (row.movedim(-1, axis - 1) if axis > 0 else row).expand(batch.count, *output.shape[1:])
        try:
            with torch.no_grad():
                return float(learner.loss(given, batch.target, *batch.more))
        except Exception:  # noqa: BLE001 - the loss may not take this candidate: it is none
            return nan

    return best_constant([array_of(target) for target in targets], tuple(one.shape), last, loss_of_constant)
