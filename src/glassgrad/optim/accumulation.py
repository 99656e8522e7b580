"""Gradient accumulation: one step for the mean of several batches' gradients. Floor 6."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.trees import Tree, map_leaves
from glassgrad.optim.leaves import each, zeros
from glassgrad.optim.made import made
from glassgrad.optim.optimizer import Optimizer, State, checked_optimizer
from glassgrad.optim.rates import checked_count


@dataclass(frozen=True, slots=True)
class AccumulationState:
    """How many gradients have come since the last step, their mean so far divided by all, and the optimiser's state."""

    count: Any
    gathered: Tree
    inner: State


def accumulate(optimizer: Optimizer, steps: int) -> Optimizer:
    """Gathers `steps` gradients and moves by their mean: the step of one batch as large as all of these together.

    In between the updates are zero and the optimiser's state, with its schedule, stays as it is. One compiled program
    does both.

    >>> optimizer = optim.accumulate(optim.sgd(1.0), 2)
    >>> x = np.zeros(1)
    >>> state = optimizer.start(x)
    >>> for gradient in [1.0, 3.0, 5.0, 5.0]:
    ...     updates, state = optimizer.update(np.full(1, gradient), state, x)
    ...     print(updates + 0.0)
    [0.]
    [-2.]
    [0.]
    [-5.]
    """
    checked_optimizer(optimizer, "accumulate")
    share = 1.0 / checked_count(steps, "`steps` of accumulate")

    def start(parameters: Tree) -> AccumulationState:
        return AccumulationState(np.int64(0), zeros(parameters), optimizer.start(parameters))

    def update(gradients: Tree, state: AccumulationState, parameters: Tree) -> tuple[Tree, AccumulationState]:
        gather = lambda p, g, s: (s + share * g,)  # noqa: E731
        (gathered,) = each(gather, 1, parameters, gradients=gradients, state=state.gathered)
        found, after = optimizer.update(gathered, state.inner, parameters)
        # Chosen number by number and not by `cond`: then one loop reads and writes each array once.
        count = state.count + 1
        moves = count == steps
        inner = map_leaves(lambda new, old: np.where(moves, new, old), after, state.inner)
        (updates,) = each(lambda p, u: (np.where(moves, u, _none(p)),), 1, parameters, updates=found)
        (gathered,) = each(lambda p, s: (np.where(moves, _none(p), s),), 1, parameters, state=gathered)
        return updates, AccumulationState(count % steps, gathered, inner)

    return Optimizer(start, update, made(accumulate, optimizer, steps))


def _none(parameter: Any) -> Any:
    return np.zeros((), parameter.dtype)
