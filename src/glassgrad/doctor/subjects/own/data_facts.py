"""What the data is: shapes, scales, labels, what is constant, and what the best constant prediction loses. Floor 7."""

from collections.abc import Callable, Sequence
from math import inf, nan
from typing import Any

import numpy as np

from glassgrad.base.trees import Tree, flatten
from glassgrad.doctor.measured.setup import Column, DataFacts, Task
from glassgrad.doctor.subjects.own.batches import Batches
from glassgrad.doctor.subjects.own.units import by_unit

BATCHES = 32  # that are looked at
_FEATURES = 1000
_CLASSES = 1000
_TINY = 1e-12

Evaluate = Callable[[np.ndarray, tuple[Tree, ...]], float | None]


def data_facts(batches: Batches, loss: str, prediction: tuple[int, ...], evaluate: Evaluate) -> DataFacts:
    """The facts. `prediction` is the shape of a prediction for a batch; `evaluate` the loss of one beside targets."""
    seen = batches.values[:BATCHES]
    inputs = [_first(values[:1]) for values in seen]
    targets = [_first(values[1:]) for values in seen]
    x = _joined(inputs)
    y = _joined(targets)
    task = _task(y, loss, prediction)
    columns, constant, twins = _features(x)
    return DataFacts(
        batch=len(inputs[0]) if inputs[0] is not None and inputs[0].ndim else 0,
        batches=len(batches) if batches.is_whole else 0,
        input_shape=tuple(inputs[0].shape[1:]) if inputs[0] is not None else (),
        target_shape=tuple(targets[0].shape[1:]) if targets[0] is not None else (),
        input_dtype="" if x is None else str(x.dtype),
        target_dtype="" if y is None else str(y.dtype),
        inputs=None if x is None or x.dtype.kind not in "fb" else column(x),
        features=columns,
        targets=None if y is None else column(y),
        task=task,
        labels=_labels(y, task),
        nan_inputs=_missing(x),
        nan_targets=_missing(y),
        constant=constant,
        twins=twins,
        baseline=_baseline(*_finite(seen, targets), loss, prediction, evaluate),
    )


def _first(tree: Any) -> np.ndarray | None:
    leaves = flatten(tuple(tree))[0]
    return np.asarray(leaves[0]) if leaves else None


def _joined(arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """All batches of one shape as one array; those of other shapes (of sequences, say) are left out."""
    found = [array for array in arrays if array is not None and array.ndim]
    if not found:
        return None
    return np.concatenate([array for array in found if array.shape[1:] == found[0].shape[1:]])


def column(array: np.ndarray) -> Column | None:
    """Mean, deviation and range of the numbers that are finite."""
    wide = array.astype(np.float64).ravel()
    wide = wide[np.isfinite(wide)]
    return Column(float(wide.mean()), float(wide.std()), float(wide.min()), float(wide.max())) if wide.size else None


def _features(x: np.ndarray | None) -> tuple[tuple[Column, ...], tuple[int, ...], tuple[tuple[int, int], ...]]:
    """(the columns, those of one value, pairs that are the same)."""
    if x is None or x.dtype.kind not in "fb" or x.ndim < 2:
        return (), (), ()
    rows = by_unit(x, "")[:, :_FEATURES].astype(np.float64)
    columns = tuple([column(rows[:, place]) or Column(nan, nan, nan, nan) for place in range(rows.shape[1])])
    constant = tuple([place for place, one in enumerate(columns) if one.low == one.high]) if len(rows) > 1 else ()
    return columns, constant, _twins(rows, set(constant))


def _twins(rows: np.ndarray, constant: set[int]) -> tuple[tuple[int, int], ...]:
    seen: dict[bytes, int] = {}
    found = []
    for place in range(rows.shape[1] if len(rows) > 2 else 0):
        first = seen.setdefault(rows[:, place].tobytes(), place)
        if first != place and place not in constant:
            found.append((first, place))
    return tuple(found)


def _finite(
    seen: Sequence[tuple[Tree, ...]], targets: Sequence[np.ndarray | None]
) -> tuple[list[tuple[Tree, ...]], list[np.ndarray | None]]:
    """The batches whose targets are all numbers."""
    pairs = [
        (values, target)
        for values, target in zip(seen, targets, strict=True)
        if target is not None and (target.dtype.kind != "f" or np.isfinite(target).all())
    ]
    return [values for values, _ in pairs], [target for _, target in pairs]


def _missing(array: np.ndarray | None) -> float:
    if array is None or array.dtype.kind not in "fc" or not array.size:
        return 0.0
    return float(np.mean(np.isnan(array)))


def _task(y: np.ndarray | None, loss: str, prediction: tuple[int, ...]) -> Task:
    """What kind of question the targets ask."""
    if y is None:
        return "other"
    values = np.unique(y[np.isfinite(y)] if y.dtype.kind == "f" else y)[: _CLASSES + 1]
    is_whole = bool(len(values)) and bool(np.all(values == np.floor(values)))
    if loss in ("cross_entropy", "nll") or (
        y.dtype.kind in "iub" and prediction[-1:] > (1,) and y.ndim < len(prediction)
    ):
        return "classes"
    units = y.shape[-1] if y.ndim > 1 else 1
    is_yes_no = is_whole and set(values.tolist()) <= {0, 1, -1} and len(values) <= 2
    if units > 1 and is_yes_no and y.ndim == 2 and bool(np.all(y.astype(np.float64).sum(axis=-1) == 1)):
        return "classes"
    if loss in ("binary_cross_entropy", "binary_cross_entropy_logits", "hinge") or (is_yes_no and units == 1):
        return "binary"
    return "regression" if loss in ("mse", "mae", "huber", "poisson", "log_cosh") or y.dtype.kind == "f" else "other"


def _labels(y: np.ndarray | None, task: Task) -> tuple[tuple[float, int], ...]:
    if y is None or task not in ("classes", "binary"):
        return ()
    plain = y.argmax(axis=-1) if task == "classes" and y.dtype.kind == "f" and y.ndim > 1 else y
    values, counts = np.unique(plain, return_counts=True)
    if len(values) > _CLASSES:
        return ()
    return tuple([(float(value), int(count)) for value, count in zip(values, counts, strict=True)])


# ------------------------------------------------------------------ the best constant prediction
def _baseline(
    seen: Sequence[tuple[Tree, ...]], targets: Sequence[np.ndarray | None], loss: str, shape: tuple[int, ...],
    evaluate: Evaluate,
) -> float:  # fmt: skip
    """The least loss, over these batches, of the constants that are right for it (or of all, for a loss not known)."""
    y = _joined(targets)
    if y is None or not shape or not len(y):
        return nan
    best = inf
    for constant in _constants(y, loss, shape):
        total, rows = 0.0, 0
        for values, target in zip(seen, targets, strict=True):
            count = 0 if target is None or not target.ndim else len(target)
            whole = np.broadcast_to(constant, (count, *shape[1:])).astype(np.float32)
            value = evaluate(whole, values)
            if value is None or not np.isfinite(value):
                total = inf
                break
            total, rows = total + value * count, rows + count
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
