"""A training step with Adam in each library's way, around a model's loss. Parameters are dicts of arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness.case import Run

Arrays = dict[str, Any]
RATE, MEMORY, SQUARE_MEMORY, SMALL = 1e-3, 0.9, 0.999, 1e-8


def drawn(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> Arrays:
    """Starting values in single precision: normal over the root of what comes in, and zeros for vectors."""
    random = np.random.default_rng(seed)
    found = {}
    for name, shape in shapes.items():
        if len(shape) == 1:
            found[name] = np.full(shape, float(name.endswith("scale")), np.float32)
        else:
            inputs = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))  # (in, out), or (out, in, *window)
            found[name] = (random.normal(size=shape) / np.sqrt(inputs)).astype(np.float32)
    return found


def adam_start(parameters: Arrays) -> Any:
    """No steps, no means, no squares."""
    means, squares = [{name: np.zeros(value.shape, np.float32) for name, value in parameters.items()} for _ in "ms"]
    return np.float32(0.0), means, squares


def adam(parameters: Arrays, gradients: Arrays, state: Any) -> tuple[Arrays, Any]:
    """Kingma and Ba's step (arXiv:1412.6980, algorithm 1): arithmetic alone, the same text for every library."""
    count, means, squares = state
    count = count + 1.0
    means = {n: MEMORY * means[n] + (1.0 - MEMORY) * g for n, g in gradients.items()}
    squares = {n: SQUARE_MEMORY * squares[n] + (1.0 - SQUARE_MEMORY) * g * g for n, g in gradients.items()}
    rate, scale = RATE / (1.0 - MEMORY**count), 1.0 - SQUARE_MEMORY**count
    new = {n: p - rate * means[n] / ((squares[n] / scale) ** 0.5 + SMALL) for n, p in parameters.items()}
    return new, (count, means, squares)


Loss = Callable[..., Any]  # of the parameters and the batch


def with_glassgrad(loss: Loss, parameters: Arrays, batch: tuple[Any, ...]) -> Run:
    """The whole step as one compiled function, the old parameters given up to the new ones."""
    import glassgrad as gg

    def step(parameters, state, *batch):
        value, gradients = gg.value_and_grad(loss)(parameters, *batch)
        return *adam(parameters, gradients, state), value

    own = {name: value.copy() for name, value in parameters.items()}
    return _keeping(gg.jit(step, donate=("parameters", "state")), own, adam_start(parameters), batch)


def with_jax(loss: Loss, parameters: Arrays, batch: tuple[Any, ...]) -> Run:
    """The whole step compiled, the old parameters given up to the new ones, and every result waited for."""
    import jax

    def step(parameters, state, *batch):
        value, gradients = jax.value_and_grad(loss)(parameters, *batch)
        return *adam(parameters, gradients, state), value

    compiled = jax.jit(step, donate_argnums=(0, 1))
    on_device = jax.tree.map(jax.numpy.array, (parameters, adam_start(parameters), batch))
    return _keeping(lambda *args: jax.block_until_ready(compiled(*args)), *on_device)


def with_autograd(loss: Loss, parameters: Arrays, batch: tuple[Any, ...]) -> Run:
    import autograd

    both = autograd.value_and_grad(loss)

    def step(parameters, state, *batch):
        value, gradients = both(parameters, *batch)
        return *adam(parameters, gradients, state), value

    return _keeping(step, parameters, adam_start(parameters), batch)


def by_hand(both: Loss, parameters: Arrays, batch: tuple[Any, ...]) -> Run:
    """With a function that gives the loss and its gradients, written in NumPy."""

    def step(parameters, state, *batch):
        value, gradients = both(parameters, *batch)
        return *adam(parameters, gradients, state), value

    return _keeping(step, parameters, adam_start(parameters), batch)


def _keeping(step: Callable[..., Any], parameters: Arrays, state: Any, batch: tuple[Any, ...]) -> Run:
    """A call without arguments that takes a step from where the last one ended and gives the loss before it."""
    held = [parameters, state]

    def run() -> Any:
        held[0], held[1], value = step(held[0], held[1], *batch)
        return value

    return Run(run, numbers=float)


def with_torch(module: Any, loss: Loss, parameters: Arrays, batch: tuple[Any, ...], *, compiles: bool = False) -> Run:
    """A module and torch's own optimiser in its fused form."""
    import torch

    fill(module, parameters)
    optimiser = torch.optim.Adam(module.parameters(), RATE, (MEMORY, SQUARE_MEMORY), SMALL, fused=True)
    model = torch.compile(module) if compiles else module
    tensors = [torch.from_numpy(x) for x in batch]

    def run() -> Any:
        optimiser.zero_grad()
        value = loss(model, *tensors)
        value.backward()
        optimiser.step()
        return value

    return Run(run, numbers=lambda value: float(value.detach()))


def fill(module: Any, parameters: Arrays) -> None:
    """Writes our parameters into a module of the same names (with _ for .); its matrices are (out, in)."""
    import torch

    own = {name.replace(".", "_"): tensor for name, tensor in module.named_parameters()}
    assert own.keys() == parameters.keys(), own.keys() ^ parameters.keys()
    with torch.no_grad():
        for name, tensor in own.items():
            value = parameters[name]
            tensor.copy_(torch.from_numpy(np.ascontiguousarray(value.T if value.ndim == 2 else value)))
