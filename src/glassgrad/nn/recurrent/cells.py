"""Cells: one step of a recurrent network. Floor 6.

A cell's carry is what goes from step to step: h, or for the LSTM (h, c). `project` is the part of a step that does not
need the carry, so that a layer can do it for all steps in one product.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.base.naming import counted
from glassgrad.nn.activations import Activation, sigmoid, size_keeping
from glassgrad.nn.initialisers import glorot_uniform, orthogonal
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer, static
from glassgrad.nn.linear import check_sizes
from glassgrad.random.keys import split

Carry: TypeAlias = Any  # (…, size), or a pair of them


def _weights(key: Any, inputs: int, size: int, gates: int, dtype: Any) -> tuple[Array, Array]:
    """W (inputs, gates · size) by Glorot, U (size, gates · size) orthogonal for each gate (Saxe et al., 2014)."""
    keys = split(as_key(key), gates + 1)
    whole = glorot_uniform(keys[0], (inputs, gates * size), fans=(inputs, size), dtype=dtype)
    return whole, np.concatenate([orthogonal(one, (size, size), dtype=dtype) for one in keys[1:]], axis=1)


def _projected(cell: Any, x: Array) -> Array:
    inputs = cell.input_weight.shape[-2]
    if np.ndim(x) == 0 or np.shape(x)[-1] != inputs:
        name, size = type(cell).__name__, counted(inputs, "number")
        raise ShapeError(f"{name} takes {size} along the last axis, found {show_shape(np.shape(x))}")
    y = x @ cell.input_weight
    return y if cell.bias is None else y + cell.bias


def _parts(x: Array, size: int, count: int) -> list[Array]:
    return [x[..., index * size : (index + 1) * size] for index in range(count)]


class RNNCell(Layer):
    """h' = f(x W + h U + b), with f = tanh unless another activation is given. Elman, 1990; as torch.nn.RNNCell.

    x (…, inputs) and h (…, size) give h (…, size).

    >>> cell = RNNCell(3, 4, key=0)
    >>> cell(np.ones((2, 3), np.float32)).shape
    (2, 4)
    """

    input_weight: Array  # (inputs, size)
    hidden_weight: Array  # (size, size)
    bias: Array | None  # (size,)
    size: int = static()
    activation: Activation = static(np.tanh)

    def __init__(
        self,
        inputs: int,
        size: int,
        *,
        key: Any,
        bias: bool = True,
        activation: str | Activation = np.tanh,
        dtype: Any = np.float32,
    ) -> None:
        check_sizes("RNNCell", inputs=inputs, size=size)
        self.input_weight, self.hidden_weight = _weights(key, inputs, size, 1, dtype)
        self.bias = np.zeros(size, dtype) if bias else None
        self.size, self.activation = size, size_keeping("RNNCell", activation)

    def start(self, shape: Sequence[int] = ()) -> Carry:
        """The carry before the first step: zeros (*shape, size)."""
        return np.zeros((*shape, self.size), self.hidden_weight.dtype)

    def project(self, x: Array) -> Array:
        """X W + b."""
        return _projected(self, x)

    def step(self, carry: Carry, projected: Array) -> Carry:
        """The carry after a step."""
        return self.activation(projected + carry @ self.hidden_weight)

    def hidden(self, carry: Carry) -> Array:
        """What the cell shows of its carry: h."""
        return carry

    def __call__(self, x: Array, carry: Carry | None = None) -> Carry:
        return self.step(self.start(np.shape(x)[:-1]) if carry is None else carry, self.project(x))


class LSTMCell(Layer):
    """Long short-term memory. Hochreiter and Schmidhuber, 1997, with Gers' forget gate; as torch.nn.LSTMCell.

    i, f, o = σ(x W + h U + b) and g = tanh(…), each of its own columns in the order i, f, g, o; c' = f c + i g;
    h' = o tanh(c'). The carry is (h, c), each (…, size). The forget gate's bias begins at `forget_bias`: at 1 the
    memory lasts from the start (Jozefowicz, Zaremba and Sutskever, 2015).

    >>> h, c = LSTMCell(3, 4, key=0)(np.ones((2, 3), np.float32))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    input_weight: Array  # (inputs, 4 size)
    hidden_weight: Array  # (size, 4 size)
    bias: Array | None  # (4 size,)
    size: int = static()

    def __init__(
        self,
        inputs: int,
        size: int,
        *,
        key: Any,
        bias: bool = True,
        forget_bias: float = 1.0,
        dtype: Any = np.float32,
    ) -> None:
        check_sizes("LSTMCell", inputs=inputs, size=size)
        self.input_weight, self.hidden_weight = _weights(key, inputs, size, 4, dtype)
        gates = np.repeat(np.array([0.0, forget_bias, 0.0, 0.0], dtype), size)
        self.bias = gates if bias else None
        self.size = size

    def start(self, shape: Sequence[int] = ()) -> Carry:
        """The carry before the first step: zeros (*shape, size), twice."""
        zeros = np.zeros((*shape, self.size), self.hidden_weight.dtype)
        return zeros, zeros

    def project(self, x: Array) -> Array:
        """X W + b."""
        return _projected(self, x)

    def step(self, carry: Carry, projected: Array) -> Carry:
        """The carry after a step."""
        h, c = carry
        i, f, g, o = _parts(projected + h @ self.hidden_weight, self.size, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

    def hidden(self, carry: Carry) -> Array:
        """What the cell shows of its carry: h."""
        return carry[0]

    def __call__(self, x: Array, carry: Carry | None = None) -> Carry:
        return self.step(self.start(np.shape(x)[:-1]) if carry is None else carry, self.project(x))


class GRUCell(Layer):
    """Gated recurrent unit. Cho et al., 2014, with the reset after the product; as torch.nn.GRUCell.

    r, z = σ(x W + h U + b); n = tanh(x Wₙ + bₙ + r (h Uₙ + b′ₙ)); h' = (1 - z) n + z h; columns in the order r, z, n.

    >>> GRUCell(3, 4, key=0)(np.ones((2, 3), np.float32)).shape
    (2, 4)
    """

    input_weight: Array  # (inputs, 3 size)
    hidden_weight: Array  # (size, 3 size)
    bias: Array | None  # (3 size,)
    hidden_bias: Array | None  # (size,): b′ of n, which the reset gate scales
    size: int = static()

    def __init__(self, inputs: int, size: int, *, key: Any, bias: bool = True, dtype: Any = np.float32) -> None:
        check_sizes("GRUCell", inputs=inputs, size=size)
        self.input_weight, self.hidden_weight = _weights(key, inputs, size, 3, dtype)
        self.bias = np.zeros(3 * size, dtype) if bias else None
        self.hidden_bias = np.zeros(size, dtype) if bias else None
        self.size = size

    def start(self, shape: Sequence[int] = ()) -> Carry:
        """The carry before the first step: zeros (*shape, size)."""
        return np.zeros((*shape, self.size), self.hidden_weight.dtype)

    def project(self, x: Array) -> Array:
        """X W + b."""
        return _projected(self, x)

    def step(self, carry: Carry, projected: Array) -> Carry:
        """The carry after a step."""
        from_x = _parts(projected, self.size, 3)
        from_h = _parts(carry @ self.hidden_weight, self.size, 3)
        reset, update = sigmoid(from_x[0] + from_h[0]), sigmoid(from_x[1] + from_h[1])
        held = from_h[2] if self.hidden_bias is None else from_h[2] + self.hidden_bias
        new = np.tanh(from_x[2] + reset * held)
        return new + update * (carry - new)

    def hidden(self, carry: Carry) -> Array:
        """What the cell shows of its carry: h."""
        return carry

    def __call__(self, x: Array, carry: Carry | None = None) -> Carry:
        return self.step(self.start(np.shape(x)[:-1]) if carry is None else carry, self.project(x))


Cell: TypeAlias = RNNCell | LSTMCell | GRUCell


def check_carry(cell: Cell, carry: Carry, shape: Sequence[int]) -> None:
    """Raises an error where a carry is not of this cell, for a batch of this shape."""
    expected: list[Any] = list(cell.start(shape)) if isinstance(cell, LSTMCell) else [cell.start(shape)]
    found = list(carry) if isinstance(carry, tuple | list) else [carry]
    if len(found) != len(expected):
        raise UsageError(f"the carry of {type(cell).__name__} has {len(expected)} arrays, found {len(found)}")
    for given, zeros in zip(found, expected, strict=True):
        if np.shape(given) != zeros.shape:
            raise ShapeError(f"the carry is {show_shape(np.shape(given))}, and should be {show_shape(zeros.shape)}")
