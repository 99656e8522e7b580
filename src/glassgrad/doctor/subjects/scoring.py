"""What a model is scored on before and after a run, and which predictions of a classification are right. Floor 7."""

import numpy as np

from glassgrad.doctor.measured.losses import LOSSES
from glassgrad.doctor.measured.parts import last_kind, of_the_model
from glassgrad.doctor.measured.setup import Setup

BATCHES, EXAMPLES = 8, 64  # at least, that are evaluated before and after a run


def batches_scored(size: int) -> int:
    """How many batches of so many examples are evaluated: of small ones more, for eight examples tell little.

    >>> batches_scored(32), batches_scored(1)
    (8, 64)
    """
    return max(BATCHES, -(-EXAMPLES // max(size, 1)))


def hits(prediction: np.ndarray, target: np.ndarray, setup: Setup) -> tuple[int, int] | None:
    """(right predictions, all of them) of a model's output (examples, …), classes last; None of no classification."""
    task = setup.data.task if setup.data is not None else "other"
    if task not in ("classes", "binary") or not target.size:
        return None
    if prediction.ndim > 1 and prediction.shape[-1] > 1:
        chosen = prediction.argmax(-1)
        wanted = target.argmax(-1) if task == "classes" and target.shape == prediction.shape else target
        if chosen.size == wanted.size:
            return int((chosen.ravel() == wanted.ravel()).sum()), wanted.size
    if prediction.size != target.size:
        return None
    flat, goal = prediction.ravel(), target.ravel()
    if task == "classes":
        return int((np.round(flat) == goal).sum()), goal.size
    middle = 0.0 if goal.min() < 0 else 0.5
    edge = 0.0 if middle == 0 or _is_unbent(setup) else 0.5
    return int(((flat > edge) == (goal > middle)).sum()), goal.size


def _is_unbent(setup: Setup) -> bool:
    """Is yes whatever is above 0? So where the loss, or what it begins with, makes a probability of the output."""
    known = LOSSES.get(setup.loss.name)
    own = of_the_model(setup.parts)
    inside = last_kind(setup.parts) if len(own) < len(setup.parts) else ""
    return (known is not None and known.takes in ("logits", "margins")) or inside in ("sigmoid", "hard_sigmoid", "tanh")
