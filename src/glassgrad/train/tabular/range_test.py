"""The learning-rate range test: the rate grows from step to step, and the loss tells which ones are good. Floor 7.

L. N. Smith, Cyclical learning rates for training neural networks (arXiv:1506.01186), section 3.3; the sweep grows
exponentially. The model that it ruins is a copy.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassgrad.nn.layer import Layer
from glassgrad.nn.objective import Objective, Supervised
from glassgrad.optim.optimizer import Optimizer
from glassgrad.optim.rates import with_rate
from glassgrad.train.data.batches import Order, Source
from glassgrad.train.step import begin, frozen_of, program

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 120
_WINDOW = STEPS // 5  # steps that a slope is taken over
_SMOOTHING = 0.9
_DIVERGED = 3.0  # times the best loss
_MODEST = 1e-3  # where the test says nothing


@dataclass(frozen=True, slots=True)
class RangeTest:
    """The rate that was chosen, why, and the sweep: the rates and the smoothed losses, (step,) each."""

    rate: float
    reason: str
    rates: np.ndarray
    losses: np.ndarray


def range_test(
    model: Layer,
    data: Source,
    objective: Objective | Supervised,
    optimizer: Optimizer,
    *,
    batch_size: int,
    key: Any,
    steps: int = STEPS,
) -> RangeTest:
    """A rate for this model, data and optimiser: where the loss falls fastest, and far below where it diverges.

    The step is compiled once; the rate is changed in its state.
    """
    state, frozen = begin(model, optimizer, key, None), frozen_of(model)
    step = program(model, objective, optimizer, None).step
    rates = np.geomspace(LOWEST, HIGHEST, steps)
    found, mean, best = [], 0.0, math.inf
    for count, (rate, batch) in enumerate(zip(rates, _endless(data, batch_size, key), strict=False), 1):
        state = replace(state, optimizer=with_rate(state.optimizer, rate))
        state, measured = step(state, frozen, batch.values, batch.mask)
        loss = float(measured.loss)
        if not math.isfinite(loss):
            break
        mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
        smooth = mean / (1 - _SMOOTHING**count)
        found.append(smooth)
        best = min(best, smooth)
        if smooth > _DIVERGED * best and count > steps // 4:
            break
    return _chosen(rates, np.array(found))


def _endless(data: Source, size: int, key: Any) -> Any:
    epoch = 0
    while True:
        yield from data.batches(Order(size, key, last="pad", epoch=epoch))
        epoch += 1


def _chosen(rates: np.ndarray, losses: np.ndarray) -> RangeTest:
    """Where the loss falls fastest by the logarithm of the rate, and no more than a tenth of where it turns.

    Slopes are those of lines through a fifth of the sweep, as the losses of single batches are noise; only where the
    loss has begun to fall can it be falling fast.
    """
    swept = rates[: len(losses)]
    lowest = int(losses.argmin()) if len(losses) else 0
    if len(losses) < _WINDOW or losses[lowest] > 0.95 * losses[: _WINDOW // 2].mean():
        return RangeTest(_MODEST, "the loss does not fall clearly at any rate", swept, losses)
    logs = np.log(swept)
    half = _WINDOW // 2
    slopes = np.full(len(losses), np.inf)
    for place in range(half, lowest + 1):
        window = slice(place - half, min(place + half + 1, len(losses)))
        slopes[place] = np.polyfit(logs[window], losses[window], 1)[0]
    start = losses[:half].mean()
    slopes[losses > start - 0.1 * (start - losses[lowest])] = np.inf
    steepest, limit = swept[int(slopes.argmin())], swept[lowest] / 10
    if steepest <= limit:
        return RangeTest(float(steepest), "the loss falls fastest there", swept, losses)
    return RangeTest(float(limit), "a tenth of the rate from which on the loss does not fall", swept, losses)
