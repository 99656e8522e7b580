"""Adafactor: Adam's squares of a matrix kept as one number for each row and each column. Floor 6."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.trees import Tree
from glassgrad.optim.decay import amounts, apart
from glassgrad.optim.leaves import each
from glassgrad.optim.made import made
from glassgrad.optim.optimizer import Optimizer
from glassgrad.optim.paths import Mask
from glassgrad.optim.rates import Rate, RateLike, check_rate, checked_number, followed, started


@dataclass(frozen=True, slots=True)
class Factors:
    """The mean squares of a matrix (or of a stack of them) along its rows, and along its columns."""

    rows: Any  # (..., rows, 1)
    columns: Any  # (..., 1, columns)


@dataclass(frozen=True, slots=True)
class AdafactorState:
    """Steps made, the rate of the next one; for each matrix its `Factors`, for each vector its mean squares."""

    count: Any
    rate: Rate
    square: Tree


def adafactor(
    rate: RateLike = 1e-2,
    *,
    beta2_decay: float = -0.8,
    eps: tuple[float | None, float] = (None, 1e-3),
    threshold: float = 1.0,
    weight_decay: float = 0.0,
    mask: Mask = None,
) -> Optimizer:
    """Adafactor (Shazeer and Stern, arXiv:1804.04235), as PyTorch's `Adafactor` (`threshold` is its d).

    The squares s of a matrix are estimated as rows · columns / mean(rows), each a mean with weight t^beta2_decay for
    the newest. The step is relative: u = g / √s, made smaller where its root mean square is above the threshold, times
    min(rate, 1/√t) · max(eps₂, rms(p)). Weight decay acts apart: p ← p · (1 − rate · weight_decay). eps₁ is the dtype's
    epsilon unless given.

    >>> optimizer = optim.adafactor(0.1)
    >>> w = np.full((2, 3), 2.0)
    >>> state = optimizer.start({"w": w})
    >>> state.square["w"].rows.shape, state.square["w"].columns.shape
    ((2, 1), (1, 3))
    >>> updates, state = optimizer.update({"w": np.ones((2, 3))}, state, {"w": w})
    >>> updates["w"][0].round(12)
    array([-0.2, -0.2, -0.2])
    """
    check_rate(rate, "adafactor")
    checked_number(-beta2_decay, "-beta2_decay of adafactor")
    checked_number(threshold, "the threshold of adafactor", low=1.0)
    checked_number(weight_decay, "the weight_decay of adafactor")
    first = None if eps[0] is None else checked_number(eps[0], "the first eps of adafactor")
    second = checked_number(eps[1], "the second eps of adafactor")

    def start(parameters: Tree) -> AdafactorState:
        amounts(weight_decay, mask, parameters)
        return AdafactorState(np.int64(0), started(rate), each(lambda p: (_no_squares(p),), 1, parameters)[0])

    def update(gradients: Tree, state: AdafactorState, parameters: Tree) -> tuple[Tree, AdafactorState]:
        count = state.count + 1
        now = state.rate.now()
        weight = count**beta2_decay
        relative = np.minimum(now, 1.0 / np.sqrt(count))

        def move(p: Any, g: Any, before: Any, d: float) -> tuple[Any, Any]:
            smallest = float(np.finfo(p.dtype).eps) if first is None else max(first, float(np.finfo(p.dtype).tiny))
            square, shrink = _squares(g, before, weight.astype(p.dtype), smallest)
            u = g * shrink
            size = relative.astype(p.dtype) * np.maximum(second, _rms(p)) / np.maximum(1.0, _rms(u) / threshold)
            return apart(-size * u, p, now, d), square

        decay = amounts(weight_decay, mask, parameters)
        updates, square = each(move, 2, parameters, gradients=gradients, state=state.square, decay=decay)
        return updates, AdafactorState(count, followed(state.rate, rate, count), square)

    settings = {"beta2_decay": beta2_decay, "eps": eps, "threshold": threshold, "weight_decay": weight_decay}
    return Optimizer(start, update, made(adafactor, rate, **settings, mask=mask))


def _no_squares(p: Any) -> Any:
    if p.ndim < 2:
        return np.zeros(p.shape, p.dtype)
    return Factors(np.zeros((*p.shape[:-1], 1), p.dtype), np.zeros((*p.shape[:-2], 1, p.shape[-1]), p.dtype))


def _squares(g: Any, before: Any, weight: Any, smallest: float) -> tuple[Any, Any]:
    """What is kept of the squares, and 1 / √s for the squares s that this stands for, at least smallest²."""
    least = float(np.finfo(g.dtype).tiny)
    if not isinstance(before, Factors):
        square = before + weight * (g * g - before)
        return square, _root(square, max(smallest * smallest, least))
    rows = before.rows + weight * (_mean(g * g, -1) - before.rows)
    columns = before.columns + weight * (_mean(g * g, -2) - before.columns)
    # 1 / √(rows · columns / mean), root by root: none for each element.
    by_row = _root(rows / np.maximum(_mean(rows, -2), smallest), least)
    return Factors(rows, columns), np.minimum(by_row * _root(columns, least), 1.0 / smallest)


def _root(values: Any, least: float) -> Any:
    return 1.0 / np.sqrt(np.maximum(values, least))


def _mean(values: Any, axis: int) -> Any:
    """The mean along an axis, which may be empty."""
    return np.sum(values, axis=axis, keepdims=True) / max(values.shape[axis], 1)


def _rms(values: Any) -> Any:
    return np.sqrt(np.sum(values * values) / max(values.size, 1))
