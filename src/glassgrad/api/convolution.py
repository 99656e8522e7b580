"""Convolution and pooling over one, two or three axes of space; layout (batch, channel, *space). Floor 5."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from glassgrad.api.values import on_values
from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DtypeError, ShapeError, UsageError
from glassgrad.graph.node import Node
from glassgrad.ops.convolution.geometry import Padding, Sizes, each_axis, padding_of, reach
from glassgrad.ops.convolution.pooling import max_windows, mean_windows
from glassgrad.ops.convolution.rows import conv_input, conv_rows
from glassgrad.ops.structure import cast, reshape

Numbers: TypeAlias = int | Sequence[int]
Paddings: TypeAlias = int | str | Sequence[int] | Sequence[tuple[int, int]]


def conv(x: Any, w: Any, *, stride: Numbers = 1, padding: Paddings = 0, dilation: Numbers = 1, groups: int = 1) -> Any:
    """The convolution of an input with a weight (a cross-correlation: the weight is not turned round).

    `x` is (batch, channel in, *space) or one example without batch; `w` is (channel out, channel in / groups, *window),
    with one to three axes of space. `padding` is a number, a number or (before, after) for each axis, "same" or
    "valid"; numbers for all axes or one each. The result is (batch, channel out, *positions).

    >>> conv(np.arange(6.0).reshape(1, 1, 6), np.array([[[-1.0, 0.0, 1.0]]]), padding="same")
    array([[[ 1.,  2.,  2.,  2.,  2., -4.]]])
    """

    def build(x: Node, w: Node) -> Node:
        axes = _axes_of_space("conv", w)
        x, one = _with_batch("conv", x, w.ndim)
        steps, gaps = each_axis("stride", stride, axes), each_axis("dilation", dilation, axes)
        pads = padding_of(padding, x.shape[2:], w.shape[2:], steps, gaps)
        y = conv_rows(x, w, stride=steps, padding=pads, dilation=gaps, groups=int(groups))
        return reshape(y, y.shape[1:]) if one else y

    return on_values(build, x, w)


def conv_transpose(
    x: Any,
    w: Any,
    *,
    stride: Numbers = 1,
    padding: Paddings = 0,
    output_padding: Numbers = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Any:
    """The transpose of `conv` towards its input: what enlarges an image by the stride.

    `x` is (batch, channel in, *space) or one example without batch, `w` is (channel in, channel out / groups, *window).
    The space becomes (space - 1) · stride - padding + dilation · (window - 1) + 1 + output_padding; `padding` is what
    `conv` would have padded, so that much is cut off; `output_padding`, smaller than the stride, tells apart the sizes
    that `conv` takes to the same one. ShapeError where the padding leaves nothing.

    >>> conv_transpose(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 1.0]]]), stride=2)
    array([[[1., 1., 2., 2.]]])
    """

    def build(x: Node, w: Node) -> Node:
        axes = _axes_of_space("conv_transpose", w)
        x, one = _with_batch("conv_transpose", x, w.ndim)
        steps, gaps = each_axis("stride", stride, axes), each_axis("dilation", dilation, axes)
        more = each_axis("output_padding", output_padding, axes, 0)
        if isinstance(padding, str):
            raise UsageError("conv_transpose takes its padding as numbers", hint="padding=(window - 1) // 2")
        pads = padding_of(padding, x.shape[2:], w.shape[2:], steps, gaps)
        if any(extra >= step for extra, step in zip(more, steps, strict=True)):
            raise UsageError(f"output_padding {more} must be smaller than the stride {steps}")
        facts = zip(x.shape[2:], steps, pads, reach(w.shape[2:], gaps), more, strict=True)
        space = tuple([(n - 1) * step - sum(pad) + span + extra for n, step, pad, span, extra in facts])
        if min(space) < 1:
            raise ShapeError(f"conv_transpose with the padding {pads} leaves a space of {space}", hint="pad less")
        y = conv_input(w, x, space=space, stride=steps, padding=pads, dilation=gaps, groups=int(groups))
        return reshape(y, y.shape[1:]) if one else y

    return on_values(build, x, w)


def _axes_of_space(name: str, w: Node) -> int:
    axes = w.ndim - 2
    if not 1 <= axes <= 3:
        raise ShapeError(
            f"{name} needs a weight of two axes of channels and one to three of space, found {show_shape(w.shape)}"
        )
    return axes


def _with_batch(name: str, x: Node, ndim: int) -> tuple[Node, bool]:
    """The input with a batch axis, and whether it had none."""
    if x.ndim not in (ndim, ndim - 1):
        raise ShapeError(
            f"{name} with this weight takes {ndim} axes (batch, channel, *space), found {show_shape(x.shape)}",
            hint=f"x.reshape(-1, channels, *space), or x[None, None] for {ndim - 2} axes without batch and channel",
        )
    return (x, False) if x.ndim == ndim else (reshape(x, (1, *x.shape)), True)


# ------------------------------------------------------------------ pooling
def max_pool(x: Any, window: Numbers, *, stride: Numbers | None = None, padding: Paddings = 0) -> Any:
    """The largest element of each window over the last axes; where several are largest the first counts.

    `window` has a number for each pooled axis; one number pools all axes behind (batch, channel). The windows stand
    side by side unless a stride is given. Padding is never the largest.

    >>> max_pool(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[3., 2.]]])
    """

    def build(x: Node) -> Node:
        if x.dtype.kind == "c":
            raise DtypeError("max_pool of complex numbers, which have no order")
        return max_windows(x, *_pooling("max_pool", x, window, stride, padding))

    return on_values(build, x)


def avg_pool(
    x: Any, window: Numbers, *, stride: Numbers | None = None, padding: Paddings = 0, count_include_pad: bool = True
) -> Any:
    """The mean of each window over the last axes.

    As for `max_pool`; padding counts as zeros, or with `count_include_pad=False` not at all.

    >>> avg_pool(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[2., 1.]]])
    """

    def build(x: Node) -> Node:
        if x.dtype.kind not in "fc":
            x = cast(x, np.dtype(np.float64))
        return mean_windows(x, *_pooling("avg_pool", x, window, stride, padding), count_padding=bool(count_include_pad))

    return on_values(build, x)


def _pooling(
    name: str, x: Node, window: Numbers, stride: Numbers | None, padding: Paddings
) -> tuple[Sizes, Sizes, Padding]:
    axes = len(window) if isinstance(window, Sequence) else x.ndim - 2
    if axes < 1 or axes > x.ndim:
        raise ShapeError(
            f"{name} with window {window!r} of an array of shape {show_shape(x.shape)}",
            hint="give one number for each axis to pool: window=(2, 2)",
        )
    taps = each_axis("window", window, axes)
    steps = taps if stride is None else each_axis("stride", stride, axes)
    pads = padding_of(padding, x.shape[x.ndim - axes :], taps, steps, (1,) * axes)
    if any(max(pair) >= size for pair, size in zip(pads, taps, strict=True)):
        raise ShapeError(f"{name}: a padding of {pads} leaves windows {show_shape(taps)} without any element")
    return taps, steps, pads
