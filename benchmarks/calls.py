"""The price of a call: a function of three operations on one number, and its gradient."""

from collections.abc import Callable
from typing import Any

from benchmarks.harness.case import Case, Run

POINT = 0.7


def _glassgrad(change: str) -> Run:
    import numpy as np

    import glassgrad as gg

    function = gg.jit(_changed(lambda x: np.sin(x) * x + 1.0, change, gg.grad))
    return Run(function, (np.float64(POINT),))


def _jax(change: str) -> Run:
    import jax
    import jax.numpy as jnp

    function = jax.jit(_changed(lambda x: jnp.sin(x) * x + 1.0, change, jax.grad))
    # Blocks on the array itself: the shortest way to wait.
    return Run(lambda x: function(x).block_until_ready(), (jnp.asarray(POINT),))


def _torch(change: str) -> Run:
    import torch

    def function(x: Any) -> Any:
        return torch.sin(x) * x + 1.0

    if change == "function":
        return Run(function, (torch.tensor(POINT, dtype=torch.float64),))
    x = torch.tensor(POINT, dtype=torch.float64, requires_grad=True)
    return Run(lambda x: torch.autograd.grad(function(x), x)[0], (x,))


def _autograd(change: str) -> Run:
    import autograd
    import autograd.numpy as np

    return Run(_changed(lambda x: np.sin(x) * x + 1.0, change, autograd.grad), (POINT,))


def _numpy(change: str) -> Run:
    import numpy as np

    by_hand = {"function": lambda x: np.sin(x) * x + 1.0, "gradient": lambda x: np.cos(x) * x + np.sin(x)}
    return Run(by_hand[change], (np.float64(POINT),))


def _changed(function: Callable[[Any], Any], change: str, grad: Callable[..., Any]) -> Callable[[Any], Any]:
    return grad(function) if change == "gradient" else function


MAKERS = {"glassgrad": _glassgrad, "jax": _jax, "torch": _torch, "autograd": _autograd, "numpy": _numpy}


def cases(*, quick: bool, dtype: str) -> list[Case]:
    return [
        Case(f"scalar {change}", {name: lambda make=make, change=change: make(change) for name, make in MAKERS.items()})
        for change in ("function", "gradient")
    ]
