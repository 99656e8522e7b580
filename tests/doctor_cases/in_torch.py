"""A case as a PyTorch training set-up: model, loss, data loader, optimiser."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.doctor_cases import data, further_torch, weights
from tests.doctor_cases.case import Case
from tests.doctor_cases.layers import Word, read


@dataclass(frozen=True, slots=True)
class Made:
    """What `examine` takes."""

    model: nn.Module
    loss: Any
    data: Any
    optimizer: torch.optim.Optimizer


# ------------------------------------------------------------------ layers that PyTorch has no module for
class Last(nn.Module):
    """The last step of a sequence."""

    def forward(self, x):
        return x[:, -1]


class Mean(nn.Module):
    """The mean over the steps of a sequence."""

    def forward(self, x):
        return x.mean(dim=1)


class Recurrent(nn.Module):
    """The outputs of a recurrent layer, without its state."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        outputs, _ = self.layer(x)
        return outputs


class Residual(nn.Module):
    """x + inner(x)."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


class Positions(nn.Module):
    """Adds sines and cosines of the place."""

    def __init__(self, length, size):
        super().__init__()
        column = torch.arange(size)
        angle = torch.arange(length)[:, None] / 10000.0 ** ((column - column % 2) / size)
        self.register_buffer("table", torch.where(column % 2 == 0, angle.sin(), angle.cos()))

    def forward(self, x):
        return x + self.table


class Detach(nn.Module):
    """No gradient goes back beyond here."""

    def forward(self, x):
        return x.detach()


class Log(nn.Module):
    """ln x."""

    def forward(self, x):
        return torch.log(x)


class Times(nn.Module):
    """A fixed factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


_PLAIN: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "elu": nn.ELU, "selu": nn.SELU,
    "silu": nn.SiLU, "softplus": nn.Softplus, "leaky_relu": nn.LeakyReLU, "last": Last, "mean": Mean,
    "detach": Detach, "log": Log, "flatten": nn.Flatten, "identity": nn.Identity,
    "softmax": lambda: nn.Softmax(dim=-1), "log_softmax": lambda: nn.LogSoftmax(dim=-1), **further_torch.PLAIN,
}  # fmt: skip


