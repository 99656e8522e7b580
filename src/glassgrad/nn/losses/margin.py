"""Losses that ask for a margin between right and wrong: hinge, its square, and the hinge of many classes. Floor 6."""

import numpy as np

from glassgrad.base.errors import DomainError
from glassgrad.nn import rows
from glassgrad.nn.losses.arguments import check_values, mask_of, masked, pair_of
from glassgrad.nn.losses.classification import weights_of_classes
from glassgrad.nn.losses.labels import cases_of, check_weights
from glassgrad.nn.losses.reduction import Reduction, reduced
from glassgrad.nn.rows import Array


def above_zero(x: Array) -> Array:
    """max(x, 0), with the derivative 0 at 0; NaN stays NaN."""
    return np.where(x <= 0, 0, x)


def _shortfalls(loss: str, prediction: Array, target: Array, mask: Array | None) -> tuple[Array, Array | None]:
    """max(0, 1 - target · prediction), and the mask at that shape."""
    x, y = pair_of(loss, prediction, target)
    chosen = mask_of(mask, x.shape)
    check_values(
        loss,
        y,
        chosen,
        "targets of -1 and 1",
        lambda numbers: np.abs(numbers) == 1,
        "targets of 0 and 1 become -1 and 1 by 2 * target - 1",
    )
    x, y = masked(chosen, x, y)
    return above_zero(1 - y * x), chosen


def hinge(
    prediction: Array,
    target: Array,
    *,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """max(0, 1 - target · prediction) for targets of -1 and 1. Source: Cortes and Vapnik (1995).

    >>> hinge(np.array([0.5, 3.0]), np.array([-1, 1]), reduction="none")
    array([1.5, 0. ])
    """
    short, chosen = _shortfalls("hinge", prediction, target, mask)
    return reduced(short, weights, chosen, reduction)


def squared_hinge(
    prediction: Array,
    target: Array,
    *,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """max(0, 1 - target · prediction)² for targets of -1 and 1.

    >>> squared_hinge(np.array([0.5, 3.0]), np.array([-1, 1]), reduction="none")
    array([2.25, 0.  ])
    """
    short, chosen = _shortfalls("squared_hinge", prediction, target, mask)
    return reduced(short * short, weights, chosen, reduction)


def multi_margin(
    prediction: Array,
    target: Array,
    *,
    axis: int = -1,
    margin: float = 1.0,
    power: int = 1,
    class_weights: Array | None = None,
    ignore_index: int | None = None,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """Σ max(0, margin - right + other)ᵖ / classes over the other classes. Source: PyTorch's `multi_margin_loss`.

    The prediction is (..., class), the target a label for each item (...). Class weights multiply the loss of their
    class, and unlike those of `cross_entropy` do not count in the mean.

    >>> multi_margin(np.array([[0.0, 2.0, 1.5]]), np.array([1]))
    np.float64(0.16666666666666666)
    """
    if power not in (1, 2):
        raise DomainError(f"multi_margin takes the power 1 or 2, found {power}")
    cases = cases_of("multi_margin", prediction, target, axis, mask, ignore_index, labels_only=True)
    right = cases.along(cases.picked(cases.scores))
    own = cases.along(cases.labels) == cases.of_classes(np.arange(cases.classes))
    short = above_zero(np.where(own, 0, margin - right + cases.scores))
    losses = np.sum(short if power == 1 else short * short, axis=cases.axis) / cases.classes
    check_weights("multi_margin", cases, weights)
    by_class = weights_of_classes("multi_margin", cases, class_weights)
    if by_class is not None:
        losses = losses * rows.taken(by_class, cases.labels)
    return reduced(losses, weights, cases.mask, reduction)
