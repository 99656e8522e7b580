"""Edits of the loss, the data and the optimiser. Floor 7."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from glassgrad.base.trees import Tree, flatten, map_leaves, unflatten
from glassgrad.doctor.measured.setup import Setup
from glassgrad.doctor.subjects.own.batches import Batches
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.nn.losses.by_name import LOSSES
from glassgrad.nn.objective import Objective
from glassgrad.optim.clipping import clip_by_norm
from glassgrad.optim.made import Made
from glassgrad.optim.optimizer import Optimizer, chain

_OURS = {"binary_cross_entropy_logits": "binary_cross_entropy"}  # names of LossFacts -> ours


# ------------------------------------------------------------------ the loss
def new_loss(loss: Any, setup: Setup, name: str) -> Callable[..., Any]:
    """Another loss of ours, averaged, with targets cast and shaped as it wants them."""
    if isinstance(loss, Objective):
        raise Cannot("an Objective computes its own loss, which cannot be exchanged from outside")
    labels = tuple(int(label) for label, _ in setup.data.labels) if setup.data is not None else ()
    inner = LOSSES[_OURS.get(name, name)]
    fits: dict[str, Callable[[Any, Any], Any]] = {
        "cross_entropy": partial(_as_labels, labels),
        "binary_cross_entropy_logits": _as_yes_no,
    }
    fit = fits.get(name, _as_numbers)

    def changed(prediction: Any, target: Any) -> Any:
        return inner(prediction, fit(prediction, target))

    changed.__name__ = name
    return changed


def _as_labels(labels: tuple[int, ...], prediction: Any, target: Any) -> Any:
    """Whole numbers from 0, one for each item; of one-hot rows their places."""
    if np.ndim(target) == np.ndim(prediction) and np.shape(target)[-1] > 1:
        return np.argmax(target, axis=-1)
    flat = target.reshape(np.shape(prediction)[:-1]).astype(np.int64)
    if labels == (-1, 1):
        return (flat + 1) // 2
    return flat - labels[0] if labels and labels == tuple(range(labels[0], labels[0] + len(labels))) else flat


def _as_yes_no(prediction: Any, target: Any) -> Any:
    shaped = _as_numbers(prediction, target)
    return np.where(shaped < 0, 0, shaped)


def _as_numbers(prediction: Any, target: Any) -> Any:
    """Targets in the prediction's shape; labels become rows with one 1."""
    if np.ndim(prediction) == np.ndim(target) + 1 and np.shape(prediction)[-1] > 1:
        return (np.expand_dims(target, -1) == np.arange(np.shape(prediction)[-1])).astype(prediction.dtype)
    return target.reshape(np.shape(prediction)).astype(prediction.dtype)


def mean_loss(loss: Any, setup: Setup) -> Callable[..., Any]:
    """The loss averaged: a loss of ours by its name, any other divided by the examples of a batch."""
    if setup.loss.reduction == "mean":
        raise Cannot("the loss is averaged already")
    name = getattr(loss.func if isinstance(loss, partial) else loss, "__name__", "")
    if LOSSES.get(name) is (loss.func if isinstance(loss, partial) else loss):
        return partial(LOSSES[name], **{**getattr(loss, "keywords", {}), "reduction": "mean"})
    if isinstance(loss, Objective):
        return Objective(
            lambda model, inputs, *targets: loss.function(model, inputs, *targets) / len(flatten(inputs)[0][0])
        )

    def averaged(prediction: Any, *targets: Any) -> Any:
        return loss(prediction, *targets) / max(int(np.prod(np.shape(prediction))), 1)

    return averaged


def matched_loss(loss: Any) -> Callable[..., Any]:
    """The loss of a target in the prediction's shape."""
    if isinstance(loss, Objective):
        raise Cannot("an Objective computes its own loss, which cannot be changed from outside")

    def matched(prediction: Any, target: Any, *rest: Any) -> Any:
        if np.size(target) != np.size(prediction):
            raise Cannot(
                f"a target of {np.size(target)} numbers has no shape like a prediction of {np.size(prediction)}"
            )
        return loss(prediction, target.reshape(np.shape(prediction)), *rest)

    return matched


# ------------------------------------------------------------------ the data
def scaled_inputs(batches: Batches, setup: Setup) -> Batches:
    """Inputs standardised by feature, images by channel; what is no number becomes the mean."""
    if any(part.kind == "embedding" for part in setup.parts[:2]):
        raise Cannot("the inputs are indices of an embedding, which have no scale")
    arrays = [flatten(values[:1])[0] for values in batches.values]
    dtype = np.result_type(np.float32, *[leaf.dtype for leaf in arrays[0] if leaf.dtype.kind == "f"])
    facts = [_standard([row[place] for row in arrays]) for place in range(len(arrays[0]))]

    def scaled(values: tuple[Tree, ...]) -> tuple[Tree, ...]:
        remaining = iter(facts)
        (inputs,) = map_leaves(lambda leaf: _scaled(leaf, *next(remaining), dtype), values[:1])
        return (inputs, *values[1:])

    return replace(batches, values=tuple([scaled(values) for values in batches.values]))


