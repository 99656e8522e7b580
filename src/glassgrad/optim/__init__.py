"""Optimisers: pure functions that turn gradients into steps, and chain. Floor 6.

>>> optimizer = optim.chain(optim.clip_by_norm(1.0), optim.adam(1e-3))
>>> parameters = {"w": np.ones(3)}
>>> state = optimizer.start(parameters)

>>> @gg.jit
... def step(parameters, state, x):
...     gradients = gg.grad(lambda p: np.sum((p["w"] * x) ** 2))(parameters)
...     updates, state = optimizer.update(gradients, state, parameters)
...     return optim.apply(parameters, updates), state

>>> parameters, state = step(parameters, state, np.arange(3.0))
>>> parameters["w"]
array([1.   , 0.999, 0.999])

A rate is a number or a schedule, a function of the number of steps made. It lives in the state with the counts, so
that `with_rate` changes it without compiling again. Parameters may be any tree; states are trees of arrays.
"""

from typing import TYPE_CHECKING, Any

from glassgrad.base.spelling import missing
from glassgrad.optim import schedules
from glassgrad.optim.accumulation import accumulate
from glassgrad.optim.adam_family import adam, adamw, nadam
from glassgrad.optim.averaging import averaged, ema, lookahead
from glassgrad.optim.clipping import clip_adaptive, clip_by_norm, clip_by_value, global_norm
from glassgrad.optim.decay import weight_decay
from glassgrad.optim.descent import momentum, nesterov, sgd
from glassgrad.optim.factored import adafactor
from glassgrad.optim.full_batch import Minimum, minimize
from glassgrad.optim.groups import by_path, masked, still
from glassgrad.optim.optimizer import Optimizer, Transformation, apply, chain
from glassgrad.optim.plateau import Plateau
from glassgrad.optim.rates import rates, scale_rate, with_rate
from glassgrad.optim.signs import lion
from glassgrad.optim.squares import adagrad, rmsprop

__all__ = [
    "Minimum",
    "Optimizer",
    "Plateau",
    "Transformation",
    "accumulate",
    "adafactor",
    "adagrad",
    "adam",
    "adamw",
    "apply",
    "averaged",
    "by_path",
    "chain",
    "clip_adaptive",
    "clip_by_norm",
    "clip_by_value",
    "ema",
    "global_norm",
    "lion",
    "lookahead",
    "masked",
    "minimize",
    "momentum",
    "nadam",
    "nesterov",
    "rates",
    "rmsprop",
    "scale_rate",
    "schedules",
    "sgd",
    "still",
    "weight_decay",
    "with_rate",
]

_ELSEWHERE = {"LBFGS": "minimize", "clip_grad_norm_": "clip_by_norm", "clip_grad_value_": "clip_by_value"}


if not TYPE_CHECKING:  # for whom every name would be there

    def __getattr__(name: str) -> Any:
        raise missing(__name__, name, __all__, _ELSEWHERE)
