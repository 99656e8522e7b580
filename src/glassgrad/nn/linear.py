"""Linear: a matrix product and a bias. Floor 6."""

from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.base.naming import counted
from glassgrad.nn.activations import Activation
from glassgrad.nn.initialisers import Initialiser, default_for, initialiser_of
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer


class Linear(Layer):
    """y = x W + b along the last axis: (…, inputs) to (…, outputs).

    `weight` is (inputs, outputs), `bias` (outputs,). The weight is drawn for the `activation` that follows (He's
    variance before relu, Glorot's before tanh) or by `initialiser`; the bias begins at 0.

    >>> layer = Linear(3, 2, key=0)
    >>> layer(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    weight: Array  # (inputs, outputs)
    bias: Array | None  # (outputs,)

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        key: Any,
        bias: bool = True,
        activation: str | Activation | None = None,
        initialiser: str | Initialiser | None = None,
        dtype: Any = np.float32,
    ) -> None:
        check_sizes("Linear", inputs=inputs, outputs=outputs)
        draw = default_for(activation) if initialiser is None else initialiser_of(initialiser)
        self.weight = draw(as_key(key), (inputs, outputs), fans=(inputs, outputs), dtype=dtype)
        self.bias = np.zeros(outputs, dtype) if bias else None

    def __call__(self, x: Array) -> Array:
        if np.ndim(x) == 0 or np.shape(x)[-1] != self.weight.shape[-2]:
            size = counted(self.weight.shape[-2], "number")
            raise ShapeError(
                f"Linear takes {size} along the last axis, found {show_shape(np.shape(x))}",
                hint="nn.Flatten() before it makes one axis of all but the first" if np.ndim(x) > 2 else None,
            )
        y = x @ self.weight
        return y if self.bias is None else y + self.bias

    def headline(self) -> str:
        """`Linear(3 → 2)`."""
        return f"Linear({self.weight.shape[-2]} → {self.weight.shape[-1]})"


def check_sizes(name: str, **sizes: Any) -> None:
    """Raises UsageError for a size that is no whole number from 1."""
    for size_name, size in sizes.items():
        if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
            raise UsageError(f"{name}: {size_name} is {size!r}, not a whole number from 1")
