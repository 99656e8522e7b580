"""Losses for numbers: squared, absolute and between, quantiles, counts, and a mean with its variance. Floor 6.

Prediction and target have one shape, and so have the losses before they are reduced. A mask (True counts) and weights
have that shape or its leading axes, as (batch,). The loss has the prediction's dtype.
"""

from collections.abc import Sequence
from math import log as ln
from math import pi

import numpy as np

from glassgrad.api.custom import stop_gradient
from glassgrad.base.errors import DomainError, ShapeError, UsageError
from glassgrad.nn import rows
from glassgrad.nn.losses.arguments import check_values, mask_of, masked, pair_of, scores_of
from glassgrad.nn.losses.reduction import Reduction, reduced
from glassgrad.nn.rows import Array, as_array, like


def _differences(loss: str, prediction: Array, target: Array, mask: Array | None) -> tuple[Array, Array | None]:
    """Prediction less target, and the mask at their shape."""
    x, y = pair_of(loss, prediction, target)
    chosen = mask_of(mask, x.shape)
    x, y = masked(chosen, x, y)
    return x - y, chosen


def mse(
    prediction: Array,
    target: Array,
    *,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """The squared error (prediction - target)².

    >>> mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    error, chosen = _differences("mse", prediction, target, mask)
    return reduced(error * error, weights, chosen, reduction)


def mae(
    prediction: Array,
    target: Array,
    *,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """The absolute error |prediction - target|; its derivative is 0 where both are equal.

    >>> mae(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(1.0)
    """
    error, chosen = _differences("mae", prediction, target, mask)
    return reduced(np.abs(error), weights, chosen, reduction)


def huber(
    prediction: Array,
    target: Array,
    *,
    delta: float = 1.0,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """The parabola e²/2 up to |e| = δ, and its tangent δ·(|e| - δ/2) beyond. Source: Huber (1964).

    >>> huber(np.array([0.5, 3.0]), np.array([0.0, 0.0]), reduction="none")
    array([0.125, 2.5  ])
    """
    if not delta > 0:
        raise DomainError(f"huber takes a delta above 0, found {delta}")
    error, chosen = _differences("huber", prediction, target, mask)
    cut = np.clip(error, -delta, delta)
    return reduced(cut * (error - cut / 2), weights, chosen, reduction)  # e·e/2, or ±δ·(e ∓ δ/2): e² cannot overflow


def log_cosh(
    prediction: Array,
    target: Array,
    *,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """The logarithm of cosh(prediction - target): e²/2 near 0, |e| - ln 2 far out; its derivative is tanh(e).

    >>> log_cosh(np.array([0.0, 1e4]), np.array([0.0, 0.0]), reduction="none").round(2)
    array([   0.  , 9999.31])
    """
    error, chosen = _differences("log_cosh", prediction, target, mask)
    size = np.abs(error)
    near = size < 1
    half = np.sinh(np.where(near, error, 0) / 2)
    far = size + np.log1p(np.exp(-2 * size)) - ln(2)
    # cosh e = 1 + 2·sinh²(e/2), which keeps the digits of small errors.
    return reduced(np.where(near, np.log1p(2 * half * half), far), weights, chosen, reduction)


def quantile(
    prediction: Array,
    target: Array,
    *,
    q: float | Sequence[float] = 0.5,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """The pinball loss: q·e where the target is above by e, (1 - q)·e where below. Source: Koenker and Bassett (1978).

    Its minimum is the quantile q of the target. With several quantiles the prediction has one more axis, the last, with
    a number for each.

    >>> quantile(np.array([1.0, 1.0]), np.array([3.0, 0.0]), q=0.9, reduction="none")
    array([1.8, 0.1])
    """
    levels = np.asarray(q, np.float64)
    if levels.ndim > 1 or not ((levels > 0) & (levels < 1)).all():
        raise DomainError(f"quantile takes levels between 0 and 1, found q={q}")
    if levels.ndim:
        x = scores_of("quantile", prediction)
        if x.ndim < 1 or x.shape[-1] != levels.size:
            raise ShapeError(f"quantile with {levels.size} levels takes as many predictions, found shape {x.shape}")
        target = as_array(target)
        if target.shape == x.shape[:-1]:
            target = np.broadcast_to(target[..., None], x.shape)
    error, chosen = _differences("quantile", prediction, target, mask)
    below, above = like(1 - levels, error.dtype), like(levels, error.dtype)
    return reduced(np.where(error > 0, below * error, -above * error), weights, chosen, reduction)


def poisson(
    prediction: Array,
    target: Array,
    *,
    log_input: bool = True,
    full: bool = False,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """Counts against a Poisson distribution: rate - target · ln(rate). Source: PyTorch's `poisson_nll_loss`.

    The prediction is the logarithm of the rate, or with `log_input=False` the rate. `full` adds ln(target!), which does
    not depend on the prediction.

    >>> poisson(np.array([0.0, 0.0]), np.array([0, 3]), reduction="none")
    array([1., 1.])
    """
    x, y = pair_of("poisson", prediction, target)
    chosen = mask_of(mask, x.shape)
    check_values("poisson", y, chosen, "targets of 0 or more", lambda numbers: numbers >= 0)
    x, y = masked(chosen, x, y)
    losses = np.exp(x) - y * x if log_input else x - y * np.log(x + 1e-8)
    return reduced(losses + rows.gammaln(y + 1) if full else losses, weights, chosen, reduction)


def gaussian_nll(
    prediction: tuple[Array, Array] | Array,
    target: Array,
    *,
    variance: Array | None = None,
    full: bool = False,
    epsilon: float = 1e-6,
    weights: Array | None = None,
    mask: Array | None = None,
    reduction: Reduction = "mean",
) -> Array:
    """Targets against normal distributions: ½·(ln v + (target - mean)²/v). Source: Nix and Weigend (1994).

    The prediction is a pair (mean, logarithm of the variance), or the mean with `variance` given. Variances below
    epsilon count as epsilon but keep their derivative, as in PyTorch. `full` adds the constant ½·ln 2π.

    >>> gaussian_nll((np.array([1.0]), np.array([0.0])), np.array([3.0]))
    np.float64(2.0)
    """
    if not epsilon >= 0:
        raise DomainError(f"gaussian_nll takes an epsilon of 0 or more, found {epsilon}")
    if variance is None:
        if not isinstance(prediction, tuple | list) or len(prediction) != 2:
            raise UsageError(
                "gaussian_nll takes a pair (mean, logarithm of the variance), or the mean with variance=…",
                hint="gaussian_nll((mean, log_variance), target)",
            )
        mean, logarithm = prediction
        x, y = pair_of("gaussian_nll", mean, target)
        logarithm, _ = pair_of("gaussian_nll", logarithm, x)
        chosen = mask_of(mask, x.shape)
        x, y, logarithm = masked(chosen, x, y, logarithm)
        logarithm = _at_least(logarithm, ln(epsilon) if epsilon else -np.inf)
        share = np.exp(-logarithm)
    else:
        x, y = pair_of("gaussian_nll", prediction, target)
        chosen = mask_of(mask, x.shape)
        spread = np.broadcast_to(like(as_array(variance), x.dtype), x.shape)
        check_values("gaussian_nll", spread, chosen, "variances of 0 or more", lambda numbers: numbers >= 0)
        x, y = masked(chosen, x, y)
        spread = _at_least(spread if chosen is None else np.where(chosen, spread, 1), epsilon)
        logarithm, share = np.log(spread), 1 / spread
    losses = (logarithm + (x - y) * (x - y) * share) / 2
    return reduced(losses + ln(2 * pi) / 2 if full else losses, weights, chosen, reduction)


def _at_least(x: Array, floor: float) -> Array:
    """The larger of both, which moves with x all the same: a variance that is too small can grow."""
    return x + stop_gradient(np.where(x < floor, floor - x, 0))
