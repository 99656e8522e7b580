"""Where the channels stand: (batch, channel, *space). Floor 6."""

from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError
from glassgrad.nn.layer import Array


def check_channels(layer: Any, x: Array, channels: int) -> None:
    """Raises ShapeError for an input of a layer with `axes` of space that is not (batch, channels, *space)."""
    shape, space = np.shape(x), layer.axes
    if len(shape) in (space + 1, space + 2) and shape[-space - 1] == channels:
        return
    hint = channels_last(shape, channels, space)
    if channels == 1 and len(shape) == space + 1:
        hint = "x[:, None] gives each of a batch its one channel"
    if channels == 1 and len(shape) == space:
        hint = "x[None] is one with its one channel"
    axes = f"{space} axes of space" if space > 1 else "an axis of space"
    raise ShapeError(
        f"{type(layer).__name__} takes (batch, {channels}, *space) with {axes}, found {show_shape(shape)}", hint=hint
    )


def channels_last(shape: tuple[int, ...], channels: int, space: int) -> str | None:
    """What to do where the channels stand last, as in TensorFlow and in files of images."""
    if len(shape) not in (space + 1, space + 2) or shape[-1] != channels:
        return None
    return (
        f"channels stand before the space: np.moveaxis(x, -1, {1 if len(shape) > space + 1 else 0}) brings them there"
    )
