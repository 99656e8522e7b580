"""Normalisation: batch, layer, root mean square, group and instance. Floor 6.

Half precision is computed with in 32 bits, statistics and all, and rounded once at the end.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.nn.calls import current
from glassgrad.nn.layer import Array, Layer, state, static
from glassgrad.nn.layout import channels_last
from glassgrad.nn.linear import check_sizes
from glassgrad.nn.rows import as_real, like, widened


class BatchNorm(Layer):
    """(x - mean) / √(variance + ε) · scale + shift for each channel of (batch, channel, *space).

    In training, mean and variance are the batch's own, over all axes but the channel's, and `running_mean` and
    `running_variance` move towards them by `momentum`: new = (1 - momentum) · old + momentum · batch's (the variance
    with n - 1, as torch.nn.BatchNorm does). In evaluation the running ones are taken. A pass changes no layer: `fit`
    keeps the new values, and `nn.training` gives them to loops of one's own. Ioffe and Szegedy, arXiv:1502.03167.

    >>> layer = BatchNorm(3, dtype=np.float64)
    >>> with nn.training() as happened:
    ...     y = layer(np.arange(12.0).reshape(4, 3))
    >>> layer.replace(happened.changes(layer)).running_mean
    array([0.45, 0.55, 0.65])
    """

    scale: Array | None  # (channel,)
    shift: Array | None  # (channel,)
    running_mean: Array = state()  # (channel,)
    running_variance: Array = state()  # (channel,)
    momentum: float = static(0.1)
    epsilon: float = static(1e-5)

    def __init__(
        self,
        channels: int,
        *,
        momentum: float = 0.1,
        epsilon: float = 1e-5,
        affine: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        check_sizes("BatchNorm", channels=channels)
        if not 0 < momentum <= 1:
            raise UsageError(f"BatchNorm: momentum is {momentum!r}, the weight of the new batch, above 0 and up to 1")
        self.scale = np.ones(channels, dtype) if affine else None
        self.shift = np.zeros(channels, dtype) if affine else None
        self.running_mean, self.running_variance = np.zeros(channels, dtype), np.ones(channels, dtype)
        self.momentum, self.epsilon = momentum, epsilon

    def __call__(self, x: Array) -> Array:
        shape = np.shape(x)
        if len(shape) < 2 or shape[1] != self.running_mean.shape[-1]:
            raise ShapeError(
                f"BatchNorm takes (batch, {self.running_mean.shape[-1]}, *space), found {show_shape(shape)}",
                hint="under vmap a layer sees one example, and has no batch to take statistics of"
                if len(shape) < 2
                else channels_last(shape, self.running_mean.shape[-1], len(shape) - 2),
            )
        along = (-1, *[1] * (len(shape) - 2))  # a channel's numbers beside x
        wide, dtype = widened(x), _dtype_of(x, self.scale, self.shift)
        mean, variance = self._statistics(wide)
        factor = 1 / np.sqrt(variance + self.epsilon)
        if self.scale is not None:
            factor = factor * self.scale
        y = (wide - mean.reshape(along)) * factor.reshape(along)
        return like(y if self.shift is None else y + self.shift.reshape(along), dtype)

    def _statistics(self, x: Array) -> tuple[Array, Array]:
        """The mean and the variance to take, (channel,) each; in training the running ones move."""
        if (pass_ := current()) is None:
            return widened(self.running_mean), widened(self.running_variance)
        axes = (0, *range(2, np.ndim(x)))
        count = int(np.prod([np.shape(x)[axis] for axis in axes]))
        if count < 2:
            raise ShapeError(
                f"BatchNorm in training needs more than one number for each channel, found {show_shape(np.shape(x))}",
                hint="train on larger batches (drop the last short one), or take LayerNorm or GroupNorm",
            )
        mean, variance = np.mean(x, axis=axes), np.var(x, axis=axes)
        share = self.momentum
        old_mean, old_variance = pass_.latest(self, "running_mean"), pass_.latest(self, "running_variance")
        new_mean = (1 - share) * widened(old_mean) + share * mean
        new_variance = (1 - share) * widened(old_variance) + (share * count / (count - 1)) * variance
        # State keeps its dtype, whatever that of the batch.
        pass_.change(
            self,
            running_mean=like(new_mean, old_mean.dtype),
            running_variance=like(new_variance, old_variance.dtype),
        )
        return mean, variance


def _dtype_of(x: Array, *parameters: Array | None) -> np.dtype:
    """The dtype of a result by NumPy's rules; whole numbers are as float64."""
    return np.result_type(as_real(x).dtype, *[array.dtype for array in parameters if array is not None])


def _normalised(x: Array, axes: tuple[int, ...], epsilon: float) -> Array:
    centred = x - np.mean(x, axis=axes, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=axes, keepdims=True) + epsilon)


def _shape_of(name: str, shape: int | Sequence[int]) -> tuple[int, ...]:
    found = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    for size in found:
        check_sizes(name, shape=size)
    return found


