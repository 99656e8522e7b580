"""The best constant prediction of a loss: what a network has to beat. Floor 7."""

from collections.abc import Callable, Sequence
from math import inf, nan

import numpy as np

from glassgrad.base.trees import Tree

_TINY = 1e-12

Evaluate = Callable[[np.ndarray, tuple[Tree, ...]], float | None]


def baseline_of(
    batches: Sequence[tuple[Tree, ...]], targets: Sequence[np.ndarray], loss: str, shape: tuple[int, ...],
    evaluate: Evaluate,
) -> float:  # fmt: skip
    """The least loss, over these batches, of the constants that are right for it (or of all, for a loss not known).

    `shape` is that of a prediction for a batch; `evaluate` gives the loss of one beside the targets of a batch. Batches
    whose targets are not all numbers, or of another shape than the first, are left out.
    """
    pairs = [
        (values, target)
        for values, target in zip(batches, targets, strict=True)
        if target.ndim and target.shape[1:] == targets[0].shape[1:] and np.isfinite(target).all()
    ]
    if not pairs or not shape:
        return nan
    best = inf
    for constant in _constants(np.concatenate([target for _, target in pairs]), loss, shape):
        total, rows = 0.0, 0
        for values, target in pairs:
            whole = np.broadcast_to(constant, (len(target), *shape[1:])).astype(np.float32)
            value = evaluate(whole, values)
            total += inf if value is None or not np.isfinite(value) else value * len(target)
            rows += len(target)
        if rows and total / rows < best:
            best = total / rows
    return best if best < inf else nan


def _constants(y: np.ndarray, loss: str, shape: tuple[int, ...]) -> list[np.ndarray]:
    """The constants that are right for a loss; for one that is not known, all of them."""
    found: dict[str, np.ndarray] = {"zeros": np.zeros(shape[1:])}
    wide = y.astype(np.float64)
    units = shape[-1] if len(shape) > 1 else 1
    if y.shape[1:] == shape[1:] or y[0].size == int(np.prod(shape[1:])):
        mean = wide.mean(axis=0).reshape(shape[1:])
        share = np.clip(mean, 1e-6, 1 - 1e-6)
        found |= {"mean": mean, "median": np.median(wide, axis=0).reshape(shape[1:]), "sign": np.sign(mean)}
        found |= {
            "share": share,
            "logit": np.log(share) - np.log1p(-share),
            "logarithm": np.log(np.maximum(mean, _TINY)),
        }
    if y.dtype.kind in "iub" and units > 1 and wide.min(initial=0) >= 0 and wide.max(initial=0) < units:
        counts = np.bincount(y.astype(np.int64).ravel(), minlength=units)
        share = np.clip(counts / counts.sum(), 1e-9, 1)
        found |= {"share": share, "logarithm": np.log(share)}
    right = [found[name] for name in _RIGHT.get(loss, ("zeros", "mean", "median", "share", "logit")) if name in found]
    return right or [found["zeros"]]


# The constant prediction that is best for a loss.
_RIGHT = {
    "mse": ("mean",), "mae": ("median",), "huber": ("mean", "median"), "log_cosh": ("mean", "median"),
    "cross_entropy": ("logarithm",), "nll": ("logarithm",), "binary_cross_entropy": ("share",),
    "binary_cross_entropy_logits": ("logit",), "hinge": ("sign", "zeros"), "squared_hinge": ("mean", "zeros"),
    "poisson": ("logarithm",), "kl": ("logarithm",),
}  # fmt: skip
