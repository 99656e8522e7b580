"""Optimisers by their names, as a configuration has them. Floor 6."""

from collections.abc import Callable
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.optim.adam_family import adam, adamw, nadam
from glassgrad.optim.descent import momentum, nesterov, sgd
from glassgrad.optim.factored import adafactor
from glassgrad.optim.optimizer import Optimizer
from glassgrad.optim.signs import lion
from glassgrad.optim.squares import adagrad, rmsprop

OPTIMISERS: dict[str, Callable[..., Optimizer]] = {
    "adafactor": adafactor,
    "adagrad": adagrad,
    "adam": adam,
    "adamw": adamw,
    "lion": lion,
    "momentum": momentum,
    "nadam": nadam,
    "nesterov": nesterov,
    "rmsprop": rmsprop,
    "sgd": sgd,
}


def optimizer_of(name: str, rate: float, **settings: Any) -> Optimizer:
    """The optimiser of a name.

    >>> optimizer_of("adam", 1e-3)
    adam(0.001)
    """
    if name not in OPTIMISERS:
        raise UsageError(f"there is no optimizer {name!r}", hint=f"one of {', '.join(OPTIMISERS)}")
    return OPTIMISERS[name](rate, **settings)
