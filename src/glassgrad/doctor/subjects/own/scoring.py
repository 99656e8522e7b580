"""The loss, and the share of right predictions, over some fixed batches in evaluation. Floor 7."""

from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad.base.trees import flatten
from glassgrad.doctor.subjects.own.machine import State

if TYPE_CHECKING:
    from glassgrad.doctor.subjects.own.subject import OwnSubject

BATCHES = 8  # that are evaluated before and after


def judged(subject: "OwnSubject", state: State, fixed: dict[str, Any]) -> tuple[float, float | None]:
    """(the mean loss, the share of right predictions or None) over the first batches, in evaluation."""
    losses, right, count = [], 0, 0
    setup = subject.setup()
    is_bent_later = bool(setup.parts) and setup.parts[-1].path == "loss.sigmoid"
    name = "binary_cross_entropy_logits" if is_bent_later else setup.loss.name
    for values in subject.batches.values[:BATCHES]:
        loss, predictions = subject.machine.evaluate(state.parameters, state.states, fixed, values)
        losses.append(loss)
        found = hits(predictions, values[1:], name, setup.data.task if setup.data else "other")
        if found is not None:
            right, count = right + found[0], count + found[1]
    return (float(np.mean(losses)) if losses else nan), (right / count if count else None)


def hits(predictions: Any, targets: tuple[Any, ...], loss: str, task: str) -> tuple[int, int] | None:
    """(right predictions, all of them), of a classification."""
    leaves = [np.asarray(leaf) for leaf in flatten(targets)[0]]
    if task not in ("classes", "binary") or len(predictions) != 1 or len(leaves) != 1:
        return None
    prediction, target = predictions[0], leaves[0]
    if prediction.ndim and prediction.shape[-1] > 1 and prediction.shape[:-1] == target.shape:
        chosen = prediction.argmax(axis=-1)
        return int((chosen == target).sum()), target.size
    if prediction.shape == target.shape and prediction.ndim and prediction.shape[-1] > 1 and task == "classes":
        return int((prediction.argmax(axis=-1) == target.argmax(axis=-1)).sum()), target[..., 0].size
    if prediction.size == target.size and task == "classes":
        return int((np.round(prediction.ravel()) == target.ravel()).sum()), target.size
    if prediction.size == target.size:
        edge = 0.0 if loss in ("binary_cross_entropy_logits", "hinge") else 0.5
        middle = 0.0 if target.min() < 0 else 0.5
        return int(((prediction.ravel() > edge) == (target.ravel() > middle)).sum()), target.size
    return None
