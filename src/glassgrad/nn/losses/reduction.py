"""From a loss for each element to one number: the weighted mean or sum of those that the mask chooses. Floor 6."""

from typing import Literal, TypeAlias

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.nn.losses.arguments import weights_of
from glassgrad.nn.rows import Array

Reduction: TypeAlias = Literal["mean", "sum", "none"]


def reduced(
    losses: Array,
    weights: Array | None,
    mask: Array | None,
    reduction: Reduction,
    *,
    counts: Array | None = None,
) -> Array:
    """The losses as they are, their sum, or their sum over that of the weights; 0 where nothing counts.

    The mask (of the shape of the losses, see `mask_of`) selects; the weights multiply. `counts` are weights that the
    losses hold already, as those of classes.
    """
    if reduction not in ("mean", "sum", "none"):
        raise UsageError(f"there is no reduction {reduction!r}", hint='"mean", "sum" or "none"')
    scale = weights_of(weights, losses.shape, losses.dtype)
    if scale is not None:
        losses = losses * scale
        counts = scale if counts is None else counts * scale
    if mask is not None:
        losses = np.where(mask, losses, 0)
    if reduction == "none":
        return losses
    total = np.sum(losses)
    return total if reduction == "sum" else total / _divisor(losses, counts, mask)


def _divisor(losses: Array, counts: Array | None, mask: Array | None) -> Array:
    """How much counts: the sum of the weights of what the mask chooses, and 1 where that is 0."""
    if mask is not None:
        number = np.sum(np.where(mask, np.ones((), losses.dtype) if counts is None else counts, 0))
    elif counts is not None:
        number = np.sum(counts) * (losses.size / max(counts.size, 1))
    else:
        return float(max(losses.size, 1))
    return np.where(number == 0, 1, number)
