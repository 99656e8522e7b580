"""How well a model does on the data of its case, without any doctor: 1 is perfect, 0 is what a constant reaches."""

import numpy as np

from tests.doctor_cases.case import Case

_SIGNED = ("bce_logits", "hinge")  # losses whose predictions are cut at 0


def skill(case: Case, prediction: np.ndarray, target: np.ndarray) -> float:
    """R² of a regression, or the share of right answers over what the commonest answer gives. NaN counts as nothing."""
    if not np.isfinite(prediction).all():
        return 0.0
    is_class = target.dtype.kind == "i" or "one-hot" in case.changed
    if is_class:
        labels = target if target.dtype.kind == "i" else target.argmax(axis=1)
        return _gained(float(np.mean(prediction.argmax(axis=1) == labels)), np.bincount(labels).max() / len(labels))
    target, prediction = target.reshape(len(target), -1), prediction.reshape(len(target), -1)
    if set(np.unique(target)) in ({0.0, 1.0}, {-1.0, 1.0}):
        edge = 0.0 if case.loss.split()[0] in _SIGNED or target.min() < 0 else 0.5
        is_one = target > 0.5
        return _gained(float(np.mean((prediction > edge) == is_one)), max(is_one.mean(), 1 - is_one.mean()))
    if case.loss == "poisson":
        prediction = np.exp(prediction)
    finite = np.isfinite(target)
    spread = float(np.var(target[finite]))
    return 1 - float(np.mean((prediction - target)[finite] ** 2)) / spread if spread > 0 else 0.0


def _gained(right: float, common: float) -> float:
    return (right - common) / (1 - common) if common < 1 else 0.0
