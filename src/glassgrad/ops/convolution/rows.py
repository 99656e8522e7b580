"""The three rows of convolution: conv, conv_input, conv_weight. Floor 2. Their transposes are in the family.

A batch axis goes to the examples, the channels or the groups, so that vmap of a convolution is a convolution.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import DtypeError, ShapeError
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import Batched, Bilinear, op
from glassgrad.ops.convolution.geometry import Padding, Sizes, positions
from glassgrad.ops.convolution.kernels import (
    blocks_of,
    convolution,
    convolution_input,
    convolution_weight,
    laid_out,
    windows_of,
)
from glassgrad.ops.lifting import common_dtype
from glassgrad.ops.structure import cast, reshape, transpose

_KERNELS = (windows_of, blocks_of, laid_out)
_WHY = "an output is a sum of input × weight over the window, so to first order each factor counts by the other"


# ------------------------------------------------------------------ what comes out
def _check(x: Sequence[int], w: Sequence[int], y: Sequence[int], groups: int) -> None:
    """The channels of an input, a weight and an output must fit each other."""
    if not len(x) == len(w) == len(y) or len(x) < 3:
        raise ShapeError(
            f"conv needs (batch, channel, *space) and (channel out, channel in, *window), "
            f"found {show_shape(tuple(x))} and {show_shape(tuple(w))}"
        )
    if x[1] != w[1] * groups or w[0] != y[1] or w[0] % groups or x[0] != y[0]:
        raise ShapeError(
            f"conv with groups={groups} cannot join {x[1]} channels, a weight of shape {show_shape(tuple(w))} "
            f"and an output of {y[1]} channels",
            hint=f"a weight is (channel out, channel in / groups, *window); here its second size is {x[1]} / {groups}",
        )


def _same_dtype(a: Aval, b: Aval) -> np.dtype:
    if a.dtype != b.dtype:
        raise DtypeError(f"conv needs one dtype, found {a.dtype} and {b.dtype}")
    return a.dtype


def _conv_aval(x: Aval, w: Aval, stride: Sizes, padding: Padding, dilation: Sizes, groups: int) -> Aval:
    _check(x.shape, w.shape, (*x.shape[:1], *w.shape[:1], *x.shape[2:]), groups)
    out = positions(x.shape[2:], w.shape[2:], stride, padding, dilation)
    return Aval((x.shape[0], w.shape[0], *out), _same_dtype(x, w))


def _conv_input_aval(
    w: Aval, y: Aval, space: Sizes, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Aval:
    x = (*y.shape[:1], groups * w.shape[1], *space)
    _check(x, w.shape, y.shape, groups)
    _check_positions(positions(space, w.shape[2:], stride, padding, dilation), y)
    return Aval(x, _same_dtype(w, y))


def _conv_weight_aval(
    x: Aval, y: Aval, window: Sizes, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Aval:
    w = (y.shape[1], x.shape[1] // groups, *window)
    _check(x.shape, w, y.shape, groups)
    _check_positions(positions(x.shape[2:], window, stride, padding, dilation), y)
    return Aval(w, _same_dtype(x, y))


def _check_positions(expected: Sizes, y: Aval) -> None:
    if expected != y.shape[2:]:
        raise ShapeError(f"a convolution with these sizes gives {show_shape(expected)}, not {show_shape(y.shape[2:])}")


# ------------------------------------------------------------------ a batch axis in front
def _merged(node: Node, axis: int, groups: int) -> Node:
    """The batch axis taken into `axis` (as counted without it), inside of the groups."""
    parts = (groups, node.shape[axis + 1] // groups)
    split = reshape(node, (*node.shape[: axis + 1], *parts, *node.shape[axis + 2 :]))
    order = (*range(1, axis + 2), 0, *range(axis + 2, split.ndim))
    shape = (*node.shape[1 : axis + 1], prod(node.shape[:1] + parts), *node.shape[axis + 2 :])
    return reshape(transpose(split, order), shape)


def _parted(node: Node, axis: int, groups: int, size: int) -> Node:
    """Undoes `_merged`: the batch axis is in front again."""
    rest = node.shape[axis] // groups // size
    split = reshape(node, (*node.shape[:axis], groups, size, rest, *node.shape[axis + 1 :]))
    order = (axis + 1, *range(axis + 1), *range(axis + 2, split.ndim))
    shape = (size, *node.shape[:axis], groups * rest, *node.shape[axis + 1 :])
    return reshape(transpose(split, order), shape)


# Of x, w, y: the axis of each that counts examples, channels in, channels out (w has none for examples, and so on).
_AXES = {"x": (0, 1, None), "w": (None, 1, 0), "y": (0, None, 1)}


def _batched(row: str, first: str, second: str, result: str) -> Batched:
    """How a row over `first` and `second` carries a batch axis: in the kind of axis that those that have it share."""

    def rule(args: Sequence[Node], mapped: Sequence[bool], size: int, *, groups: int, **params: Any) -> Node:
        if all(mapped):  # each example is a group of its own
            new = [_merged(x, _channels(name), 1) for x, name in zip(args, (first, second), strict=True)]
            return _parted(_ROWS[row](*new, groups=groups * size, **params), _channels(result), 1, size)
        one = first if mapped[0] else second
        kind = next(k for k in range(3) if _AXES[one][k] is not None and _AXES[result][k] is not None)
        new = list(args)
        place = 0 if mapped[0] else 1
        new[place] = _merged(args[place], _axis(one, kind), groups if kind and not (one == "w" and kind == 1) else 1)
        outer = groups if kind and not (result == "w" and kind == 1) else 1
        return _parted(_ROWS[row](*new, groups=groups, **params), _axis(result, kind), outer, size)

    return Batched(rule)


def _axis(name: str, kind: int) -> int:
    axis = _AXES[name][kind]
    assert axis is not None
    return axis


def _channels(name: str) -> int:
    """The axis that groups divide."""
    return 0 if name == "w" else 1


# ------------------------------------------------------------------ the rows
CONV = op(
    "conv",
    "x, w -> y",
    infer=_conv_aval,
    numpy="convolution(x, w, stride, padding, dilation, groups)",
    kernels=(*_KERNELS, convolution),
    batching=_batched("conv", "x", "w", "y"),
    rule="convolution rule",
    why=_WHY,
    tex=r"{x} \star {w}",
    x=Bilinear(lambda ct, x, w, **how: conv_input(w, ct, space=x.shape[2:], **how)),
    w=Bilinear(lambda ct, x, w, **how: conv_weight(x, ct, window=w.shape[2:], **how)),
)
CONV_INPUT = op(
    "conv_input",
    "w, y -> x",
    infer=_conv_input_aval,
    numpy="convolution_input(w, y, space, stride, padding, dilation, groups)",
    kernels=(convolution_input, blocks_of),
    batching=_batched("conv_input", "w", "y", "x"),
    rule="convolution rule",
    why=_WHY,
    w=Bilinear(lambda ct, w, y, space, **how: conv_weight(ct, y, window=w.shape[2:], **how)),
    y=Bilinear(lambda ct, w, space, **how: conv_rows(ct, w, **how)),
)
CONV_WEIGHT = op(
    "conv_weight",
    "x, y -> w",
    infer=_conv_weight_aval,
    numpy="convolution_weight(x, y, window, stride, padding, dilation, groups)",
    kernels=(*_KERNELS, convolution_weight),
    batching=_batched("conv_weight", "x", "y", "w"),
    rule="convolution rule",
    why=_WHY,
    x=Bilinear(lambda ct, x, y, window, **how: conv_input(ct, y, space=x.shape[2:], **how)),
    y=Bilinear(lambda ct, x, window, **how: conv_rows(x, ct, **how)),
)


def conv_rows(x: Node, w: Node, *, stride: Sizes, padding: Padding, dilation: Sizes, groups: int) -> Node:
    """y[n, o, p] = Σ x[n, c, p·stride + k·dilation − pad] w[o, c, k], promoted to one dtype."""
    dtype = common_dtype(x, w)
    return apply(CONV, cast(x, dtype), cast(w, dtype), stride=stride, padding=padding, dilation=dilation, groups=groups)


def conv_input(
    w: Node, y: Node, *, space: Sizes, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Node:
    """The transpose of a convolution towards its input, whose space has the size `space`."""
    dtype = common_dtype(w, y)
    how: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return apply(CONV_INPUT, cast(w, dtype), cast(y, dtype), space=space, **how)


def conv_weight(
    x: Node, y: Node, *, window: Sizes, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Node:
    """The transpose of a convolution towards its weight, whose window has the size `window`."""
    dtype = common_dtype(x, y)
    how: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return apply(CONV_WEIGHT, cast(x, dtype), cast(y, dtype), window=window, **how)


_ROWS: dict[str, Any] = {"conv": conv_rows, "conv_input": conv_input, "conv_weight": conv_weight}
