"""Adam and its kin: AdamW, NAdam. Floor 6.

What depends on the number of steps alone (bias corrections, momentum schedules) is a handful of float64 numbers for
the whole tree; each parameter's elements see one number of its own dtype.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Tree
from glassgrad.optim.decay import amounts, apart, coupled
from glassgrad.optim.leaves import each, moved_towards, zeros
from glassgrad.optim.made import Made, made
from glassgrad.optim.optimizer import Optimizer
from glassgrad.optim.paths import Mask
from glassgrad.optim.rates import Rate, RateLike, check_rate, checked_number, followed, started


@dataclass(frozen=True, slots=True)
class AdamState:
    """Steps made, the rate of the next one, the means of gradients and squares, for AMSGrad the largest of these."""

    count: Any
    rate: Rate
    mean: Tree
    square: Tree
    largest: Tree


def adam(
    rate: RateLike = 1e-3,
    *,
    betas: Sequence[float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
    mask: Mask = None,
) -> Optimizer:
    """Adam (Kingma and Ba, arXiv:1412.6980), as PyTorch's `Adam`: weight decay goes into the gradient.

    m ← β₁ m + (1 − β₁) g;  s ← β₂ s + (1 − β₂) g²;  p ← p − rate / (1 − β₁ᵗ) · m / (√s / √(1 − β₂ᵗ) + eps).
    With `amsgrad` the largest s so far stands under the root (arXiv:1904.09237).

    >>> optimizer = optim.adam(0.1)
    >>> x = np.array([1.0, 2.0], np.float32)
    >>> updates, state = optimizer.update(np.array([3.0, -0.5], np.float32), optimizer.start(x), x)
    >>> updates.dtype, updates.round(6)
    (dtype('float32'), array([-0.1,  0.1], dtype=float32))
    """
    settings = {"betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "mask": mask}
    return _adam(made(adam, rate, **settings), rate, betas, eps, weight_decay, amsgrad, mask, decoupled=False)


def adamw(
    rate: RateLike = 1e-3,
    *,
    betas: Sequence[float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    amsgrad: bool = False,
    mask: Mask = None,
) -> Optimizer:
    """Adam with weight decay apart from the gradient (arXiv:1711.05101), as PyTorch's `AdamW`.

    Before Adam's step p ← p · (1 − rate · weight_decay), for the parameters of the `mask`: `mask="*.weight"` leaves
    biases alone.

    >>> optimizer = optim.adamw(0.1, weight_decay=0.5)
    >>> x = np.array([2.0])
    >>> updates, state = optimizer.update(np.zeros(1), optimizer.start(x), x)
    >>> updates
    array([-0.1])
    """
    settings = {"betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "mask": mask}
    return _adam(made(adamw, rate, **settings), rate, betas, eps, weight_decay, amsgrad, mask, decoupled=True)


def _adam(
    recipe: Made,
    rate: RateLike,
    betas: Sequence[float],
    eps: float,
    weight_decay: float,
    amsgrad: bool,
    mask: Mask,
    *,
    decoupled: bool,
) -> Optimizer:
    name = recipe.maker.__name__
    beta1, beta2 = checked_betas(betas, name)
    check_rate(rate, name)
    checked_number(eps, f"the eps of {name}")
    checked_number(weight_decay, f"the weight_decay of {name}")

    def start(parameters: Tree) -> AdamState:
        amounts(weight_decay, mask, parameters)
        largest = zeros(parameters) if amsgrad else None
        return AdamState(np.int64(0), started(rate), zeros(parameters), zeros(parameters), largest)

    def update(gradients: Tree, state: AdamState, parameters: Tree) -> tuple[Tree, AdamState]:
        count = state.count + 1
        now = state.rate.now()
        # With r = √(1 − β₂ᵗ): m / (√s / r + eps) = r m / (√s + r eps), a division less for each element.
        root = np.sqrt(1.0 - beta2**count)
        back, small = -now * root / (1.0 - beta1**count), eps * root

        def move(p: Any, g: Any, m: Any, s: Any, d: float, *largest: Any) -> tuple[Any, ...]:
            g = g if decoupled else coupled(g, p, d)
            m = moved_towards(m, g, 1.0 - beta1)
            s = beta2 * s + (1.0 - beta2) * g * g
            largest = tuple([np.maximum(before, s) for before in largest])
            size = np.sqrt(largest[0] if amsgrad else s) + small.astype(p.dtype)
            u = back.astype(p.dtype) * m / size
            return apart(u, p, now, d) if decoupled else u, m, s, *largest

        decay = amounts(weight_decay, mask, parameters)
        trees = {"gradients": gradients, "mean": state.mean, "square": state.square, "decay": decay}
        trees |= {"largest": state.largest} if amsgrad else {}
        updates, mean, square, *rest = each(move, 4 if amsgrad else 3, parameters, **trees)
        after = AdamState(count, followed(state.rate, rate, count), mean, square, rest[0] if amsgrad else None)
        return updates, after

    return Optimizer(start, update, recipe)


@dataclass(frozen=True, slots=True)
class NAdamState:
    """Steps made, the rate of the next one, the product of the momenta so far, the means of gradients and squares."""

    count: Any
    rate: Rate
    product: Any
    mean: Tree
    square: Tree


def nadam(
    rate: RateLike = 2e-3,
    *,
    betas: Sequence[float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum_decay: float = 4e-3,
    decoupled: bool = False,
    mask: Mask = None,
) -> Optimizer:
    """Adam with Nesterov's momentum (Dozat, 2016), as PyTorch's `NAdam`.

    With μₜ = β₁ (1 − 0.96^(t · momentum_decay) / 2) and Πₜ = μ₁ ⋯ μₜ:
    p ← p − rate · ((1 − μₜ) / (1 − Πₜ) · g + μₜ₊₁ / (1 − Πₜ₊₁) · m) / (√(s / (1 − β₂ᵗ)) + eps).
    Weight decay goes into the gradient, or with `decoupled` acts apart from it.

    >>> optimizer = optim.nadam(0.1)
    >>> x = np.array([1.0])
    >>> updates, state = optimizer.update(np.array([3.0]), optimizer.start(x), x)
    >>> updates.round(4)
    array([-0.1056])
    """
    beta1, beta2 = checked_betas(betas, "nadam")
    check_rate(rate, "nadam")
    for name, value in {"eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay}.items():
        checked_number(value, f"the {name} of nadam")

    def start(parameters: Tree) -> NAdamState:
        amounts(weight_decay, mask, parameters)
        return NAdamState(np.int64(0), started(rate), np.float64(1.0), zeros(parameters), zeros(parameters))

    def update(gradients: Tree, state: NAdamState, parameters: Tree) -> tuple[Tree, NAdamState]:
        count = state.count + 1
        now = state.rate.now()
        mu, mu_next = (beta1 * (1.0 - 0.5 * 0.96 ** (t * momentum_decay)) for t in (count, count + 1))
        product = state.product * mu
        root = np.sqrt(1.0 - beta2**count)  # as in Adam
        by_gradient = -now * root * (1.0 - mu) / (1.0 - product)
        by_mean = -now * root * mu_next / (1.0 - product * mu_next)
        small = eps * root

        def move(p: Any, g: Any, m: Any, s: Any, d: float) -> tuple[Any, Any, Any]:
            g = g if decoupled else coupled(g, p, d)
            m = moved_towards(m, g, 1.0 - beta1)
            s = beta2 * s + (1.0 - beta2) * g * g
            size = np.sqrt(s) + small.astype(p.dtype)
            u = (by_gradient.astype(p.dtype) * g + by_mean.astype(p.dtype) * m) / size
            return apart(u, p, now, d) if decoupled else u, m, s

        decay = amounts(weight_decay, mask, parameters)
        trees = {"gradients": gradients, "mean": state.mean, "square": state.square, "decay": decay}
        updates, mean, square = each(move, 3, parameters, **trees)
        return updates, NAdamState(count, followed(state.rate, rate, count), product, mean, square)

    settings = {"betas": tuple(betas), "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay}
    return Optimizer(start, update, made(nadam, rate, **settings, decoupled=decoupled, mask=mask))


def checked_betas(betas: Any, what: str) -> tuple[float, float]:
    """The two decays of the means, each from 0 to below 1."""
    if not isinstance(betas, Sequence) or len(betas) != 2:
        raise UsageError(f"the betas of {what} are two numbers, found {betas!r}", hint="betas=(0.9, 0.999)")
    first, second = (checked_number(beta, f"each of the betas of {what}", high=1.0, open_end=True) for beta in betas)
    return first, second