def layer_of(word: Word, shape: tuple[int, ...]) -> tuple[nn.Module, tuple[int, ...]]:
    """The module, and the shape of one example after it."""
    if word.name in _PLAIN:
        after = {"last": shape[1:], "mean": shape[1:], "flatten": (math.prod(shape),), "globalavg": shape[:1]}
        return _PLAIN[word.name](), after.get(word.name, shape)
    width = shape[-1] if shape else 1
    match word.name:
        case "linear":
            return nn.Linear(width, word.size), (*shape[:-1], word.size)
        case "unbiased":
            return nn.Linear(width, word.size, bias=False), (*shape[:-1], word.size)
        case "conv":
            window = int(word.numbers[1])
            return nn.Conv2d(shape[0], word.size, window, padding=window // 2), (word.size, *shape[1:])
        case "depthwise":
            return nn.Conv2d(shape[0], shape[0], word.size, padding=word.size // 2, groups=shape[0]), shape
        case "maxpool" | "avgpool":
            pool = nn.MaxPool2d if word.name == "maxpool" else nn.AvgPool2d
            return pool(word.size), (shape[0], shape[1] // word.size, shape[2] // word.size)
        case "dropout":
            return nn.Dropout(word.numbers[0]), shape
        case "batchnorm":
            return (nn.BatchNorm2d(shape[0]) if len(shape) == 3 else nn.BatchNorm1d(width)), shape
        case "layernorm":
            return nn.LayerNorm(width), shape
        case "rmsnorm":
            return nn.RMSNorm(width), shape
        case "groupnorm":
            return nn.GroupNorm(word.size, shape[0]), shape
        case "rnn" | "rnn_relu" | "lstm" | "gru":
            kinds = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
            if word.name == "rnn_relu":
                return Recurrent(nn.RNN(width, word.size, batch_first=True, nonlinearity="relu")), (shape[0], word.size)
            return Recurrent(kinds[word.name](width, word.size, batch_first=True)), (shape[0], word.size)
        case "embedding":
            return nn.Embedding(word.size, int(word.numbers[1])), (*shape, int(word.numbers[1]))
        case "positions":
            return Positions(*shape), shape
        case "bilstm":
            return Recurrent(nn.LSTM(width, word.size, batch_first=True, bidirectional=True)), (
                shape[0],
                2 * word.size,
            )
        case "transformer" | "post_norm":
            first = word.name == "transformer"
            block = nn.TransformerEncoderLayer(width, word.size, 2 * width, 0.0, batch_first=True, norm_first=first)
            return block, shape
        case "times":
            return Times(word.numbers[0]), shape
        case "residual":
            inner, after = sequence_of(word.inner, shape)
            return Residual(inner), after
        case "no_grad":
            inner, after = sequence_of(word.inner, shape)
            return further_torch.Ungraded(inner), after
        case "unlisted":
            inner, after = sequence_of(word.inner, shape)
            return further_torch.Unlisted(inner), after
        case "tied":
            count, size = map(int, word.numbers)
            inner, after = sequence_of(word.inner, (*shape, size))
            return further_torch.Tied(count, size, inner), (*after[:-1], count)
    raise ValueError(f"no layer is called {word.name!r}")


def sequence_of(words: tuple[Word, ...], shape: tuple[int, ...]) -> tuple[nn.Sequential, tuple[int, ...]]:
    """The modules one after another, and the shape of one example after them."""
    modules = []
    for word in words:
        module, shape = layer_of(word, shape)
        modules.append(module)
    return nn.Sequential(*modules), shape


# ------------------------------------------------------------------ losses
def squares(prediction, target):
    """The squared error as one writes it by hand."""
    return ((prediction - target) ** 2).mean()


def clipped(prediction, target):
    """Binary cross-entropy of probabilities as Keras has it: clipped to [1e-7, 1 - 1e-7]."""
    p = prediction.clamp(1e-7, 1 - 1e-7)
    return -(target * p.log() + (1 - target) * (1 - p).log()).mean()


def unsafe(prediction, target):
    """Binary cross-entropy of probabilities without a guard."""
    return -(target * prediction.log() + (1 - target) * (1 - prediction).log()).mean()


def normalised(prediction, target):
    """Cross-entropy of one-hot targets as Keras has it: the outputs divided by their sum, and clipped."""
    p = prediction / prediction.sum(dim=-1, keepdim=True)
    return -(target * p.clamp(1e-7, 1 - 1e-7).log()).sum(dim=-1).mean()


def picked(prediction, target):
    """-ln of the probability of the label, without a guard."""
    return -torch.log(prediction[torch.arange(len(target)), target]).mean()


_LOSSES: dict[str, Callable[[str], Any]] = {
    "mse": lambda reduction: nn.MSELoss(reduction=reduction),
    "mae": lambda reduction: nn.L1Loss(reduction=reduction),
    "huber": lambda reduction: nn.HuberLoss(reduction=reduction),
    "cross_entropy": lambda reduction: nn.CrossEntropyLoss(reduction=reduction),
    "nll": lambda reduction: nn.NLLLoss(reduction=reduction),
    "bce": lambda reduction: nn.BCELoss(reduction=reduction),
    "bce_logits": lambda reduction: nn.BCEWithLogitsLoss(reduction=reduction),
    "squares": lambda _: squares,
    "clipped": lambda _: clipped,
    "unsafe": lambda _: unsafe,
    "normalised": lambda _: normalised,
    "picked": lambda _: picked,
    **further_torch.LOSSES,
}

_OPTIMIZERS = {
    "sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad, "nadam": torch.optim.NAdam,
}  # fmt: skip


def for_torch(case: Case, seed: int) -> Made:
    """The set-up, with weights and batches of this seed."""
    torch.manual_seed(seed)
    x, y = data.made(case.data, case.changed, seed)
    model, _ = sequence_of(read(case.layers), x.shape[1:])
    _initialised(model, case, seed)
    for path, parameter in model.named_parameters():
        parameter.requires_grad_(place_of(path) not in case.frozen)
    model.train(case.mode == "train")
    held = [
        parameter for path, parameter in model.named_parameters() if case.held is None or place_of(path) in case.held
    ]
    loss, *reduction = case.loss.split()
    loader = DataLoader(
        TensorDataset(torch.from_numpy(x), torch.from_numpy(y)),
        batch_size=case.batch,
        shuffle=True,
        generator=torch.Generator().manual_seed(seed),
    )
    return Made(model, _LOSSES[loss](*reduction or ["mean"]), loader, _optimizer(case.optimizer, held))


def place_of(path: str) -> int:
    """The place of the layer that a parameter belongs to: 3 of "3.layer.weight"."""
    found = re.search(r"\d+", path)
    assert found
    return int(found[0])


def _optimizer(text: str, parameters: list[Any]) -> torch.optim.Optimizer:
    name, rate, *settings = text.split()
    given = {key: float(value) for key, value in (setting.split("=") for setting in settings)}
    if "decay" in given:
        given["weight_decay"] = given.pop("decay")
    return _OPTIMIZERS[name](parameters, lr=float(rate), **given)


def _initialised(model: nn.Module, case: Case, seed: int) -> None:
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            value = parameter.numpy()
            fan_in = math.prod(value.shape[1:]) if value.ndim > 1 else 1
            new = weights.changed(value, place_of(path), path.rpartition(".")[2], fan_in, case.init, random)
            if new is not None:
                parameter.copy_(torch.from_numpy(new))
