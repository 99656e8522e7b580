"""Recurrent layers: a cell along a sequence, several one upon the other, in one direction or in both. Floor 6.

Sequences are (batch, time, feature), or (time, feature) for one. The loop is one `scan`, so that its gradient, by
backpropagation through time, is a loop as well.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from glassgrad.api.control import scan
from glassgrad.api.custom import stop_gradient
from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DtypeError, ShapeError, UsageError
from glassgrad.base.trees import map_leaves
from glassgrad.nn.activations import Activation
from glassgrad.nn.dropout import Dropout
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer
from glassgrad.nn.lengths import lengths_of
from glassgrad.nn.linear import check_sizes
from glassgrad.nn.recurrent.cells import Carry, Cell, GRUCell, LSTMCell, RNNCell, check_carry
from glassgrad.random.keys import split

State: TypeAlias = tuple[Carry, ...]  # a carry for each layer; forwards, then backwards, where there are both


class _Recurrent(Layer):
    """What recurrent layers of any cell have in common."""

    forward: tuple[Cell, ...]
    backward: tuple[Cell, ...]  # empty where the layer goes one way
    dropout: Dropout

    def _fill(
        self,
        make: Callable[[int, Any], Cell],
        key: Any,
        sizes: tuple[int, int, int],
        dropout: float,
        *,
        both_ways: bool,
    ) -> None:
        """Makes the cells, `make(inputs, key)` each; the sizes are those of the input, the carry, and the stack."""
        inputs, size, layers = sizes
        check_sizes(type(self).__name__, inputs=inputs, size=size, layers=layers)
        ways = 2 if both_ways else 1
        widths = [inputs, *[size * ways] * (layers - 1)]
        keys = split(as_key(key), ways * layers)
        self.forward = tuple([make(*pair) for pair in zip(widths, keys[:layers], strict=True)])
        self.backward = tuple([make(*pair) for pair in zip(widths, keys[layers:], strict=True)]) if both_ways else ()
        self.dropout = Dropout(dropout)

    def __call__(self, x: Array, *, lengths: Array | None = None, mask: Array | None = None) -> Array:
        return self.run(x, lengths=lengths, mask=mask)[0]

    def run(
        self,
        x: Array,
        state: State | None = None,
        *,
        lengths: Array | None = None,
        mask: Array | None = None,
        truncate: int | None = None,
    ) -> tuple[Array, State]:
        """The outputs (batch, time, size · ways) and the state after the last step.

        `state` is what an earlier call ended with; zeros unless given. Where `mask` (batch, time) is False, or the
        time is beyond the sequence's `lengths` (batch,), the state stays as it is and the output is 0. With
        `truncate=k` gradients do not reach back beyond the last multiple of k steps.
        """
        _check_sequence(self, x)
        given = _mask_of(type(self).__name__, x, lengths, mask)
        steps = np.moveaxis(x, -2, 0)  # (time, batch, feature)
        if given is not None:  # what pads the sequences may be anything, NaN too, and reaches no gradient
            steps = np.where(given, steps, np.zeros((), np.result_type(x)))
        carries = [None] * (len(self.forward) + len(self.backward)) if state is None else list(state)
        if len(carries) != len(self.forward) + len(self.backward):
            raise UsageError(f"the state has {len(carries)} carries for {len(self.forward) + len(self.backward)} cells")
        ended: list[Carry] = []
        for index, cell in enumerate(self.forward):
            steps = steps if index == 0 else self.dropout(steps)
            ways: list[tuple[Cell, bool]] = [
                (cell, False),
                *[(back, True) for back in self.backward[index : index + 1]],
            ]
            found = []
            for way, is_reverse in ways:
                outputs, carry = _along(way, steps, carries[len(ended)], given, truncate, reverse=is_reverse)
                found.append(outputs)
                ended.append(carry)
            steps = found[0] if len(found) == 1 else np.concatenate(found, axis=-1)
        return np.moveaxis(steps, 0, -2), tuple(ended)


def _check_sequence(layer: _Recurrent, x: Array) -> None:
    inputs, name = layer.forward[0].input_weight.shape[-2], type(layer).__name__
    if np.ndim(x) not in (2, 3) or np.shape(x)[-1] != inputs:
        raise ShapeError(
            f"{name} takes (batch, time, {inputs}) or (time, {inputs}), found {show_shape(np.shape(x))}",
            hint="x[..., None] makes one feature of each number" if inputs == 1 else None,
        )
    if np.shape(x)[-2] == 0:
        raise ShapeError(f"{name} of a sequence without steps: {show_shape(np.shape(x))}")


def _mask_of(name: str, x: Array, lengths: Array | None, mask: Array | None) -> Array | None:
    """(time, batch, 1) where a step counts, or None where all do."""
    if lengths is None and mask is None:
        return None
    shape = np.shape(x)
    if mask is not None and np.shape(mask) != shape[:-1]:
        raise ShapeError(f"mask is {show_shape(np.shape(mask))} for sequences {show_shape(shape)}")
    if mask is not None and (dtype := np.result_type(mask)).kind != "b":
        raise DtypeError(f"the mask of {name} is True where a step counts, found {dtype}", hint="mask != 0")
    counts: Any = mask
    if lengths is not None:
        sizes = lengths_of(name, "lengths", lengths, shape[:-2], shape[-2])
        inside = np.arange(shape[-2]) < np.expand_dims(sizes, -1)
        counts = inside if mask is None else mask & inside
    return np.expand_dims(np.moveaxis(counts, -1, 0), -1)


def _along(
    cell: Cell, steps: Array, carry: Carry | None, mask: Array | None, truncate: int | None, *, reverse: bool
) -> tuple[Array, Carry]:
    """The outputs of a cell for the steps (time, …, feature), and its carry after the last."""
    shape = np.shape(steps)[1:-1]
    if carry is None:
        carry = cell.start(shape)
    else:
        check_carry(cell, carry, shape)
    projected = cell.project(steps)  # one product for all steps
    if truncate is not None and truncate < 1:
        raise UsageError(f"truncate is {truncate}, not a number of steps from 1")
    times = np.arange(np.shape(steps)[0])
    places = times[::-1] if reverse else times

    def step(carry: Carry, given: Any) -> tuple[Carry, Array]:
        now, place, counts = given
        if truncate is not None:
            cut = place % truncate == 0
            carry = map_leaves(lambda value: np.where(cut, stop_gradient(value), value), carry)
        new = cell.step(carry, now)
        if counts is None:
            return new, cell.hidden(new)
        new = map_leaves(lambda fresh, old: np.where(counts, fresh, old), new, carry)
        hidden = cell.hidden(new)
        return new, np.where(counts, hidden, np.zeros((), hidden.dtype))

    carry, outputs = scan(step, carry, (projected, places, mask), reverse=reverse)
    return outputs, carry


class RNN(_Recurrent):
    """`RNNCell` along a sequence: (batch, time, inputs) to (batch, time, size), twice the size if `bidirectional`.

    `layers` stand one upon the other, with `dropout` between them in training. `run` takes and gives the state as well;
    `lengths` or `mask` leave out what pads the sequences. As torch.nn.RNN with batch_first.

    >>> RNN(3, 4, key=0)(np.ones((2, 5, 3), np.float32)).shape
    (2, 5, 4)
    """

    def __init__(
        self,
        inputs: int,
        size: int,
        *,
        key: Any,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        activation: str | Activation = np.tanh,
        dtype: Any = np.float32,
    ) -> None:
        def make(width: int, key: Any) -> Cell:
            return RNNCell(width, size, key=key, bias=bias, activation=activation, dtype=dtype)

        self._fill(make, key, (inputs, size, layers), dropout, both_ways=bidirectional)


class LSTM(_Recurrent):
    """`LSTMCell` along a sequence: (batch, time, inputs) to (batch, time, size), twice the size if `bidirectional`.

    As `RNN`; the state holds (h, c) for each layer and direction. As torch.nn.LSTM with batch_first.

    >>> layer = LSTM(3, 4, key=0, layers=2, bidirectional=True)
    >>> outputs, state = layer.run(np.ones((2, 5, 3), np.float32), lengths=np.array([5, 2]))
    >>> outputs.shape, len(state)
    ((2, 5, 8), 4)
    """

    def __init__(
        self,
        inputs: int,
        size: int,
        *,
        key: Any,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        forget_bias: float = 1.0,
        dtype: Any = np.float32,
    ) -> None:
        def make(width: int, key: Any) -> Cell:
            return LSTMCell(width, size, key=key, bias=bias, forget_bias=forget_bias, dtype=dtype)

        self._fill(make, key, (inputs, size, layers), dropout, both_ways=bidirectional)


class GRU(_Recurrent):
    """`GRUCell` along a sequence: (batch, time, inputs) to (batch, time, size), twice the size if `bidirectional`.

    As `RNN`. As torch.nn.GRU with batch_first.

    >>> GRU(3, 4, key=0)(np.ones((5, 3), np.float32)).shape
    (5, 4)
    """

    def __init__(
        self,
        inputs: int,
        size: int,
        *,
        key: Any,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        def make(width: int, key: Any) -> Cell:
            return GRUCell(width, size, key=key, bias=bias, dtype=dtype)

        self._fill(make, key, (inputs, size, layers), dropout, both_ways=bidirectional)


def last(outputs: Array, lengths: Array | None = None) -> Array:
    """The output of the last step of each sequence: (batch, time, size) to (batch, size).

    `lengths` (batch,) say where that is; of a sequence of length 0 it is 0.

    >>> last(np.arange(6.0).reshape(1, 3, 2))
    array([[4., 5.]])
    """
    shape = np.shape(outputs)
    if len(shape) < 2 or shape[-2] == 0:
        raise ShapeError(f"last takes (batch, time, size) of a step or more, found {show_shape(shape)}")
    if lengths is None:
        return outputs[..., -1, :]
    sizes: Any = np.expand_dims(lengths_of("last", "lengths", lengths, shape[:-2], shape[-2]), (-1, -2))
    found = np.take_along_axis(outputs, np.clip(sizes - 1, 0, shape[-2] - 1), axis=-2)
    return np.where(sizes > 0, found, np.zeros((), np.result_type(outputs)))[..., 0, :]
