"""Layers and losses of the second set of cases that Glassgrad has not."""

import numpy as np

import glassgrad as gg
from glassgrad import nn


def squared(x):
    """x²."""
    return x**2


class Ungraded(nn.Layer):
    """No gradient goes into what is inside."""

    inner: nn.Layer

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, x):
        return gg.stop_gradient(self.inner(x))


class Tied(nn.Layer):
    """Words in, scores of words out, by one table."""

    words: nn.Layer
    inner: nn.Layer

    def __init__(self, count, size, inner, key):
        self.words = nn.Embedding(count, size, key=key)
        self.words = self.words.replace("table", self.words.table * np.float32(size**-0.5))
        self.inner = inner

    def __call__(self, x):
        return self.inner(self.words(x)) @ self.words.table.T


FUNCTIONS = {
    "relu_six": nn.relu6, "hard_tanh": nn.hard_tanh, "hard_sigmoid": nn.hard_sigmoid, "softsign": nn.softsign,
    "mish": nn.mish, "squared": squared, "exp": np.exp, "round": np.round, "sign": np.sign,
}  # fmt: skip


def roots(prediction, target):
    """The absolute error, as the root of the square."""
    return np.mean(np.sqrt((prediction - target) ** 2))


def logs(prediction, target):
    """The squared error of ln(1 + x), as competitions have it."""
    return np.mean((np.log(1 + prediction) - np.log(1 + target)) ** 2)


LOSSES = {"hinge": nn.hinge, "roots": roots, "logs": logs, "poisson": nn.poisson}
