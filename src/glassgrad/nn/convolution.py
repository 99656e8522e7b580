"""Convolutions of one, two and three axes of space, and their transposes. Floor 6.

Layout (batch, channel, *space), or (channel, *space) without a batch; windows (out, in / groups, *window), as PyTorch.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

from glassgrad.api.convolution import conv, conv_transpose
from glassgrad.base.errors import UsageError
from glassgrad.nn.activations import Activation
from glassgrad.nn.initialisers import Initialiser, default_for, initialiser_of
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer, static
from glassgrad.nn.layout import check_channels
from glassgrad.nn.linear import check_sizes

Numbers: TypeAlias = int | Sequence[int]

_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def each(name: str, value: Numbers, axes: int) -> tuple[int, ...]:
    """One number for each axis of space."""
    found = tuple(value) if isinstance(value, Sequence) else (value,) * axes
    if len(found) != axes or not all(isinstance(number, int | np.integer) for number in found):
        raise UsageError(f"{name} is {value!r}: it takes a whole number, or {axes} of them")
    return tuple([int(number) for number in found])


class _Conv(Layer):
    """What convolutions of any number of axes have in common."""

    axes: ClassVar[int]

    weight: Array  # (out, in / groups, *window)
    bias: Array | None  # (out,)
    stride: tuple[int, ...] = static()
    padding: tuple[int, ...] | str = static()
    dilation: tuple[int, ...] = static()
    groups: int = static(1)
    padding_mode: str = static("zeros")

    def __init__(
        self,
        inputs: int,
        outputs: int,
        window: Numbers,
        *,
        key: Any,
        stride: Numbers = 1,
        padding: Numbers | str = 0,
        dilation: Numbers = 1,
        groups: int = 1,
        padding_mode: str = "zeros",
        bias: bool = True,
        activation: str | Activation | None = None,
        initialiser: str | Initialiser | None = None,
        dtype: Any = np.float32,
    ) -> None:
        name = type(self).__name__
        check_sizes(name, inputs=inputs, outputs=outputs, groups=groups)
        check_groups(name, inputs, outputs, groups)
        if padding_mode not in _MODES:
            raise UsageError(f"{name}: there is no padding_mode {padding_mode!r}", hint=f"one of {', '.join(_MODES)}")
        taps = each("window", window, self.axes)
        shape = (outputs, inputs // groups, *taps)
        fans = (inputs // groups * math.prod(taps), outputs // groups * math.prod(taps))
        draw = default_for(activation) if initialiser is None else initialiser_of(initialiser)
        self.weight = draw(as_key(key), shape, fans=fans, dtype=dtype)
        self.bias = np.zeros(outputs, dtype) if bias else None
        self.stride, self.dilation = each("stride", stride, self.axes), each("dilation", dilation, self.axes)
        self.padding = padding if isinstance(padding, str) else each("padding", padding, self.axes)
        self.groups, self.padding_mode = groups, padding_mode

    def __call__(self, x: Array) -> Array:
        check_channels(self, x, self.weight.shape[1] * self.groups)
        padding: tuple[int, ...] | str | int = self.padding
        if self.padding_mode != "zeros":
            x, padding = self._padded(x), 0
        y = conv(x, self.weight, padding=padding, stride=self.stride, dilation=self.dilation, groups=self.groups)
        return y if self.bias is None else y + self.bias.reshape(-1, *[1] * self.axes)

    def _padded(self, x: Array) -> Array:
        sides = self.padding
        if isinstance(sides, str):
            spans = [gap * (size - 1) for size, gap in zip(self.weight.shape[2:], self.dilation, strict=True)]
            pairs = [(0, 0) if sides == "valid" else (span // 2, span - span // 2) for span in spans]
        else:
            pairs = [(side, side) for side in sides]
        mode: Any = _MODES[self.padding_mode]
        return np.pad(x, [(0, 0)] * (np.ndim(x) - self.axes) + pairs, mode=mode)

    def headline(self) -> str:
        """`Conv2d(3 → 16, 3×3)`."""
        return channels(self, self.weight.shape[1] * self.groups, self.weight.shape[0])


def check_groups(name: str, inputs: int, outputs: int, groups: int) -> None:
    """Raises UsageError where the channels cannot be shared out among the groups."""
    if inputs % groups or outputs % groups:
        raise UsageError(f"{name}: {inputs} channels in and {outputs} out do not divide into {groups} groups")


def channels(layer: Any, inputs: int, outputs: int) -> str:
    """A convolution in a line: its channels and its window."""
    return f"{type(layer).__name__}({inputs} → {outputs}, {'×'.join(map(str, layer.weight.shape[2:]))})"


class Conv1d(_Conv):
    """The convolution along one axis, as torch.nn.Conv1d: (batch, inputs, time) to (batch, outputs, positions).

    `stride`, `padding` ("same", "valid" or how many zeros on each side) and `dilation` are a number or one for each
    axis. `padding_mode` is "zeros", "reflect", "replicate" or "circular". `weight` is (outputs, inputs / groups,
    window), drawn for the `activation` that follows. The window is not turned round (a cross-correlation).

    >>> Conv1d(2, 4, 3, key=0, padding="same")(np.ones((1, 2, 10), np.float32)).shape
    (1, 4, 10)
    """

    axes = 1


class Conv2d(_Conv):
    """The convolution of images (batch, inputs, row, column), as `Conv1d`.

    >>> Conv2d(1, 6, 5, key=0)(np.ones((8, 1, 28, 28), np.float32)).shape
    (8, 6, 24, 24)
    """

    axes = 2


class Conv3d(_Conv):
    """The convolution of volumes (batch, inputs, depth, row, column), as `Conv1d`.

    >>> Conv3d(1, 2, 3, key=0, stride=2)(np.ones((1, 1, 7, 7, 7), np.float32)).shape
    (1, 2, 3, 3, 3)
    """

    axes = 3


class _ConvTranspose(Layer):
    """What transposed convolutions of any number of axes have in common."""

    axes: ClassVar[int]

    weight: Array  # (in, out / groups, *window)
    bias: Array | None  # (out,)
    stride: tuple[int, ...] = static()
    padding: tuple[int, ...] = static()
    output_padding: tuple[int, ...] = static()
    dilation: tuple[int, ...] = static()
    groups: int = static(1)

    def __init__(
        self,
        inputs: int,
        outputs: int,
        window: Numbers,
        *,
        key: Any,
        stride: Numbers = 1,
        padding: Numbers = 0,
        output_padding: Numbers = 0,
        dilation: Numbers = 1,
        groups: int = 1,
        bias: bool = True,
        activation: str | Activation | None = None,
        initialiser: str | Initialiser | None = None,
        dtype: Any = np.float32,
    ) -> None:
        name = type(self).__name__
        check_sizes(name, inputs=inputs, outputs=outputs, groups=groups)
        check_groups(name, inputs, outputs, groups)
        taps = each("window", window, self.axes)
        self.stride = each("stride", stride, self.axes)
        # Each number of the result is a sum over the inputs whose window reaches it: one in `stride` of the taps.
        reached = max(math.prod(taps) // math.prod(self.stride), 1)
        fans = (inputs // groups * reached, outputs // groups * reached)
        draw = default_for(activation) if initialiser is None else initialiser_of(initialiser)
        self.weight = draw(as_key(key), (inputs, outputs // groups, *taps), fans=fans, dtype=dtype)
        self.bias = np.zeros(outputs, dtype) if bias else None
        self.padding, self.dilation = each("padding", padding, self.axes), each("dilation", dilation, self.axes)
        self.output_padding, self.groups = each("output_padding", output_padding, self.axes), groups

    def __call__(self, x: Array) -> Array:
        check_channels(self, x, self.weight.shape[0])
        y = conv_transpose(
            x,
            self.weight,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
            groups=self.groups,
        )
        return y if self.bias is None else y + self.bias.reshape(-1, *[1] * self.axes)

    def headline(self) -> str:
        """`ConvTranspose2d(16 → 3, 3×3)`."""
        return channels(self, self.weight.shape[0], self.weight.shape[1] * self.groups)


class ConvTranspose1d(_ConvTranspose):
    """The transpose of `Conv1d`, as torch.nn.ConvTranspose1d: it enlarges the space by the stride.

    (batch, inputs, time) to (batch, outputs, (time - 1) · stride - 2 · padding + dilation · (window - 1) + 1 +
    output_padding); `weight` is (inputs, outputs / groups, window).

    >>> ConvTranspose1d(4, 2, 4, key=0, stride=2, padding=1)(np.ones((1, 4, 5), np.float32)).shape
    (1, 2, 10)
    """

    axes = 1


class ConvTranspose2d(_ConvTranspose):
    """The transpose of `Conv2d` for images (batch, inputs, row, column), as `ConvTranspose1d`.

    >>> ConvTranspose2d(8, 3, 2, key=0, stride=2)(np.ones((1, 8, 7, 7), np.float32)).shape
    (1, 3, 14, 14)
    """

    axes = 2


class ConvTranspose3d(_ConvTranspose):
    """The transpose of `Conv3d` for volumes (batch, inputs, depth, row, column), as `ConvTranspose1d`.

    >>> ConvTranspose3d(2, 1, 2, key=0, stride=2)(np.ones((1, 2, 3, 3, 3), np.float32)).shape
    (1, 1, 6, 6, 6)
    """

    axes = 3
