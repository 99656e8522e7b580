"""The best constant prediction by a loss: what a network has to beat. Floor 7."""

from collections.abc import Callable, Sequence
from math import isfinite, nan

import numpy as np

from glassgrad.doctor.measured.activations import RANGES

_TINY = 1e-6  # shares are as far as that from 0 and 1

# The loss of a constant prediction for one example beside the targets of the batch of this number; NaN where the loss
# does not take it.
LossOf = Callable[[np.ndarray, int], float]


def best_constant(targets: Sequence[np.ndarray], shape: tuple[int, ...], last: str, loss_of: LossOf) -> float:
    """The least mean loss over these batches of the same prediction for every example; NaN where none is found.

    Candidates are what is best for the usual losses: mean and median of the targets, the frequencies of the labels,
    their logarithms and log-odds; of them those that the model can give. Batches whose targets are not all numbers, or
    of another shape than the first, are left out.

    Args:
        targets: (examples, …) of each batch.
        shape: of a prediction for one example, classes last.
        last: the kind of the model's last activation; "" for none.
        loss_of: asked for each candidate and batch.

    >>> targets = [np.array([1.0, 3.0]), np.array([2.0, 2.0])]
    >>> best_constant(targets, (), "", lambda constant, batch: float(((targets[batch] - constant) ** 2).mean()))
    0.5
    """
    places = [
        place
        for place, target in enumerate(targets)
        if target.ndim and target.shape[1:] == targets[0].shape[1:] and np.isfinite(target).all()
    ]
    if not places:
        return nan
    best = nan
    for constant in _constants(np.concatenate([targets[place] for place in places]), shape):
        if not _can_give(last, constant):
            continue
        value = float(np.mean([loss_of(constant, place) for place in places]))
        if isfinite(value) and not value >= best:
            best = value
    return best


def _can_give(last: str, constant: np.ndarray) -> bool:
    """Is a constant among what an activation gives?"""
    low, high = RANGES.get(last, (-np.inf, np.inf))
    if constant.size and not low <= constant.min() <= constant.max() <= high:
        return False
    if last == "softmax":
        return bool(np.abs(constant.sum(-1) - 1).max() < 1e-3)
    if last == "log_softmax":
        return bool(np.abs(np.exp(constant).sum(-1) - 1).max() < 1e-3)
    return True


def _constants(targets: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Predictions for one example, each once."""
    wide = targets.astype(np.float64)
    found: list[np.ndarray] = [np.zeros(shape)]
    if wide[0].size == int(np.prod(shape)):
        mean, median = wide.mean(0).reshape(shape), np.median(wide, axis=0).reshape(shape)
    else:
        mean, median = np.full(shape, wide.mean()), np.full(shape, np.median(wide))
    share = np.clip(mean, _TINY, 1 - _TINY)
    found += [mean, median, share, np.log(share) - np.log1p(-share), np.log(share), np.log(np.maximum(mean, _TINY))]
    found += [np.full(shape, wide.min()), np.full(shape, wide.max()), np.sign(mean)]
    units = shape[-1] if shape else 1
    are_labels = targets.ndim <= len(shape) and units > 1 and bool((wide == wide.round()).all())
    if are_labels and wide.min() >= 0 and wide.max() < units:
        counts = np.bincount(wide.astype(np.int64).ravel(), minlength=units)
        shares = np.clip(counts / counts.sum(), _TINY, 1.0)
        odds = np.log(shares / np.clip(1 - shares, _TINY, 1.0))
        found += [np.broadcast_to(one, shape) for one in (shares / shares.sum(), np.log(shares / shares.sum()), odds)]
    return list({one.tobytes(): one for one in found}.values())
