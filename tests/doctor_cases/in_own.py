"""A case as a training set-up of Glassgrad's own: model, loss, batches, optimiser."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import glassgrad as gg
from glassgrad import nn, optim
from tests.doctor_cases import data, further_own, weights
from tests.doctor_cases.case import Case
from tests.doctor_cases.layers import Word, read


@dataclass(frozen=True, slots=True)
class Made:
    """What `examine` takes."""

    model: nn.Layer
    loss: Any
    data: list[tuple[np.ndarray, np.ndarray]]
    optimizer: Any


# ------------------------------------------------------------------ layers
def mean(x):
    """The mean over the steps of a sequence."""
    return np.mean(x, axis=1)


class Positions(nn.Layer):
    """Adds sines and cosines of the place."""

    table: nn.Array = nn.state()

    def __init__(self, length, size):
        self.table = nn.positions(length, size)

    def __call__(self, x):
        return x + self.table


class Times(nn.Layer):
    """A fixed factor."""

    factor: float = nn.static()

    def __call__(self, x):
        return self.factor * x


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "relu": nn.relu, "tanh": nn.tanh, "sigmoid": nn.sigmoid, "gelu": nn.gelu, "elu": nn.elu, "selu": nn.selu,
    "silu": nn.silu, "softplus": nn.softplus, "leaky_relu": nn.leaky_relu, "softmax": nn.softmax,
    "log_softmax": nn.log_softmax, "last": nn.last, "mean": mean, "detach": gg.stop_gradient, "log": np.log,
    "identity": nn.identity, **further_own.FUNCTIONS,
}  # fmt: skip


def layer_of(word: Word, shape: tuple[int, ...], key: Any, follows: str) -> tuple[Any, tuple[int, ...]]:
    """The layer, drawn for the word that follows, and the shape of one example after it."""
    if word.name in _FUNCTIONS:
        return _FUNCTIONS[word.name], {"last": shape[1:], "mean": shape[1:]}.get(word.name, shape)
    width = shape[-1] if shape else 1
    activation = follows if follows in ("relu", "gelu", "elu", "selu", "silu", "leaky_relu") else None
    match word.name:
        case "linear":
            return nn.Linear(width, word.size, key=key, activation=activation), (*shape[:-1], word.size)
        case "unbiased":
            return nn.Linear(width, word.size, key=key, bias=False, activation=activation), (*shape[:-1], word.size)
        case "conv":
            window = int(word.numbers[1])
            layer = nn.Conv2d(shape[0], word.size, window, key=key, padding=window // 2, activation=activation)
            return layer, (word.size, *shape[1:])
        case "depthwise":
            layer = nn.Conv2d(shape[0], shape[0], word.size, key=key, padding=word.size // 2, groups=shape[0])
            return layer, shape
        case "globalavg":
            return nn.GlobalAvgPool(), shape[:1]
        case "maxpool" | "avgpool":
            pool = nn.MaxPool2d if word.name == "maxpool" else nn.AvgPool2d
            return pool(word.size), (shape[0], shape[1] // word.size, shape[2] // word.size)
        case "flatten":
            return nn.Flatten(), (math.prod(shape),)
        case "dropout":
            return nn.Dropout(word.numbers[0]), shape
        case "batchnorm":
            return nn.BatchNorm(shape[0] if len(shape) == 3 else width), shape
        case "layernorm":
            return nn.LayerNorm(width), shape
        case "rmsnorm":
            return nn.RMSNorm(width), shape
        case "groupnorm":
            return nn.GroupNorm(word.size, shape[0]), shape
        case "rnn" | "rnn_relu":
            bend = nn.relu if word.name == "rnn_relu" else np.tanh
            return nn.RNN(width, word.size, key=key, activation=bend), (shape[0], word.size)
        case "lstm":
            return nn.LSTM(width, word.size, key=key), (shape[0], word.size)
        case "gru":
            return nn.GRU(width, word.size, key=key), (shape[0], word.size)
        case "embedding":
            return nn.Embedding(word.size, int(word.numbers[1]), key=key), (*shape, int(word.numbers[1]))
        case "positions":
            return Positions(*shape), shape
        case "bilstm":
            return nn.LSTM(width, word.size, key=key, bidirectional=True), (shape[0], 2 * word.size)
        case "transformer" | "post_norm":
            first = word.name == "transformer"
            return nn.TransformerEncoderBlock(width, word.size, key=key, hidden=2 * width, norm_first=first), shape
        case "times":
            return Times(word.numbers[0]), shape
        case "residual":
            inner, after = sequence_of(word.inner, shape, key)
            return nn.Residual(inner), after
        case "no_grad":
            inner, after = sequence_of(word.inner, shape, key)
            return further_own.Ungraded(inner), after
        case "tied":
            count, size = map(int, word.numbers)
            own, other = gg.random.split(key, 2)
            inner, after = sequence_of(word.inner, (*shape, size), own)
            return further_own.Tied(count, size, inner, other), (*after[:-1], count)
    raise ValueError(f"no layer is called {word.name!r}")


def sequence_of(words: tuple[Word, ...], shape: tuple[int, ...], key: Any) -> tuple[nn.Sequential, tuple[int, ...]]:
    """The layers one after another, and the shape of one example after them."""
    keys = gg.random.split(nn.as_key(key), len(words))
    layers = []
    for word, one, after in zip(words, keys, (*words[1:], Word("end")), strict=True):
        layer, shape = layer_of(word, shape, one, after.name)
        layers.append(layer)
    return nn.Sequential(*layers), shape


# ------------------------------------------------------------------ losses
def squares(prediction, target):
    """The squared error as one writes it by hand."""
    return np.mean((prediction - target) ** 2)


def clipped(prediction, target):
    """Binary cross-entropy of probabilities as Keras has it: clipped to [1e-7, 1 - 1e-7]."""
    p = np.clip(prediction, 1e-7, 1 - 1e-7)
    return -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))


def unsafe(prediction, target):
    """Binary cross-entropy of probabilities without a guard."""
    return -np.mean(target * np.log(prediction) + (1 - target) * np.log(1 - prediction))


def normalised(prediction, target):
    """Cross-entropy of one-hot targets as Keras has it: the outputs divided by their sum, and clipped."""
    p = prediction / np.sum(prediction, axis=-1, keepdims=True)
    return -np.mean(np.sum(target * np.log(np.clip(p, 1e-7, 1 - 1e-7)), axis=-1))


def picked(prediction, target):
    """-ln of the probability of the label, without a guard."""
    return -np.mean(np.log(np.take_along_axis(prediction, target[:, None], axis=1)))


_LOSSES: dict[str, Callable[..., Any]] = {
    "mse": nn.mse, "mae": nn.mae, "huber": nn.huber, "cross_entropy": nn.cross_entropy, "nll": nn.nll,
    "bce": clipped, "bce_logits": nn.binary_cross_entropy, "squares": squares, "clipped": clipped, "unsafe": unsafe,
    "normalised": normalised, "picked": picked, **further_own.LOSSES,
}  # fmt: skip

_OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": optim.sgd, "adam": optim.adam, "adamw": optim.adamw, "rmsprop": optim.rmsprop, "adagrad": optim.adagrad,
    "nadam": optim.nadam,
}  # fmt: skip


def for_own(case: Case, seed: int) -> Made:
    """The set-up, with weights and batches of this seed."""
    x, y = data.made(case.data, case.changed, seed)
    model, _ = sequence_of(read(case.layers), x.shape[1:], seed)
    model = _initialised(model, case, seed)
    if case.frozen:
        model = model.freeze(*[f"layers[{place}]" for place in case.frozen])
    name, *reduction = case.loss.split()
    loss = partial(_LOSSES[name], reduction=reduction[0]) if reduction else _LOSSES[name]
    order = np.random.default_rng(seed).permutation(len(x))
    places = [order[start : start + case.batch] for start in range(0, len(x), case.batch)]
    return Made(model, loss, [(x[rows], y[rows]) for rows in places], _optimizer(case.optimizer))


def _optimizer(text: str) -> Any:
    name, rate, *settings = text.split()
    given = {key: float(value) for key, value in (setting.split("=") for setting in settings)}
    if "decay" in given:
        given["weight_decay"] = given.pop("decay")
    return _OPTIMIZERS[name](float(rate), **given)


def _initialised(model: nn.Sequential, case: Case, seed: int) -> nn.Sequential:
    random = np.random.default_rng(seed)
    new = {}
    for path, value in model.parameters().items():
        found = re.search(r"\d+", path)
        assert found
        fan_in = math.prod(value.shape[1:]) if value.ndim > 2 else value.shape[0]
        array = weights.changed(value, int(found[0]), path.rpartition(".")[2], fan_in, case.init, random)
        if array is not None:
            new[path] = array
    return model.replace(new) if new else model
