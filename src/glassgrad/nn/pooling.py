"""Pooling: the largest or the mean of windows, of everything, or of a given number of windows. Floor 6."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from glassgrad.api.convolution import avg_pool, max_pool
from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError
from glassgrad.nn.convolution import Numbers, each
from glassgrad.nn.layer import Array, Layer, static
from glassgrad.nn.rows import in_32_bits


class _Pool(Layer):
    """What pooling by windows has in common."""

    axes: ClassVar[int]

    window: tuple[int, ...] = static()
    stride: tuple[int, ...] = static()
    padding: tuple[int, ...] = static()

    def __init__(self, window: Numbers, *, stride: Numbers | None = None, padding: Numbers = 0) -> None:
        self.window = each("window", window, self.axes)
        self.stride = self.window if stride is None else each("stride", stride, self.axes)
        self.padding = each("padding", padding, self.axes)

    def _facts(self, x: Array) -> dict[str, Any]:
        _check_space(self, x)
        return {"stride": self.stride, "padding": self.padding}


def _check_space(layer: Any, x: Array) -> None:
    if np.ndim(x) not in (layer.axes + 1, layer.axes + 2):
        raise ShapeError(
            f"{type(layer).__name__} takes (batch, channel, *space) with {layer.axes} axes of space, "
            f"found {show_shape(np.shape(x))}"
        )


class _MaxPool(_Pool):
    def __call__(self, x: Array) -> Array:
        return max_pool(x, self.window, **self._facts(x))


class _AvgPool(_Pool):
    def __call__(self, x: Array) -> Array:
        facts = self._facts(x)
        return in_32_bits(lambda x: avg_pool(x, self.window, **facts), x)


class MaxPool1d(_MaxPool):
    """The largest of each window along the last axis; the windows stand side by side unless a stride is given.

    >>> MaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[3., 2.]]])
    """

    axes = 1


class MaxPool2d(_MaxPool):
    """The largest of each window of images (batch, channel, row, column).

    >>> MaxPool2d(2)(np.ones((1, 3, 8, 8))).shape
    (1, 3, 4, 4)
    """

    axes = 2


class MaxPool3d(_MaxPool):
    """The largest of each window of volumes (batch, channel, depth, row, column).

    >>> MaxPool3d(2)(np.ones((1, 3, 4, 4, 4))).shape
    (1, 3, 2, 2, 2)
    """

    axes = 3


class AvgPool1d(_AvgPool):
    """The mean of each window along the last axis; padding counts as zeros.

    >>> AvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[2., 1.]]])
    """

    axes = 1


class AvgPool2d(_AvgPool):
    """The mean of each window of images (batch, channel, row, column).

    >>> AvgPool2d(2)(np.ones((1, 3, 8, 8))).shape
    (1, 3, 4, 4)
    """

    axes = 2


class AvgPool3d(_AvgPool):
    """The mean of each window of volumes (batch, channel, depth, row, column).

    >>> AvgPool3d(2)(np.ones((1, 3, 4, 4, 4))).shape
    (1, 3, 2, 2, 2)
    """

    axes = 3


# ------------------------------------------------------------------ of everything
class GlobalAvgPool(Layer):
    """The mean over all axes of space: (batch, channel, *space) to (batch, channel).

    >>> GlobalAvgPool()(np.ones((2, 3, 8, 8))).shape
    (2, 3)
    """

    def __call__(self, x: Array) -> Array:
        axes = _space("GlobalAvgPool", x)
        return in_32_bits(lambda x: np.mean(x, axis=axes), x)


class GlobalMaxPool(Layer):
    """The largest over all axes of space: (batch, channel, *space) to (batch, channel).

    >>> GlobalMaxPool()(np.ones((2, 3, 8, 8))).shape
    (2, 3)
    """

    def __call__(self, x: Array) -> Array:
        return np.max(x, axis=_space("GlobalMaxPool", x))


def _space(name: str, x: Array) -> tuple[int, ...]:
    if np.ndim(x) < 3:
        raise ShapeError(f"{name} takes (batch, channel, *space), found {show_shape(np.shape(x))}")
    return tuple(range(2, np.ndim(x)))


# ------------------------------------------------------------------ of as many windows as the result has places
class _AdaptivePool(Layer):
    """What pooling to a given size has in common: window i runs from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉, as in PyTorch."""

    axes: ClassVar[int]

    size: tuple[int, ...] = static()

    def __init__(self, size: Numbers) -> None:
        self.size = each("size", size, self.axes)

    def _pooled(self, x: Array, reduce: Callable[..., Array]) -> Array:
        _check_space(self, x)
        for axis, count in enumerate(self.size, start=np.ndim(x) - self.axes):
            x = _pool_axis(x, axis, count, reduce)
        return x


def _pool_axis(x: Array, axis: int, count: int, reduce: Callable[..., Array]) -> Array:
    """One axis reduced to `count` places; the means of windows of equal size along several axes are the mean of all."""
    shape = np.shape(x)
    length = shape[axis]
    if length == count:
        return x
    if length % count == 0:
        return reduce(x.reshape(*shape[:axis], count, length // count, *shape[axis + 1 :]), axis=axis + 1)
    ends = [(place * length // count, -((-(place + 1) * length) // count)) for place in range(count)]
    before: Sequence[slice] = (slice(None),) * axis
    return np.stack([reduce(x[(*before, slice(*end))], axis=axis) for end in ends], axis=axis)


class _AdaptiveAvgPool(_AdaptivePool):
    def __call__(self, x: Array) -> Array:
        return in_32_bits(lambda x: self._pooled(x, np.mean), x)


class _AdaptiveMaxPool(_AdaptivePool):
    def __call__(self, x: Array) -> Array:
        return self._pooled(x, np.max)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Means of windows such that the result has `size` places: (batch, channel, time) to (batch, channel, size).

    >>> AdaptiveAvgPool1d(2)(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[1.5, 2.5]]])
    """

    axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Means of windows such that images become (batch, channel, *size).

    >>> AdaptiveAvgPool2d((3, 2))(np.ones((1, 4, 8, 7))).shape
    (1, 4, 3, 2)
    """

    axes = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Means of windows such that volumes become (batch, channel, *size).

    >>> AdaptiveAvgPool3d(2)(np.ones((1, 4, 5, 6, 7))).shape
    (1, 4, 2, 2, 2)
    """

    axes = 3


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest of windows such that the result has `size` places.

    >>> AdaptiveMaxPool1d(2)(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[2., 3.]]])
    """

    axes = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest of windows such that images become (batch, channel, *size).

    >>> AdaptiveMaxPool2d(2)(np.ones((1, 4, 5, 5))).shape
    (1, 4, 2, 2)
    """

    axes = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest of windows such that volumes become (batch, channel, *size).

    >>> AdaptiveMaxPool3d(2)(np.ones((1, 4, 5, 6, 7))).shape
    (1, 4, 2, 2, 2)
    """

    axes = 3
