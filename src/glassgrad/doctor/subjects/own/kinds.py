"""What a person calls a layer or a function, and which family of links it belongs to. Floor 7."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from glassgrad.doctor.measured.sample import Family
from glassgrad.nn.activations import ACTIVATIONS
from glassgrad.nn.attention import MultiHeadAttention
from glassgrad.nn.composition import Function
from glassgrad.nn.dropout import Dropout
from glassgrad.nn.embedding import Embedding
from glassgrad.nn.linear import Linear
from glassgrad.nn.normalisation import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from glassgrad.nn.recurrent.layers import GRU, LSTM, RNN

RECURRENT = (RNN, LSTM, GRU)
NORMS = (BatchNorm, GroupNorm, LayerNorm, RMSNorm)

# Functions that bend and are no activations of a network.
NO_ACTIVATIONS = frozenset(
    {"exp", "log", "abs", "sqrt", "square", "log1p", "reciprocal", "power", "identity", "stop_gradient"}
)

_NUMPY: dict[Any, str] = {np.tanh: "tanh", np.abs: "abs", np.exp: "exp", np.log: "log", np.sin: "sin", np.cos: "cos"}


def is_library(layer: Any) -> bool:
    """Is this a layer of `glassgrad.nn`, and not of the person's own?"""
    return type(layer).__module__.startswith("glassgrad.nn.")


def family_of(layer: Any) -> Family:
    """The family of a layer of ours."""
    if isinstance(layer, RECURRENT):
        return "recurrence"
    if isinstance(layer, MultiHeadAttention):
        return "attention"
    if isinstance(layer, NORMS):
        return "normalisation"
    if isinstance(layer, Linear | Embedding) or "Conv" in type(layer).__name__:
        return "weights"
    return "other"


def kind_of(layer: Any) -> str:
    """The layer's name in lower case, without sizes: "linear", "conv", "max_pool", "batchnorm"."""
    name = type(layer).__name__
    if isinstance(layer, MultiHeadAttention):
        return "attention"
    if "Pool" in name:
        return "max_pool" if "Max" in name else "avg_pool"
    return "conv" if name.startswith("Conv") else name.lower()


def bend_of(layer: Any) -> str | None:
    """The name of the activation that a `Function` is, where it is one that is known by name."""
    return known_function(layer.function) if isinstance(layer, Function) else None


def known_function(function: Callable[..., Any]) -> str | None:
    """The name of an activation of ours, or of NumPy's function that serves as one."""
    plain = function.func if isinstance(function, partial) else function
    name = getattr(plain, "__name__", "")
    if ACTIVATIONS.get(name) is plain:
        return "identity" if name == "linear" else str(name)
    try:
        return _NUMPY.get(plain)
    except TypeError:  # a callable that cannot be hashed
        return None


def is_dropout(layer: Any) -> bool:
    """Is this dropout?"""
    return isinstance(layer, Dropout)


def is_changed_by_mode(layer: Any) -> bool:
    """Does a layer compute something else in evaluation?"""
    return isinstance(layer, BatchNorm) or (isinstance(layer, Dropout) and layer.rate > 0)
