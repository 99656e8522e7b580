"""Losses between distributions: the divergence of Kullback and Leibler. Floor 6."""

import numpy as np

from glassgrad.nn import rows
from glassgrad.nn.losses.arguments import check_values, mask_of, pair_of
from glassgrad.nn.losses.reduction import Reduction, reduced
from glassgrad.nn.rows import Array, axis_of


def kl_divergence(
    prediction: Array,
    target: Array,
    *,
    axis: int = -1,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """Σ target · (ln target - ln softmax(prediction)) along the axis. Source: Kullback and Leibler (1951).

    The prediction are logits; logarithms of probabilities are logits too. The target are probabilities in the same
    shape; where one is 0 it adds nothing. The losses, and so mask and weights, are without the axis; their mean is
    PyTorch's "batchmean".

    >>> kl_divergence(np.log([0.5, 0.5]), np.array([1.0, 0.0]))
    np.float64(0.6931471805599453)
    """
    x, y = pair_of("kl_divergence", prediction, target)
    axis = axis_of(x, axis, "kl_divergence")
    chosen = mask_of(mask, x.shape[:axis] + x.shape[axis + 1 :])
    along = None if chosen is None else np.expand_dims(chosen, axis)
    check_values("kl_divergence", y, along, "probabilities as targets", lambda numbers: numbers >= 0)
    if along is not None:
        x, y = np.where(along, x, 0), np.where(along, y, 0)
    logarithms = rows.log_softmax(x, axis)
    nothing = y <= 0
    gaps = np.log(np.where(nothing, 1, y)) - np.where(nothing, 0, logarithms)
    return reduced(np.sum(y * gaps, axis=axis), weights, chosen, reduction)
