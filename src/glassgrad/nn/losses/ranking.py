"""Losses between vectors: how alike two of them are, and which of two is nearer. Floor 6.

What is compared is given as one prediction, a pair or a triple of arrays of one shape (..., feature), as a network with
several outputs returns it. Losses, masks and weights are without the axis of features.
"""

from collections.abc import Sequence

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.nn.losses.arguments import check_values, mask_of, pair_of, scores_of
from glassgrad.nn.losses.margin import above_zero
from glassgrad.nn.losses.reduction import Reduction, reduced
from glassgrad.nn.rows import Array, as_array, axis_of


def _vectors(
    loss: str, prediction: Sequence[Array], names: str, axis: int, mask: Array | None
) -> tuple[list[Array], int, Array | None]:
    """The arrays of a pair or triple, their axis of features, and the mask without it."""
    wanted = names.split()
    if not isinstance(prediction, tuple | list) or len(prediction) != len(wanted):
        raise UsageError(
            f"{loss} takes {len(wanted)} arrays together as its prediction", hint=f"{loss}(({', '.join(wanted)}), …)"
        )
    arrays = [scores_of(loss, part) for part in prediction]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        found = " and ".join(show_shape(array.shape) for array in arrays)
        raise ShapeError(f"{loss} needs arrays of one shape, found {found}")
    shape = arrays[0].shape
    axis = axis_of(arrays[0], axis, loss)
    chosen = mask_of(mask, shape[:axis] + shape[axis + 1 :])
    if chosen is not None:
        keep = np.expand_dims(chosen, axis)
        arrays = [np.where(keep, array, 0) for array in arrays]
    return arrays, axis, chosen


def _belong_together(loss: str, target: Array, shape: tuple[int, ...], mask: Array | None, other: int) -> Array:
    """Which pairs have the target 1; the others have the other one."""
    y = as_array(target)
    if y.shape != shape:
        raise ShapeError(
            f"{loss} takes targets of shape {show_shape(shape)}, one for each pair, found {show_shape(y.shape)}"
        )
    check_values(loss, y, mask, f"targets of {other} and 1", lambda numbers: (numbers == other) | (numbers == 1))
    return y == 1


# ------------------------------------------------------------------ angles
def cosine_similarity(first: Array, second: Array, *, axis: int = -1, epsilon: float = 1e-8) -> Array:
    """The cosine of the angle between vectors along the axis; lengths below epsilon count as epsilon.

    Where a vector is 0 so is the result, with a finite derivative. Source: PyTorch's `cosine_similarity`.

    >>> cosine_similarity(np.array([3.0, 4.0]), np.array([1e4, 0.0]))
    np.float64(0.6)
    """
    (a, b), axis, _ = _vectors("cosine_similarity", (first, second), "first second", axis, None)
    return np.sum(_unit(a, axis, epsilon) * _unit(b, axis, epsilon), axis=axis)


def _unit(x: Array, axis: int, epsilon: float) -> Array:
    """The vectors over their lengths, or over epsilon where they are shorter."""
    squares = np.sum(x * x, axis=axis, keepdims=True)
    short = squares < epsilon * epsilon
    return x / np.where(short, epsilon, np.sqrt(np.where(short, 1, squares)))


def cosine_distance(
    prediction: Array,
    target: Array,
    *,
    axis: int = -1,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """1 - the cosine of the angle between prediction and target along the axis.

    >>> cosine_distance(np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]]))
    np.float64(0.19999999999999996)
    """
    pair = pair_of("cosine_distance", prediction, target)
    (a, b), axis, chosen = _vectors("cosine_distance", pair, "prediction target", axis, mask)
    return reduced(1 - cosine_similarity(a, b, axis=axis), weights, chosen, reduction)


def cosine_embedding(
    prediction: Sequence[Array],
    target: Array,
    *,
    margin: float = 0.0,
    axis: int = -1,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """1 - cosine for pairs that belong together (target 1), max(0, cosine - margin) for others (target -1).

    Source: PyTorch's `cosine_embedding_loss`.

    >>> pair = np.array([[1.0, 0.0]] * 2), np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> cosine_embedding(pair, np.array([1, -1]), reduction="none")
    array([1., 1.])
    """
    (a, b), axis, chosen = _vectors("cosine_embedding", prediction, "first second", axis, mask)
    cosine = cosine_similarity(a, b, axis=axis)
    together = _belong_together("cosine_embedding", target, cosine.shape, chosen, -1)
    return reduced(np.where(together, 1 - cosine, above_zero(cosine - margin)), weights, chosen, reduction)


# ------------------------------------------------------------------ distances
def _distance(a: Array, b: Array, axis: int) -> Array:
    """The length of a - b; its derivative at length 0 is 0."""
    squares = np.sum((a - b) * (a - b), axis=axis)
    equal = squares == 0
    return np.where(equal, 0, np.sqrt(np.where(equal, 1, squares)))


def contrastive(
    prediction: Sequence[Array],
    target: Array,
    *,
    margin: float = 1.0,
    axis: int = -1,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """½·d² for pairs that belong together (target 1), ½·max(0, margin - d)² for others (target 0), d their distance.

    Source: Hadsell, Chopra and LeCun (2006), equation 4.

    >>> pair = np.array([[0.0, 0.0]] * 2), np.array([[3.0, 4.0], [0.3, 0.4]])
    >>> contrastive(pair, np.array([1, 0]), reduction="none")
    array([12.5  ,  0.125])
    """
    (a, b), axis, chosen = _vectors("contrastive", prediction, "first second", axis, mask)
    distance = _distance(a, b, axis)
    together = _belong_together("contrastive", target, distance.shape, chosen, 0)
    apart = above_zero(margin - distance)
    return reduced(np.where(together, distance * distance, apart * apart) / 2, weights, chosen, reduction)


def triplet(
    prediction: Sequence[Array],
    *,
    margin: float = 1.0,
    axis: int = -1,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with d the distance.

    Source: PyTorch's `triplet_margin_loss`; Schroff, Kalenichenko and Philbin (2015) have squared distances.

    >>> triplet((np.array([0.0, 0.0]), np.array([3.0, 4.0]), np.array([0.0, 5.5])))
    np.float64(0.5)
    """
    (anchor, positive, negative), axis, chosen = _vectors("triplet", prediction, "anchor positive negative", axis, mask)
    gap = _distance(anchor, positive, axis) - _distance(anchor, negative, axis)
    return reduced(above_zero(gap + margin), weights, chosen, reduction)
