"""Functions whose sources and derivations are kept on file: tests/golden/source and tests/golden/explain."""
# ruff: noqa: RET504, RUF059 - the results' names are what the tests look for

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import glassgrad as gg


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def two_layer(W1, b1, W2, b2, x, y):
    z1 = x @ W1 + b1
    a1 = sigmoid(z1)
    z2 = a1 @ W2 + b2
    a2 = sigmoid(z2)
    L = np.mean((a2 - y) ** 2)
    return L


def log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def softmax_cross_entropy(W, b, x, labels):
    logits = x @ W + b
    log_p = log_softmax(logits)
    loss = -np.mean(log_p[np.arange(len(labels)), labels])
    return loss


def layer_norm(x, gain, bias, target):
    mean = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    out = gain * (x - mean) / np.sqrt(var + 1e-5) + bias
    loss = np.sum((out - target) ** 2)
    return loss


def recurrent(W, U, b, xs):
    h = np.zeros(3)
    for x in xs:
        h = np.tanh(W @ h + U @ x + b)
    loss = np.sum(h**2)
    return loss


def recurrent_scan(W, U, b, xs):
    def step(h, x):
        h = np.tanh(W @ h + U @ x + b)
        return h, h

    h, hs = gg.scan(step, np.zeros(3), xs)
    loss = np.sum(hs**2)
    return loss


def newton(a, x0):
    x = gg.while_loop(lambda x: abs(x * x - a) > 1e-10, lambda x: 0.5 * (x + a / x), x0)
    return x


def pressure(t):
    h = 4000 - 0.5 * 9.8 * t**2
    p = 101325 * np.exp(-0.0001 * h)
    return p


def relu_at_zero(x, w):
    a = np.maximum(x, 0)
    y = np.sum(a * w) + np.sum(np.abs(x))
    return y


@dataclass(frozen=True, slots=True)
class Program:
    """A function with the arguments that it is shown at."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    wrt: Any

    @property
    def name(self) -> str:
        return self.function.__name__


def _numbers(*shape: int, start: int = 1) -> np.ndarray:
    """Numbers between -1 and 1 that are the same on every machine."""
    count = int(np.prod(shape))
    places = np.arange(count) + start
    return ((places * places * 7919 + places * 31) % 997 / 500 - 1).reshape(shape)


PROGRAMS = (
    Program(
        two_layer,
        tuple(_numbers(*shape, start=i) for i, shape in enumerate([(4, 3), (3,), (3, 2), (2,), (5, 4), (5, 2)])),
        ["W1", "b1", "W2", "b2"],
    ),
    Program(
        softmax_cross_entropy,
        (_numbers(3, 4), _numbers(4), _numbers(5, 3, start=9), np.array([0, 3, 1, 1, 2])),
        ["W", "b"],
    ),
    Program(layer_norm, (_numbers(3, 5), _numbers(5), _numbers(5, start=7), _numbers(3, 5, start=3)), "all"),
    Program(
        recurrent, (_numbers(3, 3), _numbers(3, 2, start=4), _numbers(3, start=8), _numbers(3, 2)), ["W", "U", "b"]
    ),
    Program(
        recurrent_scan, (_numbers(3, 3), _numbers(3, 2, start=4), _numbers(3, start=8), _numbers(4, 2)), ["W", "U", "b"]
    ),
    Program(newton, (2.0, 1.0), "a"),
    Program(pressure, (10.0,), "t"),
    Program(relu_at_zero, (np.array([-1.0, 0.0, 2.0]), np.array([0.5, 0.25, -1.0])), "x"),
)
BY_NAME = {program.name: program for program in PROGRAMS}
