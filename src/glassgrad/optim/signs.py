"""Lion: steps of one size, by the sign of a mean of gradients. Floor 6."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.trees import Tree
from glassgrad.optim.adam_family import checked_betas
from glassgrad.optim.decay import amounts, apart
from glassgrad.optim.leaves import each, moved_towards, zeros
from glassgrad.optim.made import made
from glassgrad.optim.optimizer import Optimizer
from glassgrad.optim.paths import Mask
from glassgrad.optim.rates import Rate, RateLike, check_rate, checked_number, followed, started


@dataclass(frozen=True, slots=True)
class LionState:
    """The number of steps made, the rate of the next one, the mean of the gradients."""

    count: Any
    rate: Rate
    mean: Tree


def lion(
    rate: RateLike = 1e-4, *, betas: Sequence[float] = (0.9, 0.99), weight_decay: float = 0.0, mask: Mask = None
) -> Optimizer:
    """Lion (Chen and others, arXiv:2302.06675, algorithm 2).

    p ← p − rate · (sign(β₁ m + (1 − β₁) g) + weight_decay · p), then m ← β₂ m + (1 − β₂) g. Its rate is to be three to
    ten times smaller than Adam's, and the decay as much larger.

    >>> optimizer = optim.lion(0.01)
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> updates, state = optimizer.update(np.array([7.0, -1e-9, 0.0]), optimizer.start(x), x)
    >>> updates
    array([-0.01,  0.01, -0.  ])
    """
    beta1, beta2 = checked_betas(betas, "lion")
    check_rate(rate, "lion")
    checked_number(weight_decay, "the weight_decay of lion")

    def start(parameters: Tree) -> LionState:
        amounts(weight_decay, mask, parameters)
        return LionState(np.int64(0), started(rate), zeros(parameters))

    def update(gradients: Tree, state: LionState, parameters: Tree) -> tuple[Tree, LionState]:
        count = state.count + 1
        now = state.rate.now()

        def move(p: Any, g: Any, m: Any, d: float) -> tuple[Any, Any]:
            u = (-now).astype(p.dtype) * np.sign(moved_towards(m, g, 1.0 - beta1))
            return apart(u, p, now, d), moved_towards(m, g, 1.0 - beta2)

        decay = amounts(weight_decay, mask, parameters)
        updates, mean = each(move, 2, parameters, gradients=gradients, mean=state.mean, decay=decay)
        return updates, LionState(count, followed(state.rate, rate, count), mean)

    return Optimizer(start, update, made(lion, rate, betas=tuple(betas), weight_decay=weight_decay, mask=mask))
