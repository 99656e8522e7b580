"""Adagrad and RMSprop: steps divided by the size of the gradients so far. Floor 6."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassgrad.base.trees import Tree
from glassgrad.optim.decay import amounts, coupled
from glassgrad.optim.leaves import each, moved_towards, zeros
from glassgrad.optim.made import made
from glassgrad.optim.optimizer import Optimizer
from glassgrad.optim.paths import Mask
from glassgrad.optim.rates import Rate, RateLike, check_rate, checked_number, followed, started


@dataclass(frozen=True, slots=True)
class AdagradState:
    """The number of steps made, the rate of the next one, and the sums of the gradients' squares."""

    count: Any
    rate: Rate
    square: Tree


def adagrad(
    rate: RateLike = 1e-2,
    *,
    rate_decay: float = 0.0,
    initial: float = 0.0,
    eps: float = 1e-10,
    weight_decay: float = 0.0,
    mask: Mask = None,
) -> Optimizer:
    """Adagrad (Duchi, Hazan and Singer, 2011), as PyTorch's `Adagrad`.

    s ← s + g²;  p ← p − rate / (1 + steps made · rate_decay) · g / (√s + eps). The sums start at `initial`.

    >>> optimizer = optim.adagrad(0.5)
    >>> x = np.array(1.0)
    >>> updates, state = optimizer.update(np.array(-7.0), optimizer.start(x), x)
    >>> updates.round(9)
    np.float64(0.5)
    """
    check_rate(rate, "adagrad")
    for name, value in {"rate_decay": rate_decay, "initial": initial, "eps": eps, "weight_decay": weight_decay}.items():
        checked_number(value, f"the {name} of adagrad")

    def start(parameters: Tree) -> AdagradState:
        amounts(weight_decay, mask, parameters)
        (square,) = each(lambda p: (np.full(p.shape, initial, p.dtype),), 1, parameters)
        return AdagradState(np.int64(0), started(rate), square)

    def update(gradients: Tree, state: AdagradState, parameters: Tree) -> tuple[Tree, AdagradState]:
        count = state.count + 1
        back = -state.rate.now() / (1.0 + state.count * rate_decay)

        def move(p: Any, g: Any, s: Any, d: float) -> tuple[Any, Any]:
            g = coupled(g, p, d)
            s = s + g * g
            return back.astype(p.dtype) * g / (np.sqrt(s) + eps), s

        decay = amounts(weight_decay, mask, parameters)
        updates, square = each(move, 2, parameters, gradients=gradients, state=state.square, decay=decay)
        return updates, AdagradState(count, followed(state.rate, rate, count), square)

    recipe = made(adagrad, rate, rate_decay=rate_decay, initial=initial, eps=eps, weight_decay=weight_decay, mask=mask)
    return Optimizer(start, update, recipe)


@dataclass(frozen=True, slots=True)
class RMSpropState:
    """Steps, rate, the mean of the squares; the mean of the gradients and the velocity where they are used."""

    count: Any
    rate: Rate
    square: Tree
    mean: Tree
    velocity: Tree


def rmsprop(
    rate: RateLike = 1e-2,
    *,
    decay: float = 0.99,
    eps: float = 1e-8,
    momentum: float = 0.0,
    centered: bool = False,
    weight_decay: float = 0.0,
    mask: Mask = None,
) -> Optimizer:
    """RMSprop (Tieleman and Hinton, 2012), as PyTorch's `RMSprop` (`decay` is its alpha).

    s ← decay · s + (1 − decay) · g²;  p ← p − rate · g / (√s + eps), or with `momentum` v ← momentum · v + g / (√s +
    eps) and p ← p − rate · v. `centered` takes the variance s − mean(g)² in place of s (Graves, arXiv:1308.0850).

    >>> optimizer = optim.rmsprop(0.1)
    >>> x = np.array(1.0)
    >>> updates, state = optimizer.update(np.array(5.0), optimizer.start(x), x)
    >>> updates.round(6)
    np.float64(-1.0)
    """
    check_rate(rate, "rmsprop")
    checked_number(decay, "the decay of rmsprop", high=1.0)
    checked_number(momentum, "the momentum of rmsprop", high=1.0, open_end=True)
    for name, value in {"eps": eps, "weight_decay": weight_decay}.items():
        checked_number(value, f"the {name} of rmsprop")

    def start(parameters: Tree) -> RMSpropState:
        amounts(weight_decay, mask, parameters)
        mean = zeros(parameters) if centered else None
        velocity = zeros(parameters) if momentum else None
        return RMSpropState(np.int64(0), started(rate), zeros(parameters), mean, velocity)

    def update(gradients: Tree, state: RMSpropState, parameters: Tree) -> tuple[Tree, RMSpropState]:
        count = state.count + 1
        move = _by_mean_square(-state.rate.now(), decay, eps, momentum, centered=centered)
        trees = {"gradients": gradients, "square": state.square, "decay": amounts(weight_decay, mask, parameters)}
        used = [name for name, wanted in {"mean": centered, "velocity": momentum}.items() if wanted]
        trees |= {name: getattr(state, name) for name in used}
        updates, square, *rest = each(move, 2 + len(used), parameters, **trees)
        changed = dict(zip(used, rest, strict=True))
        after = replace(state, count=count, rate=followed(state.rate, rate, count), square=square, **changed)
        return updates, after

    recipe = made(
        rmsprop,
        rate,
        decay=decay,
        eps=eps,
        momentum=momentum,
        centered=centered,
        weight_decay=weight_decay,
        mask=mask,
    )
    return Optimizer(start, update, recipe)


def _by_mean_square(
    back: Any, decay: float, eps: float, momentum: float, *, centered: bool
) -> Callable[..., tuple[Any, ...]]:
    """The step of RMSprop for one parameter: its update, s, the mean where centred, the velocity where there is one."""

    def move(p: Any, g: Any, s: Any, d: float, *more: Any) -> tuple[Any, ...]:
        rest = list(more)
        g = coupled(g, p, d)
        s = decay * s + (1.0 - decay) * g * g
        around = s
        if centered:
            rest[0] = moved_towards(rest[0], g, 1.0 - decay)
            around = np.maximum(s - rest[0] * rest[0], 0.0)  # the difference of two roundings may be below 0
        size = np.sqrt(around) + eps
        if not momentum:
            return back.astype(p.dtype) * g / size, s, *rest
        rest[-1] = momentum * rest[-1] + g / size
        return back.astype(p.dtype) * rest[-1], s, *rest

    return move
