"""mlp: the multilayer perceptron, linear layers with an activation between them. Floor 6."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.nn.activations import Activation, size_keeping
from glassgrad.nn.composition import Sequential
from glassgrad.nn.dropout import Dropout
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Layer
from glassgrad.nn.linear import Linear
from glassgrad.nn.normalisation import BatchNorm
from glassgrad.random.keys import split


def mlp(
    sizes: Sequence[int],
    *,
    key: Any,
    activation: str | Activation = "relu",
    dropout: float = 0.0,
    batch_norm: bool = False,
    dtype: Any = np.float32,
) -> Sequential:
    """Linear layers from size to size, with an activation (and batch norm before, dropout after it) between them.

    (batch, sizes[0]) to (batch, sizes[-1]); the last layer is linear.

    >>> mlp([3, 8, 2], key=0)(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """
    if len(sizes) < 2:
        raise UsageError(f"mlp takes the number of inputs, of each layer, and of outputs, found {list(sizes)}")
    bend = size_keeping("mlp", activation)
    keys = split(as_key(key), len(sizes) - 1)
    layers: list[Layer | Activation] = []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        is_last = index == len(sizes) - 2
        layers.append(Linear(inputs, outputs, key=keys[index], activation=None if is_last else bend, dtype=dtype))
        if not is_last:
            layers += [BatchNorm(outputs, dtype=dtype)] if batch_norm else []
            layers += [bend, *([Dropout(dropout)] if dropout else [])]
    return Sequential(*layers)
