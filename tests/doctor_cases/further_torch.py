"""Modules and losses of the second set of cases that PyTorch has not."""

import torch
from torch import nn
from torch.nn import functional


class Squared(nn.Module):
    """x²."""

    def forward(self, x):
        return x**2


class Exp(nn.Module):
    """eˣ."""

    def forward(self, x):
        return torch.exp(x)


class Round(nn.Module):
    """To the nearest whole number."""

    def forward(self, x):
        return torch.round(x)


class Sign(nn.Module):
    """-1, 0 or 1."""

    def forward(self, x):
        return torch.sign(x)


class Ungraded(nn.Module):
    """What is inside computes under no_grad."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        with torch.no_grad():
            return self.inner(x)


class Unlisted(nn.Module):
    """What is inside is kept in a list of Python's, where PyTorch does not see its parameters."""

    def __init__(self, inner):
        super().__init__()
        self.layers = list(inner)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Tied(nn.Module):
    """Words in, scores of words out, by one table."""

    def __init__(self, count, size, inner):
        super().__init__()
        self.words = nn.Embedding(count, size)
        nn.init.normal_(self.words.weight, std=size**-0.5)
        self.inner = inner

    def forward(self, x):
        return self.inner(self.words(x)) @ self.words.weight.T


PLAIN = {
    "relu_six": nn.ReLU6, "hard_tanh": nn.Hardtanh, "hard_sigmoid": nn.Hardsigmoid, "softsign": nn.Softsign,
    "mish": nn.Mish, "squared": Squared, "exp": Exp, "round": Round, "sign": Sign,
    "globalavg": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
}  # fmt: skip


def hinge(prediction, target):
    """For labels -1 and 1."""
    return functional.relu(1 - prediction * target).mean()


def roots(prediction, target):
    """The absolute error, as the root of the square."""
    return torch.sqrt((prediction - target) ** 2).mean()


def logs(prediction, target):
    """The squared error of ln(1 + x), as competitions have it."""
    return ((torch.log(1 + prediction) - torch.log(1 + target)) ** 2).mean()


LOSSES = {
    "hinge": lambda _: hinge,
    "roots": lambda _: roots,
    "logs": lambda _: logs,
    "poisson": lambda reduction: nn.PoissonNLLLoss(reduction=reduction),
}
