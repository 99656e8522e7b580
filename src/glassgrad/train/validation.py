"""The loss and the metrics of validation data, as if it were one batch. Floor 7."""

from collections.abc import Callable
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.naming import counted
from glassgrad.base.trees import Tree, flatten, unflatten
from glassgrad.nn.objective import Judged, Objective, Supervised
from glassgrad.train.data.batches import Batch, Order, Source
from glassgrad.train.history import Means

Evaluate = Callable[[tuple[Tree, ...], Any], tuple[Judged, Tree]]


def validated(evaluate: Evaluate, objective: Objective | Supervised, source: Source, order: Order) -> dict[str, float]:
    """The numbers of all batches of the source by name.

    The loss, and what an `Objective` gives, are means over all that counts. Metrics of predictions are taken of all
    predictions at once: an area under a curve is no mean of areas.
    """
    means, batches, batch = Means(), [], None
    for batch in source.batches(order):
        judged, prediction = evaluate(batch.values, batch.mask)
        numbers = {"loss": float(judged.loss)} | {name: float(number) for name, number in judged.metrics.items()}
        means.add(batch.rows, numbers, judged.counts)
        if prediction is not None:
            batches.append(_real(batch, (prediction, *batch.values[1:])))
    if batch is None:
        raise no_batch("validation data", order)
    found = means.values()
    return found | _of_all(objective, batches) if isinstance(objective, Supervised) and batches else found


def no_batch(what: str, order: Order) -> UsageError:
    """The error of data that gives nothing."""
    hint = f"last='drop' leaves out batches of less than {counted(order.size, 'row')}" if order.last == "drop" else None
    return UsageError(f"the {what} gave no batch", hint=hint)


def _of_all(objective: Supervised, batches: list[tuple[int, Tree]]) -> dict[str, float]:
    """The metrics of all predictions; where these have no rows to join by, the means of those of the batches."""
    together = _joined(batches)
    parts = batches if together is None else [(1, together)]
    means = Means()
    with np.errstate(all="ignore"):  # as in compiled code
        for rows, (prediction, *targets) in parts:
            numbers, counts = objective.measured(prediction, tuple(targets))
            means.add(rows, {name: float(number) for name, number in numbers.items()}, counts)
    return means.values()


def _real(batch: Batch, values: Tree) -> tuple[int, Tree]:
    """How many rows are real, and the arrays without the others; half precision is widened, for sums of many."""
    leaves, structure = flatten(values)
    arrays = [np.asarray(leaf) for leaf in leaves]
    if batch.mask is not None:
        arrays = [array[batch.mask] if array.shape[:1] == batch.mask.shape else array for array in arrays]
    arrays = [array.astype(np.float32) if array.dtype == np.float16 else array for array in arrays]
    return batch.rows, unflatten(structure, arrays)


def _joined(batches: list[tuple[int, Tree]]) -> Tree | None:
    """The arrays of all batches behind each other; None where some have another axis in front, or other sizes."""
    columns, structure = [], flatten(batches[0][1])[1]
    for rows, values in batches:
        leaves = flatten(values)[0]
        if any(leaf.shape[:1] != (rows,) for leaf in leaves):
            return None
        columns.append(leaves)
    if any(len({leaf.shape[1:] for leaf in column}) > 1 for column in zip(*columns, strict=True)):
        return None
    return unflatten(structure, [np.concatenate(column) for column in zip(*columns, strict=True)])