def _check_end(layer: Any, x: Array, end: tuple[int, ...]) -> None:
    if np.shape(x)[-len(end) :] != end:
        raise ShapeError(
            f"{type(layer).__name__} takes (…, {str(end)[1:].rstrip(',)')}), found {show_shape(np.shape(x))}"
        )


class LayerNorm(Layer):
    """(x - mean) / √(variance + ε) · scale + shift over the last axes, those of `shape`, for each example by itself.

    Ba, Kiros and Hinton, arXiv:1607.06450; as torch.nn.LayerNorm.

    >>> LayerNorm(3, epsilon=0.0)(np.array([1.0, 2.0, 3.0])).round(4)
    array([-1.2247,  0.    ,  1.2247])
    """

    scale: Array | None  # shape
    shift: Array | None  # shape
    shape: tuple[int, ...] = static()
    epsilon: float = static(1e-5)

    def __init__(
        self,
        shape: int | Sequence[int],
        *,
        epsilon: float = 1e-5,
        affine: bool = True,
        bias: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        self.shape, self.epsilon = _shape_of("LayerNorm", shape), epsilon
        self.scale = np.ones(self.shape, dtype) if affine else None
        self.shift = np.zeros(self.shape, dtype) if affine and bias else None

    def __call__(self, x: Array) -> Array:
        _check_end(self, x, self.shape)
        y = _normalised(widened(x), tuple(range(-len(self.shape), 0)), self.epsilon)
        y = y if self.scale is None else y * self.scale
        return like(y if self.shift is None else y + self.shift, _dtype_of(x, self.scale, self.shift))


class RMSNorm(Layer):
    """x / √(mean of x² + ε) · scale over the last axes, those of `shape`.

    ε is the dtype's own unless given (of half precision that of float32), as in torch.nn.RMSNorm. Zhang and Sennrich,
    arXiv:1910.07467.

    >>> RMSNorm(2)(np.array([3.0, 4.0])).round(4)
    array([0.8485, 1.1314])
    """

    scale: Array | None  # shape
    shape: tuple[int, ...] = static()
    epsilon: float | None = static(None)

    def __init__(
        self, shape: int | Sequence[int], *, epsilon: float | None = None, affine: bool = True, dtype: Any = np.float32
    ) -> None:
        self.shape, self.epsilon = _shape_of("RMSNorm", shape), epsilon
        self.scale = np.ones(self.shape, dtype) if affine else None

    def __call__(self, x: Array) -> Array:
        _check_end(self, x, self.shape)
        axes = tuple(range(-len(self.shape), 0))
        wide = widened(x)
        epsilon = float(np.finfo(wide.dtype).eps) if self.epsilon is None else self.epsilon
        y = wide / np.sqrt(np.mean(wide * wide, axis=axes, keepdims=True) + epsilon)
        return like(y if self.scale is None else y * self.scale, _dtype_of(x, self.scale))


class GroupNorm(Layer):
    """(x - mean) / √(variance + ε) · scale + shift over groups of channels, for each example by itself.

    Input (batch, channel, *space); `groups` of equal size; scale and shift are of each channel. Wu and He,
    arXiv:1803.08494; as torch.nn.GroupNorm. With as many groups as channels it is instance normalisation.

    >>> GroupNorm(2, 4)(np.ones((3, 4, 5, 5))).shape
    (3, 4, 5, 5)
    """

    scale: Array | None  # (channel,)
    shift: Array | None  # (channel,)
    groups: int = static()
    channels: int = static()
    epsilon: float = static(1e-5)

    def __init__(
        self, groups: int, channels: int, *, epsilon: float = 1e-5, affine: bool = True, dtype: Any = np.float32
    ) -> None:
        check_sizes("GroupNorm", groups=groups, channels=channels)
        if channels % groups:
            raise UsageError(f"GroupNorm: {channels} channels do not divide into {groups} groups")
        self.groups, self.channels, self.epsilon = groups, channels, epsilon
        self.scale = np.ones(channels, dtype) if affine else None
        self.shift = np.zeros(channels, dtype) if affine else None

    def __call__(self, x: Array) -> Array:
        shape = np.shape(x)
        if len(shape) < 2 or shape[1] != self.channels:
            raise ShapeError(
                f"GroupNorm takes (batch, {self.channels}, *space), found {show_shape(shape)}",
                hint=channels_last(shape, self.channels, len(shape) - 2),
            )
        split = widened(x).reshape(shape[0], self.groups, self.channels // self.groups, *shape[2:])
        y = _normalised(split, tuple(range(2, split.ndim)), self.epsilon).reshape(shape)
        along = (-1, *[1] * (len(shape) - 2))
        y = y if self.scale is None else y * self.scale.reshape(along)
        y = y if self.shift is None else y + self.shift.reshape(along)
        return like(y, _dtype_of(x, self.scale, self.shift))
