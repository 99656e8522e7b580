"""Stochastic gradient descent: plain, with momentum, with Nesterov's. Floor 6."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Tree
from glassgrad.optim.decay import amounts, coupled
from glassgrad.optim.leaves import each, zeros
from glassgrad.optim.made import made
from glassgrad.optim.optimizer import Optimizer
from glassgrad.optim.paths import Mask
from glassgrad.optim.rates import Rate, RateLike, check_rate, checked_number, followed, started


@dataclass(frozen=True, slots=True)
class DescentState:
    """The number of steps made, the rate of the next one, and what is left of the steps before, where there is."""

    count: Any
    rate: Rate
    velocity: Tree


def sgd(
    rate: RateLike,
    *,
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    mask: Mask = None,
) -> Optimizer:
    """Stochastic gradient descent, as PyTorch's `SGD`.

    g ← g + weight_decay · p;  v ← momentum · v + (1 − dampening) · g, in the first step v ← g;
    p ← p − rate · v, with `nesterov` p − rate · (g + momentum · v). Weight decay is for the parameters of the `mask`.

    >>> optimizer = optim.sgd(0.1, momentum=0.9)
    >>> x = np.array(1.0)
    >>> state = optimizer.start(x)
    >>> for _ in range(2):
    ...     updates, state = optimizer.update(np.array(1.0), state, x)
    >>> updates.round(12)
    np.float64(-0.19)
    """
    check_rate(rate, "sgd")
    checked_number(momentum, "the momentum of sgd", high=1.0, open_end=True)
    checked_number(weight_decay, "the weight_decay of sgd")
    checked_number(dampening, "the dampening of sgd", low=-np.inf)
    if nesterov and (not momentum or dampening):
        raise UsageError("Nesterov's momentum needs a momentum and no dampening", hint="sgd(…, momentum=0.9)")

    def start(parameters: Tree) -> DescentState:
        amounts(weight_decay, mask, parameters)
        velocity = zeros(parameters)
        return DescentState(np.int64(0), started(rate), velocity if momentum else None)

    def update(gradients: Tree, state: DescentState, parameters: Tree) -> tuple[Tree, DescentState]:
        back = -state.rate.now()
        count = state.count + 1
        kept = np.where(count == 1, 1.0, 1.0 - dampening)
        after = replace(state, count=count, rate=followed(state.rate, rate, count))
        decay = amounts(weight_decay, mask, parameters)

        def straight(p: Any, g: Any, d: float) -> tuple[Any]:
            return (back.astype(p.dtype) * coupled(g, p, d),)

        def rolling(p: Any, g: Any, v: Any, d: float) -> tuple[Any, Any]:
            g = coupled(g, p, d)
            v = momentum * v + (kept.astype(p.dtype) * g if dampening else g)
            return back.astype(p.dtype) * (g + momentum * v if nesterov else v), v

        if not momentum:
            return each(straight, 1, parameters, gradients=gradients, decay=decay)[0], after
        trees = {"gradients": gradients, "velocity": state.velocity, "decay": decay}
        updates, velocity = each(rolling, 2, parameters, **trees)
        return updates, replace(after, velocity=velocity)

    recipe = made(
        sgd, rate, momentum=momentum, dampening=dampening, nesterov=nesterov, weight_decay=weight_decay, mask=mask
    )
    return Optimizer(start, update, recipe)


def momentum(rate: RateLike, momentum: float = 0.9, *, weight_decay: float = 0.0, mask: Mask = None) -> Optimizer:
    """Descent with momentum (Polyak's heavy ball): `sgd(rate, momentum=momentum)`.

    >>> optim.momentum(0.1)
    sgd(0.1, momentum=0.9)
    """
    return sgd(rate, momentum=momentum, weight_decay=weight_decay, mask=mask)


def nesterov(rate: RateLike, momentum: float = 0.9, *, weight_decay: float = 0.0, mask: Mask = None) -> Optimizer:
    """Descent with Nesterov's momentum, in PyTorch's form: `sgd(rate, momentum=momentum, nesterov=True)`.

    >>> optim.nesterov(0.1)
    sgd(0.1, momentum=0.9, nesterov=True)
    """
    return sgd(rate, momentum=momentum, nesterov=True, weight_decay=weight_decay, mask=mask)
