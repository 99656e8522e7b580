"""Averages of the parameters along the way: the exponential mean, and lookahead. Floor 6."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Tree, flatten_to
from glassgrad.optim.leaves import copies, each
from glassgrad.optim.made import made
from glassgrad.optim.optimizer import Optimizer, State, checked_optimizer
from glassgrad.optim.rates import checked_count, checked_number


@dataclass(frozen=True, slots=True)
class AverageState:
    """The number of steps made, the mean of the parameters, and the optimiser's state."""

    count: Any
    average: Tree
    inner: State


def ema(optimizer: Optimizer, decay: float = 0.999) -> Optimizer:
    """Moves as the optimiser does and keeps an exponential mean of the parameters, which `averaged(state)` gives.

    mean ← decay · mean + (1 − decay) · p after each step; the first step sets it, as in PyTorch's `AveragedModel` with
    `get_ema_multi_avg_fn(decay)`.

    >>> optimizer = optim.ema(optim.sgd(1.0), 0.9)
    >>> x = np.array([3.0])
    >>> state = optimizer.start(x)
    >>> for _ in range(2):
    ...     updates, state = optimizer.update(np.ones(1), state, x)
    ...     x = optim.apply(x, updates)
    >>> x, optim.averaged(state)
    (array([1.]), array([1.9]))
    """
    checked_optimizer(optimizer, "ema")
    checked_number(decay, "the decay of ema", high=1.0)

    def start(parameters: Tree) -> AverageState:
        return AverageState(np.int64(0), copies(parameters), optimizer.start(parameters))

    def update(gradients: Tree, state: AverageState, parameters: Tree) -> tuple[Tree, AverageState]:
        updates, inner = optimizer.update(gradients, state.inner, parameters)
        weight = np.where(state.count == 0, 1.0, 1.0 - decay)

        def follow(p: Any, u: Any, mean: Any) -> tuple[Any]:
            return (mean + weight.astype(p.dtype) * (p + u - mean),)

        (average,) = each(follow, 1, parameters, updates=updates, average=state.average)
        return updates, AverageState(state.count + 1, average, inner)

    return Optimizer(start, update, made(ema, optimizer, decay))


def averaged(state: State) -> Tree:
    """The mean of the parameters that `ema` keeps in this state, also where it stands inside of other optimisers'."""
    parts, _ = flatten_to(AverageState, state)
    found = [part for part in parts if isinstance(part, AverageState)]
    if len(found) != 1:
        number = len(found) or "no"
        raise UsageError(f"the state holds {number} averages", hint="optim.ema(optimizer) around everything keeps one")
    return found[0].average


@dataclass(frozen=True, slots=True)
class LookaheadState:
    """The number of steps made, the slow parameters, and the optimiser's state."""

    count: Any
    slow: Tree
    inner: State


def lookahead(optimizer: Optimizer, every: int = 5, step: float = 0.5) -> Optimizer:
    """Lookahead (Zhang and others, arXiv:1907.08610): k steps forward, one step back.

    The optimiser moves the parameters; `every` so many steps the slow parameters go the part `step` of the way to them,
    and they go on from there.

    >>> optimizer = optim.lookahead(optim.sgd(1.0), every=2, step=0.5)
    >>> x = np.array([0.0])
    >>> state = optimizer.start(x)
    >>> for _ in range(3):
    ...     updates, state = optimizer.update(-np.ones(1), state, x)
    ...     x = optim.apply(x, updates)
    ...     print(x)
    [1.]
    [1.]
    [2.]
    """
    checked_optimizer(optimizer, "lookahead")
    checked_number(step, "the step of lookahead", high=1.0)
    checked_count(every, "`every` of lookahead")

    def start(parameters: Tree) -> LookaheadState:
        return LookaheadState(np.int64(0), copies(parameters), optimizer.start(parameters))

    def update(gradients: Tree, state: LookaheadState, parameters: Tree) -> tuple[Tree, LookaheadState]:
        updates, inner = optimizer.update(gradients, state.inner, parameters)
        count = state.count + 1
        meet = count % every == 0

        def follow(p: Any, u: Any, slow: Any) -> tuple[Any, Any]:
            slow = np.where(meet, slow + step * (p + u - slow), slow)
            return np.where(meet, slow - p, u), slow

        updates, slow = each(follow, 2, parameters, updates=updates, slow=state.slow)
        return updates, LookaheadState(count, slow, inner)

    return Optimizer(start, update, made(lookahead, optimizer, every=every, step=step))
