"""What the data of a set-up is, from arrays of its first batches: scale, labels, constant columns. Floor 7."""

from collections.abc import Sequence
from math import nan

import numpy as np

from glassgrad.doctor.measured.losses import OF_CLASSES, OF_NUMBERS, OF_SHARES
from glassgrad.doctor.measured.setup import Column, DataFacts, Task

BATCHES = 32  # that are looked at
_FEATURES = 1000  # columns that are looked at
_LABELS = 1000  # different labels that are counted
_CLASSES = 20  # whole numbers stored as floats are labels up to so many


def data_facts(
    inputs: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    *,
    loss: str,
    batches: int = 0,
    dtypes: tuple[str, str] | None = None,
    channels_first: bool = False,
    baseline: float = nan,
) -> DataFacts:
    """The facts of some batches: `inputs` and `targets` have an array (examples, …) for each.

    `loss` is a name of LossFacts, which tells labels from numbers where the targets alone do not. `dtypes` are those
    of inputs and targets where they are to be named otherwise than by NumPy. `channels_first` takes axis 1 for the
    features of images. `batches` are in an epoch, 0 where that is not known.

    >>> import numpy as np
    >>> facts = data_facts([np.eye(4) * 255], [np.array([0, 1, 1, 0])], loss="cross_entropy")
    >>> facts.task, facts.labels, facts.inputs.high
    ('classes', ((0.0, 2), (1.0, 2)), 255.0)
    """
    first, target = inputs[0], targets[0] if targets else np.zeros(0)
    rows = _joined(inputs)
    entries = None if rows is None else _by_feature(rows, channels_first)
    answers = _joined(targets) if targets else None
    task = task_of(answers, loss) if answers is not None else "other"
    return DataFacts(
        batch=len(first) if first.ndim else 1,
        batches=batches,
        input_shape=tuple(first.shape[1:]),
        target_shape=tuple(target.shape[1:]),
        input_dtype=dtypes[0] if dtypes else str(first.dtype),
        target_dtype=dtypes[1] if dtypes else str(target.dtype),
        inputs=column(rows) if rows is not None and rows.dtype.kind == "f" else None,
        features=_columns(entries) if entries is not None else (),
        targets=column(answers) if answers is not None and answers.size else None,
        task=task,
        labels=_labels(answers) if answers is not None and task in ("classes", "binary") else (),
        nan_inputs=_no_numbers(rows),
        nan_targets=_no_numbers(answers),
        constant=_constant(entries),
        twins=_twins(entries),
        baseline=baseline,
    )


def column(values: np.ndarray) -> Column | None:
    """Mean, deviation and range of the numbers in an array; None where there are none."""
    plain = values.astype(np.float64).ravel()
    plain = plain[np.isfinite(plain)]
    if not plain.size:
        return None
    return Column(float(plain.mean()), float(plain.std()), float(plain.min()), float(plain.max()))


def task_of(targets: np.ndarray, loss: str) -> Task:
    """What is to be learnt, from the targets (examples, …) and the loss."""
    plain = targets.ravel()
    if targets.dtype.kind == "f":
        plain = plain[np.isfinite(plain)]
    if not plain.size:
        return "other"
    if loss in OF_CLASSES:
        return "classes"
    different = np.unique(plain[:100_000])
    if is_one_hot(targets):
        return "classes"
    if loss in OF_SHARES:
        return "binary"
    if len(different) == 2 and (set(different.tolist()) in ({0, 1}, {-1, 1})):
        return "binary"
    whole = targets.dtype.kind in "biu" or bool((different == np.round(different)).all())
    if whole and 2 < len(different) <= _CLASSES and different[0] == 0 and different[-1] == len(different) - 1:
        return "classes"
    if loss in ("hinge", "squared_hinge"):
        return "binary"
    return "regression" if loss in (*OF_NUMBERS, "custom") else "other"


def is_one_hot(targets: np.ndarray) -> bool:
    """Does each row (of two and more) hold one 1 among zeros?"""
    if targets.ndim < 2 or targets.shape[-1] < 2:
        return False
    return bool((np.isin(targets, (0, 1)).all()) and (targets.sum(-1) == 1).all())


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray | None:
    """The examples of all batches, where they are of one shape."""
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) == 1 and all(part.ndim for part in parts):
        return np.concatenate(parts)
    flat = [part.ravel() for part in parts]
    return np.concatenate(flat) if flat else None


def _by_feature(rows: np.ndarray, channels_first: bool) -> np.ndarray | None:
    """(entries, features) of the inputs, where they are numbers."""
    if rows.dtype.kind != "f" or rows.ndim < 2:
        return None
    moved = np.moveaxis(rows, 1, -1) if channels_first and rows.ndim > 2 else rows
    return moved.reshape(-1, moved.shape[-1])[:, :_FEATURES].astype(np.float64)


def _columns(entries: np.ndarray) -> tuple[Column, ...]:
    found = [column(entries[:, place]) for place in range(entries.shape[1])]
    return tuple(one or Column(nan, nan, nan, nan) for one in found)


def _labels(targets: np.ndarray) -> tuple[tuple[float, int], ...]:
    chosen = targets.argmax(-1) if is_one_hot(targets) else targets.ravel()
    if chosen.dtype.kind == "f":
        chosen = chosen[np.isfinite(chosen)]
    values, counts = np.unique(chosen, return_counts=True)
    return tuple((float(value), int(count)) for value, count in zip(values[:_LABELS], counts[:_LABELS], strict=True))


def _no_numbers(values: np.ndarray | None) -> float:
    if values is None or values.dtype.kind != "f" or not values.size:
        return 0.0
    return float(np.mean(~np.isfinite(values)))


def _constant(entries: np.ndarray | None) -> tuple[int, ...]:
    if entries is None or len(entries) < 2:
        return ()
    return tuple(int(place) for place in np.flatnonzero((entries == entries[:1]).all(0)))


def _twins(entries: np.ndarray | None) -> tuple[tuple[int, int], ...]:
    """Pairs of features that are the same in every example, and not constant."""
    if entries is None or len(entries) < 2:
        return ()
    first: dict[bytes, int] = {}
    constant = set(_constant(entries))
    pairs = []
    for place in range(entries.shape[1]):
        if place in constant:
            continue
        content = entries[:, place].tobytes()
        if content in first:
            pairs.append((first[content], place))
        else:
            first[content] = place
    return tuple(pairs)
