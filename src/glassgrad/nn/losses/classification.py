"""Losses for classes that exclude each other: cross-entropy of logits, or of logarithms of probabilities. Floor 6."""

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DomainError, ShapeError
from glassgrad.nn import rows
from glassgrad.nn.losses.labels import Cases, cases_of, check_weights
from glassgrad.nn.losses.reduction import Reduction, reduced
from glassgrad.nn.rows import Array, as_array, like


def cross_entropy(
    prediction: Array,
    target: Array,
    *,
    axis: int = -1,
    label_smoothing: float = 0.0,
    class_weights: Array | None = None,
    ignore_index: int | None = None,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """-ln softmax(prediction) at the target's class, computed from logits so that it is accurate far out.

    The prediction is (..., class), or has its classes along another `axis`; the target is a label for each item (...),
    of any dtype of whole numbers, or shares of all classes in the prediction's shape. The mask and weights belong to
    the items (...) or their leading axes. `label_smoothing` gives that share to all classes alike (Szegedy et al.,
    2016). `class_weights` (class,) multiply the loss of their class and count in the mean. Items whose label is
    `ignore_index` do not count; other labels outside of the range are an error. Source: PyTorch's `cross_entropy`.

    >>> cross_entropy(np.array([[2.0, 2.0], [0.0, 1e4]]), np.array([0, 1]))
    np.float64(0.34657359027997264)
    """
    cases = cases_of("cross_entropy", prediction, target, axis, mask, ignore_index)
    logarithms = rows.log_softmax(cases.scores, cases.axis)
    return _entropy(
        "cross_entropy", cases, logarithms, label_smoothing, class_weights, weights=weights, reduction=reduction
    )


def nll(
    prediction: Array,
    target: Array,
    *,
    axis: int = -1,
    label_smoothing: float = 0.0,
    class_weights: Array | None = None,
    ignore_index: int | None = None,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """The prediction at the target's class, with a minus sign: cross-entropy of logarithms of probabilities.

    All else is as for `cross_entropy`. Source: PyTorch's `nll_loss`.

    >>> nll(np.log([[0.5, 0.5], [0.1, 0.9]]), np.array([0, 1]), reduction="none").round(3)
    array([0.693, 0.105])
    """
    cases = cases_of("nll", prediction, target, axis, mask, ignore_index)
    return _entropy("nll", cases, cases.scores, label_smoothing, class_weights, weights=weights, reduction=reduction)


def _entropy(
    loss: str,
    cases: Cases,
    logarithms: Array,
    smoothing: float,
    class_weights: Array | None,
    *,
    weights: Array | None,
    reduction: Reduction,
) -> Array:
    """-Σ share · logarithm over the classes of each item, reduced."""
    if not 0 <= smoothing <= 1:
        raise DomainError(f"{loss} takes a label_smoothing from 0 to 1, found {smoothing}")
    check_weights(loss, cases, weights)
    by_class = weights_of_classes(loss, cases, class_weights)
    counts = None
    if cases.shares is not None:
        shares = cases.shares if not smoothing else (1 - smoothing) * cases.shares + smoothing / cases.classes
        losses = -_total(cases, shares, logarithms, by_class)
    else:
        losses = -cases.picked(logarithms)
        if by_class is not None:
            counts = rows.taken(by_class, cases.labels)
            losses = losses * counts
        if smoothing:
            alike = -_total(cases, 1 / cases.classes, logarithms, by_class)
            losses = (1 - smoothing) * losses + smoothing * alike
    return reduced(losses, weights, cases.mask, reduction, counts=counts)


def _total(cases: Cases, shares: Array | float, logarithms: Array, by_class: Array | None) -> Array:
    """Σ share · weight · logarithm over the classes; a share of 0 takes nothing, not even of -∞."""
    products = shares * logarithms
    if cases.shares is not None:
        products = np.where((shares == 0) & np.isinf(logarithms), 0, products)
    if by_class is not None:
        products = products * cases.of_classes(by_class)
    return np.sum(products, axis=cases.axis)


def weights_of_classes(loss: str, cases: Cases, class_weights: Array | None) -> Array | None:
    """The weights of the classes at the dtype of the scores, checked."""
    if class_weights is None:
        return None
    by_class = as_array(class_weights)
    if by_class.shape != (cases.classes,):
        raise ShapeError(
            f"{loss} with {cases.classes} classes takes as many class weights, found {show_shape(by_class.shape)}",
            hint="class_weights are (class,); weights=… belong to the items",
        )
    return like(by_class, cases.scores.dtype)
