"""Losses for yes or no, from logits: binary cross-entropy, focal loss and the overlap of masks (dice). Floor 6."""

from collections.abc import Sequence

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DomainError, ShapeError
from glassgrad.nn import rows
from glassgrad.nn.losses.arguments import check_values, mask_of, masked, pair_of
from glassgrad.nn.losses.reduction import Reduction, reduced
from glassgrad.nn.rows import Array, as_array, axis_of, like


def _questions(loss: str, prediction: Array, target: Array, mask: Array | None) -> tuple[Array, Array, Array | None]:
    """Logits, targets from 0 to 1 and the mask, all of one shape."""
    x, y = pair_of(loss, prediction, target)
    chosen = mask_of(mask, x.shape)
    check_values(
        loss,
        y,
        chosen,
        "targets from 0 to 1",
        lambda numbers: (numbers >= 0) & (numbers <= 1),
        "targets of -1 and 1 become 0 and 1 by (target + 1) / 2",
    )
    x, y = masked(chosen, x, y)
    return x, y, chosen


def binary_cross_entropy(
    prediction: Array,
    target: Array,
    *,
    pos_weight: Array | None = None,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """-target · ln σ(x) - (1 - target) · ln(1 - σ(x)) for logits x, accurate in both tails.

    Prediction and target (from 0 to 1) have one shape; weights and the mask have it or its leading axes. `pos_weight`,
    a number or (last axis,), multiplies the first term. Source: PyTorch's `binary_cross_entropy_with_logits`.

    >>> binary_cross_entropy(np.array([0.0, 1e4]), np.array([1, 1]), reduction="none")
    array([0.69314718, 0.        ])
    """
    x, y, chosen = _questions("binary_cross_entropy", prediction, target, mask)
    yes, no = y, 1 - y
    if pos_weight is not None:
        factor = like(as_array(pos_weight), x.dtype)
        if factor.shape not in ((), x.shape[-1:]):
            raise ShapeError(
                f"pos_weight of shape {show_shape(factor.shape)} for a prediction of shape {show_shape(x.shape)}",
                hint=f"one number, or {show_shape(x.shape[-1:])} for the last axis; weights=… belong to the items",
            )
        yes = yes * factor
    # softplus(±x) = max(±x, 0) + ln(1 + e^-|x|): no term is negative, so nothing cancels, and the exponential is one.
    # By the same choice everywhere, not by maximum and abs, so that all derivatives are right at 0 as well.
    below = x < 0
    rest = np.log1p(np.exp(np.where(below, x, -x)))
    losses = yes * (np.where(below, -x, 0) + rest) + no * (np.where(below, 0, x) + rest)
    return reduced(losses, weights, chosen, reduction)


def focal(
    prediction: Array,
    target: Array,
    *,
    gamma: float = 2.0,
    alpha: float | None = 0.25,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """Binary cross-entropy from logits times (1 - p)ᵞ, p the probability of the truth. Source: Lin et al. (2017).

    What is predicted well counts little. `alpha` multiplies the loss of a yes, 1 - alpha that of a no; None neither.
    Targets between 0 and 1 take that share of both.

    >>> focal(np.array([0.0, 1e4]), np.array([1, 1]), alpha=None, reduction="none")
    array([0.1732868, 0.       ])
    """
    if gamma < 0 or not (alpha is None or 0 <= alpha <= 1):
        raise DomainError(f"focal takes gamma of 0 or more and alpha from 0 to 1, found {gamma} and {alpha}")
    x, y, chosen = _questions("focal", prediction, target, mask)
    against, by = rows.softplus(-x), rows.softplus(x)  # -ln σ(x) and -ln(1 - σ(x))
    yes, no = y * against * np.exp(-gamma * by), (1 - y) * by * np.exp(-gamma * against)
    return reduced(yes + no if alpha is None else alpha * yes + (1 - alpha) * no, weights, chosen, reduction)


def dice(
    prediction: Array,
    target: Array,
    *,
    axis: int | Sequence[int] | None = None,
    smooth: float = 1.0,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """1 - (2·Σ p·t + s) / (Σ p + Σ t + s) with p = σ(prediction): how little two regions overlap. Source: Dice (1945).

    Prediction and target (from 0 to 1) have one shape, as (batch, *space). The sums run over all axes but the first, or
    over `axis`; what remains are the losses. The mask chooses elements of the sums; weights belong to the losses.

    >>> dice(np.full((1, 4), 1e4), np.array([[1, 1, 0, 0]]), smooth=0.0)
    np.float64(0.33333333333333337)
    """
    x, y, chosen = _questions("dice", prediction, target, mask)
    if axis is None:
        axes = tuple(range(1 if x.ndim > 1 else 0, x.ndim))
    else:
        axes = tuple([axis_of(x, one, "dice") for one in ([axis] if isinstance(axis, int) else axis)])
    shares = rows.expit(x)
    if chosen is not None:
        shares = np.where(chosen, shares, 0)
    both, each = np.sum(shares * y, axis=axes), np.sum(shares, axis=axes) + np.sum(y, axis=axes)
    empty = each + smooth == 0
    return reduced(
        1 - np.where(empty, 1, (2 * both + smooth) / np.where(empty, 1, each + smooth)), weights, None, reduction
    )