def _standard(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation along all axes but that of the feature."""
    axis = 1 if arrays[0].ndim >= 4 else arrays[0].ndim - 1
    rows = [np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis]).astype(np.float64) for array in arrays]
    whole = np.concatenate(rows)
    whole = np.where(np.isfinite(whole), whole, np.nan)
    known = np.isfinite(whole)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, whole, 0).sum(axis=0) / count
    deviation = np.sqrt(np.where(known, (whole - mean) ** 2, 0).sum(axis=0) / count)
    shape = [1] * arrays[0].ndim
    shape[axis] = -1
    return mean.reshape(shape), np.where(deviation > 0, deviation, 1).reshape(shape)


def _scaled(leaf: np.ndarray, mean: np.ndarray, deviation: np.ndarray, dtype: Any) -> np.ndarray:
    found = (leaf - mean) / deviation
    return np.where(np.isfinite(found), found, 0).astype(dtype)


def scaled_targets(batches: Batches, setup: Setup) -> Batches:
    """Targets of a regression standardised."""
    if setup.data is None or setup.data.task != "regression":
        raise Cannot("the targets are labels, which have no scale")
    whole = np.concatenate([np.asarray(values[1], np.float64).ravel() for values in batches.values])
    whole = whole[np.isfinite(whole)]
    mean, deviation = float(whole.mean()), float(whole.std()) or 1.0
    return replace(
        batches,
        values=tuple(
            [(values[0], ((values[1] - mean) / deviation).astype(np.float32), *values[2:]) for values in batches.values]
        ),
    )


def without_rows(batches: Batches) -> Batches:
    """Batches of the same size without the examples that hold a NaN."""
    kept = []
    for values in batches.values:
        leaves = [leaf for leaf in flatten(values)[0] if leaf.ndim]
        good = np.ones(len(leaves[0]), bool)
        for leaf in leaves:
            if leaf.dtype.kind == "f":
                good &= np.isfinite(leaf.reshape(len(leaf), -1)).all(axis=1)
        if good.any():
            kept.append(map_leaves(lambda leaf, good=good: leaf[good], values))
    if not kept:
        raise Cannot("every example holds a NaN")
    size = len(flatten(batches.values[0])[0][0])
    return replace(batches, values=recut(kept, size))


def larger_batches(batches: Batches, factor: int) -> Batches:
    """Neighbours joined."""
    if len(batches) < 2:
        raise Cannot("there is only one batch")
    size = len(flatten(batches.values[0])[0][0])
    return replace(batches, values=recut(batches.values, size * min(factor, len(batches))))


def recut(values: Sequence[tuple[Tree, ...]], size: int) -> tuple[tuple[Tree, ...], ...]:
    """The rows of some batches in batches of another size; a last, shorter one is left out where there are others."""
    structure = flatten(values[0])[1]
    columns = list(zip(*[flatten(batch)[0] for batch in values], strict=True))
    whole = [np.concatenate(column) for column in columns]
    count = max(len(whole[0]) // size, 1)
    return tuple([unflatten(structure, [leaf[at * size : (at + 1) * size] for leaf in whole]) for at in range(count)])


# ------------------------------------------------------------------ the optimiser
def clipped(optimizer: Optimizer, norm: float) -> Optimizer:
    """The optimiser behind a clipping of the whole gradient."""
    return chain(clip_by_norm(norm), optimizer)


def warmed_up(optimizer: Optimizer, steps: int) -> Optimizer:
    """The optimiser whose updates grow from nothing to their size over so many steps."""

    def start(parameters: Tree) -> Any:
        return np.int64(0), optimizer.start(parameters)

    def update(gradients: Tree, state: Any, parameters: Tree) -> tuple[Tree, Any]:
        count, inner = state
        updates, after = optimizer.update(gradients, inner, parameters)
        share = np.minimum((count + 1) / max(steps, 1), 1.0)
        return map_leaves(lambda part: part * share.astype(part.dtype), updates), (count + 1, after)

    return Optimizer(start, update, f"{optimizer} with {steps} steps of warm-up")


def decayed(optimizer: Any, factor: float) -> Any:
    """The optimiser with its weight decay times a factor."""
    recipe = optimizer.made
    if not isinstance(recipe, Made):
        return optimizer
    if recipe.maker.__name__ == "chain":
        parts = [decayed(part, factor) for part in recipe.numbers]
        kept = [part for part in parts if part is not None]
        return chain(*kept)
    if recipe.maker.__name__ == "weight_decay":
        amount = recipe.numbers[0] * factor
        return recipe.maker(amount, **recipe.settings) if amount else None
    settings = dict(recipe.settings)
    if settings.get("weight_decay"):
        settings["weight_decay"] = settings["weight_decay"] * factor
        return recipe.maker(*recipe.numbers, **settings)
    return optimizer
