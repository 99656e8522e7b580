"""Which loss a function is, found by trying it on drawn probabilities: the same numbers come out. Floor 7.

Probabilities well inside of 0 … 1 are where clipping and guards do nothing, which hide a loss at its operating point.
"""

from collections.abc import Callable, Iterator
from math import isclose, isfinite
from typing import Any

import torch

_TRIES = 3
_CLOSE = 1e-3  # relative; a guard of 1e-7 inside of a logarithm is less


def by_trial(loss: Any, prediction: Any, target: Any) -> tuple[str, str] | None:
    """(name, reduction) of a loss of probabilities, or None."""
    if loss is None or not isinstance(target, torch.Tensor) or not prediction.ndim:
        return None
    generator = torch.Generator().manual_seed(0)
    drawn = [_probabilities(prediction, generator) for _ in range(_TRIES)]
    values = [_value(lambda p: loss(p, target), one) for one in drawn]
    if any(value is None for value in values):
        return None
    for name, reduction, known in _candidates(target):
        others = [_value(known, one) for one in drawn]
        pairs = zip(values, others, strict=True)
        if all(other is not None and isclose(value or 0.0, other, rel_tol=_CLOSE) for value, other in pairs):
            return name, reduction
    return None


def _probabilities(like: Any, generator: Any) -> Any:
    """Of classes along the last axis where there are several units, else one for each entry."""
    numbers = torch.randn(like.shape, generator=generator).to(like)
    return torch.softmax(numbers, -1) if like.shape[-1] > 1 and like.ndim > 1 else 0.05 + 0.9 * torch.sigmoid(numbers)


def _value(function: Callable[[Any], Any], prediction: Any) -> float | None:
    try:
        with torch.no_grad():
            value = float(function(prediction))
    except Exception:  # noqa: BLE001 - a loss that does not take these is another one
        return None
    return value if isfinite(value) else None


def _candidates(target: Any) -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    def binary(p: Any) -> Any:
        goal = target.to(p)
        return -(goal * p.log() + (1 - goal) * (1 - p).log())

    def of_rows(p: Any) -> Any:
        return -(target.to(p) * p.log()).sum(-1)

    def of_labels(p: Any) -> Any:
        return -p.log().gather(-1, target.reshape(*p.shape[:-1], 1).long())

    yield "binary_cross_entropy", "mean", lambda p: binary(p).mean()
    yield "binary_cross_entropy", "sum", lambda p: binary(p).sum()
    yield "binary_cross_entropy", "mean", lambda p: binary(p).sum(-1).mean()
    yield from _of_classes(of_rows)
    yield from _of_classes(of_labels)


def _of_classes(losses: Callable[[Any], Any]) -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    name = "cross_entropy_probabilities"
    yield name, "mean", lambda p: losses(p).mean()
    yield name, "sum", lambda p: losses(p).sum()
    yield name, "mean", lambda p: losses(p).mean() / p.shape[-1]
