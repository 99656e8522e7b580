"""Chains of elementwise operations and reductions, and what is made of them: softmax, layer norm, logsumexp.

Each function is written for each library as its users would; derivatives are with respect to the first argument.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks.harness.case import Case, Run

ROW = 256  # the axis of softmax, layer norm and the running sum; batch norm goes along the other
SIZES = (1_024, 10_240, 102_400, 1_024_000, 10_240_000)
SMALL = 1e-5

# For each function: its number of arrays of full size, and whether its result is one as well.
SHAPES = {
    "chain": (2, True),
    "chain sum": (2, False),
    "softmax": (1, True),
    "layer norm": (1, True),
    "batch norm": (1, True),
    "cumsum": (1, True),
    "logsumexp": (1, False),
}


# ------------------------------------------------------------------ the functions
def in_numpy(xp: ModuleType) -> dict[str, Callable[..., Any]]:
    """As one writes them in NumPy, for NumPy, autograd and, but for logsumexp, Glassgrad."""

    def softmax(x):
        exps = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
        return exps / xp.sum(exps, axis=-1, keepdims=True)

    def normalised(x, axis):
        centred = x - xp.mean(x, axis=axis, keepdims=True)
        return centred / xp.sqrt(xp.mean(centred * centred, axis=axis, keepdims=True) + SMALL)

    def logsumexp(x):
        top = xp.max(x)
        return top + xp.log(xp.sum(xp.exp(x - top)))

    return {
        "chain": lambda x, y: xp.tanh(x * y + 0.5) * xp.exp(-x * x),
        "chain sum": lambda x, y: xp.sum(xp.tanh(x * y + 0.5) * xp.exp(-x * x)),
        "softmax": softmax,
        "layer norm": lambda x: normalised(x, -1),
        "batch norm": lambda x: normalised(x, 0),
        "cumsum": lambda x: xp.cumsum(x, axis=-1),
        "logsumexp": logsumexp,
    }


def in_glassgrad() -> dict[str, Callable[..., Any]]:
    import numpy as np

    from glassgrad.scipy.special import logsumexp

    return in_numpy(np) | {"logsumexp": logsumexp}


def in_jax() -> dict[str, Callable[..., Any]]:
    import jax
    import jax.numpy as jnp

    def normalised(x, axis):
        centred = x - jnp.mean(x, axis=axis, keepdims=True)
        return centred * jax.lax.rsqrt(jnp.mean(centred * centred, axis=axis, keepdims=True) + SMALL)

    return {
        "chain": lambda x, y: jnp.tanh(x * y + 0.5) * jnp.exp(-x * x),
        "chain sum": lambda x, y: jnp.sum(jnp.tanh(x * y + 0.5) * jnp.exp(-x * x)),
        "softmax": jax.nn.softmax,
        "layer norm": lambda x: normalised(x, -1),
        "batch norm": lambda x: normalised(x, 0),
        "cumsum": lambda x: jnp.cumsum(x, axis=-1),
        "logsumexp": jax.nn.logsumexp,
    }


def in_torch() -> dict[str, Callable[..., Any]]:
    import torch

    return {
        "chain": lambda x, y: torch.tanh(x * y + 0.5) * torch.exp(-x * x),
        "chain sum": lambda x, y: torch.sum(torch.tanh(x * y + 0.5) * torch.exp(-x * x)),
        "softmax": lambda x: torch.softmax(x, -1),
        "layer norm": lambda x: torch.nn.functional.layer_norm(x, (ROW,), eps=SMALL),
        "batch norm": lambda x: torch.nn.functional.batch_norm(x, None, None, training=True, eps=SMALL),
        "cumsum": lambda x: torch.cumsum(x, -1),
        "logsumexp": lambda x: torch.logsumexp(x, (0, 1)),
    }


def gradients_by_hand() -> dict[str, Callable[..., Any]]:
    """In NumPy, with the cotangent first."""
    import numpy as np

    forward = in_numpy(np)

    def chain(ct, x, y):
        t, e = np.tanh(x * y + 0.5), np.exp(-x * x)
        return ct * e * ((1.0 - t * t) * y - 2.0 * x * t)

    def softmax(ct, x):
        p = forward["softmax"](x)
        return p * (ct - np.sum(ct * p, axis=-1, keepdims=True))

    def normalised(ct, x, axis):
        centred = x - np.mean(x, axis=axis, keepdims=True)
        scale = 1.0 / np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + SMALL)
        y = centred * scale
        return scale * (ct - np.mean(ct, axis=axis, keepdims=True) - y * np.mean(ct * y, axis=axis, keepdims=True))

    def logsumexp(ct, x):
        exps = np.exp(x - np.max(x))
        return exps * (ct / np.sum(exps))

    return {
        "chain": chain,
        "chain sum": chain,
        "softmax": softmax,
        "layer norm": lambda ct, x: normalised(ct, x, -1),
        "batch norm": lambda ct, x: normalised(ct, x, 0),
        "cumsum": lambda ct, x: np.flip(np.cumsum(np.flip(ct, -1), axis=-1), -1),
        "logsumexp": logsumexp,
    }


# ------------------------------------------------------------------ the runs
def _arrays(name: str, size: int, dtype: str) -> list[Any]:
    """The cotangent, then the arguments."""
    import numpy as np

    count, is_full = SHAPES[name]
    random = np.random.default_rng(0)
    given = [random.normal(size=(size // ROW, ROW)).astype(dtype) for _ in range(count)]
    ct = random.normal(size=given[0].shape).astype(dtype) if is_full else np.ones((), dtype)
    return [ct, *given]


def _product(sum_of: Callable[[Any], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """The scalar whose gradient is the pullback of the cotangent, which comes last."""
    return lambda *args: sum_of(function(*args[:-1]) * args[-1])


def _glassgrad(name: str, change: str, size: int, dtype: str) -> Run:
    import numpy as np

    import glassgrad as gg

    (ct, *given), function = _arrays(name, size, dtype), in_glassgrad()[name]
    if change == "forward":
        return Run(gg.jit(function), tuple(given))
    return Run(gg.jit(gg.grad(_product(np.sum, function))), (*given, ct))


def _jax(name: str, change: str, size: int, dtype: str) -> Run:
    import jax
    import jax.numpy as jnp

    (ct, *given), function = [jnp.asarray(x) for x in _arrays(name, size, dtype)], in_jax()[name]
    compiled = jax.jit(function if change == "forward" else jax.grad(_product(jnp.sum, function)))
    arguments = given if change == "forward" else [*given, ct]
    return Run(lambda *args: compiled(*args).block_until_ready(), tuple(arguments))


def _torch(name: str, change: str, size: int, dtype: str, *, compiles: bool = False) -> Run:
    import torch

    (ct, *given), function = [torch.from_numpy(x) for x in _arrays(name, size, dtype)], in_torch()[name]
    if compiles:
        function = torch.compile(function)
    if change == "forward":
        return Run(function, tuple(given))
    given[0].requires_grad_()
    return Run(lambda *args: torch.autograd.grad(function(*args), args[0], ct)[0], tuple(given))


def _autograd(name: str, change: str, size: int, dtype: str) -> Run:
    import autograd
    import autograd.numpy as np

    (ct, *given), function = _arrays(name, size, dtype), in_numpy(np)[name]
    if change == "forward":
        return Run(function, tuple(given))
    return Run(autograd.grad(_product(np.sum, function)), (*given, ct))


def _numpy(name: str, change: str, size: int, dtype: str) -> Run:
    import numpy as np

    ct, *given = _arrays(name, size, dtype)
    if change == "forward":
        return Run(in_numpy(np)[name], tuple(given))
    return Run(gradients_by_hand()[name], (ct, *given))


MAKERS = {
    "glassgrad": _glassgrad,
    "jax": _jax,
    "torch": _torch,
    "torch.compile": lambda *args: _torch(*args, compiles=True),
    "autograd": _autograd,
    "numpy": _numpy,
}


def moved(name: str, change: str, size: int, dtype: str) -> float:
    """The bytes that must cross the memory at least once: all arguments that count read, the result written."""
    count, is_full = SHAPES[name]
    arrays = count + is_full
    if change == "gradient" and name != "cumsum":  # for that of a running sum the argument itself is not read
        arrays += 1
    return float(arrays * size * (8 if dtype == "float64" else 4))


def cases(*, quick: bool, dtype: str) -> list[Case]:
    return [
        Case(
            f"{name} {change} {size}",
            {
                library: lambda make=make, given=(name, change, size, dtype): make(*given)
                for library, make in MAKERS.items()
                if not (quick and library == "torch.compile")
            },
            bytes=moved(name, change, size, dtype),
        )
        for name in SHAPES
        for change in ("forward", "gradient")
        for size in (SIZES[2:3] if quick else SIZES)
    ]
