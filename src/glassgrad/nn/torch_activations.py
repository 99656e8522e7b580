"""The activations between layers, of a model of ours and of a torch.nn.Module, in the same words. Floor 6.

They hold no weights, so nothing else notices where they differ. Nothing here imports PyTorch.
"""

from functools import partial
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.nn.activations import ACTIVATIONS, Activation, name_of
from glassgrad.nn.composition import Function

# The names of PyTorch's classes, and their attributes that are arguments of ours.
_THEIRS = {
    "ELU": "elu",
    "GELU": "gelu",
    "GLU": "glu",
    "Hardsigmoid": "hard_sigmoid",
    "Hardswish": "hard_silu",
    "Hardtanh": "hard_tanh",
    "LeakyReLU": "leaky_relu",
    "LogSigmoid": "log_sigmoid",
    "LogSoftmax": "log_softmax",
    "Mish": "mish",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "SELU": "selu",
    "SiLU": "silu",
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Tanh": "tanh",
}
_ARGUMENTS = {"leaky_relu": ("slope", "negative_slope"), "elu": ("alpha", "alpha"), "softplus": ("sharpness", "beta")}
_DEFAULTS = {"slope": 0.01, "alpha": 1.0, "sharpness": 1.0}
UNKNOWN = "a function"


def of_ours(layer: Any) -> str | None:
    """The activation that a layer is, `UNKNOWN` for a function of one's own; None for what is no activation."""
    if not isinstance(layer, Function):
        return None
    name = name_of(layer.function)
    if name in ("identity", "linear"):
        return None
    return _said(name, _own_arguments(layer.function)) if name in ACTIVATIONS else UNKNOWN


def of_theirs(module: Any) -> str | None:
    """The activation that a module of PyTorch is, in our words; None for what is none."""
    kind = type(module)
    if kind.__name__ not in _THEIRS or not kind.__module__.startswith("torch."):
        return None
    name = _THEIRS[kind.__name__]
    if name == "gelu" and module.approximate == "tanh":
        return "gelu_tanh"
    found = {_ARGUMENTS[name][0]: getattr(module, _ARGUMENTS[name][1])} if name in _ARGUMENTS else {}
    return _said(name, found)


def _own_arguments(function: Activation) -> dict[str, Any]:
    return dict(function.keywords) if isinstance(function, partial) else {}


def _said(name: str, arguments: dict[str, Any]) -> str:
    """`leaky_relu(slope=0.2)`, without what is so by default."""
    given = ", ".join(f"{key}={value}" for key, value in arguments.items() if value != _DEFAULTS.get(key))
    return f"{name}({given})" if given else name


def check_alike(mine: list[tuple[str, str]], other: list[tuple[str, str]], *, all_shown: bool) -> None:
    """Raises UsageError where the activations (name, path) at one place of both models differ.

    Where not all of them are layers (`all_shown`), those of one model may be function calls that nobody sees.
    """
    names, others = [name for name, _ in mine], [name for name, _ in other]
    if names == others or UNKNOWN in names or (not all_shown and not (names and others)):
        return
    ours = " and ".join(f"{name} at {path!r}" for name, path in mine) or "no activation"
    theirs = " and ".join(f"{name} at {path!r}" for name, path in other) or "none there"
    raise UsageError(
        f"the model has {ours}, and the module {theirs}",
        hint="the weights would fit, but the numbers would not be the same",
    )
