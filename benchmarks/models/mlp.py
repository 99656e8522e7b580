"""Layers of tanh or relu with a squared error or a cross entropy at the end."""

import itertools
from typing import Any

import numpy as np

from benchmarks.harness.case import Run
from benchmarks.models import steps

Sizes = tuple[int, ...]


def parameters(sizes: Sizes) -> steps.Arrays:
    shapes: dict[str, tuple[int, ...]] = {}
    for index, (inner, outer) in enumerate(itertools.pairwise(sizes)):
        shapes |= {f"{index}_weight": (inner, outer), f"{index}_bias": (outer,)}
    return steps.drawn(shapes)


def batch(sizes: Sizes, count: int) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    x = random.normal(size=(count, sizes[0])).astype(np.float32)
    if sizes[-1] == 1:
        return x, np.sin(x[:, :1])
    return x, random.integers(0, sizes[-1], count)


def in_numpy(xp: Any, depth: int) -> steps.Loss:
    def loss(p, x, y):
        for index in range(depth):
            x = x @ p[f"{index}_weight"] + p[f"{index}_bias"]
            if index < depth - 1:
                x = xp.maximum(x, 0.0)
        if y.ndim == 2:
            return xp.mean((x - y) ** 2)
        top = xp.max(x, axis=1, keepdims=True)
        total = top[:, 0] + xp.log(xp.sum(xp.exp(x - top), axis=1))
        return xp.mean(total - x[xp.arange(x.shape[0]), y])

    return loss


def glassgrad(sizes: Sizes, count: int) -> Run:
    return steps.with_glassgrad(in_numpy(np, len(sizes) - 1), parameters(sizes), batch(sizes, count))


def autograd(sizes: Sizes, count: int) -> Run:
    import autograd.numpy

    return steps.with_autograd(in_numpy(autograd.numpy, len(sizes) - 1), parameters(sizes), batch(sizes, count))


def jax(sizes: Sizes, count: int) -> Run:
    import jax.nn
    import jax.numpy as jnp

    depth = len(sizes) - 1

    def loss(p, x, y):
        for index in range(depth):
            x = x @ p[f"{index}_weight"] + p[f"{index}_bias"]
            if index < depth - 1:
                x = jax.nn.relu(x)
        if y.ndim == 2:
            return jnp.mean((x - y) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], axis=1))

    return steps.with_jax(loss, parameters(sizes), batch(sizes, count))


def torch(sizes: Sizes, count: int, *, compiles: bool = False) -> Run:
    from torch import nn

    # The activations stand outside the numbering, so that the layers are 0, 1, 2.
    class Layers(nn.ModuleList):
        def forward(self, x):
            for layer in self[:-1]:
                x = nn.functional.relu(layer(x))
            return self[-1](x)

    module = Layers(nn.Linear(inner, outer) for inner, outer in itertools.pairwise(sizes))
    end = nn.functional.mse_loss if sizes[-1] == 1 else nn.functional.cross_entropy
    loss = lambda model, x, y: end(model(x), y)  # noqa: E731
    return steps.with_torch(module, loss, parameters(sizes), batch(sizes, count), compiles=compiles)


def numpy(sizes: Sizes, count: int) -> Run:
    depth = len(sizes) - 1

    def both(p, x, y):
        inputs = [x]
        for index in range(depth):
            x = x @ p[f"{index}_weight"] + p[f"{index}_bias"]
            if index < depth - 1:
                x = np.maximum(x, 0.0)
                inputs.append(x)
        if y.ndim == 2:
            value, ct = np.mean((x - y) ** 2), 2.0 / x.size * (x - y)
        else:
            exps = np.exp(x - np.max(x, axis=1, keepdims=True))
            ct, rows = exps / np.sum(exps, axis=1, keepdims=True), np.arange(len(x))
            value = -np.mean(np.log(ct[rows, y]))
            ct[rows, y] -= 1.0
            ct /= len(x)
        gradients = {}
        for index in reversed(range(depth)):
            gradients |= {f"{index}_weight": inputs[index].T @ ct, f"{index}_bias": np.sum(ct, axis=0)}
            if index:
                ct = (ct @ p[f"{index}_weight"].T) * (inputs[index] > 0.0)
        return value, gradients

    return steps.by_hand(both, parameters(sizes), batch(sizes, count))
