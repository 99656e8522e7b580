"""np.convolve, np.correlate and the convolution of several axes on traced values. Floor 3.

The convolution of v with a is what the transpose of a correlation with v makes of a: the row `conv_input`, whose
padding cuts the result to the part that is asked for.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.graph.node import Node
from glassgrad.ops.convolution.geometry import Sizes
from glassgrad.ops.convolution.rows import conv_input, conv_rows
from glassgrad.ops.structure import reshape, transpose
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap


@implements(np.convolve)
def convolve_traced(a: Any, v: Any, mode: str = "full") -> Tracer:
    """`np.convolve`."""
    x, w = _lines("convolve", a, v)
    if w.shape[0] > x.shape[0]:
        x, w = w, x
    starts = _starts("convolve", mode, x.shape, w.shape)
    return wrap(convolved(x, w, [(0,), (0,)], [(), ()], starts))


@implements(np.correlate)
def correlate_traced(a: Any, v: Any, mode: str = "valid") -> Tracer:
    """`np.correlate`: Σ a[k + i] conj(v[i])."""
    x, w = _lines("correlate", a, np.conjugate(v))
    n, m = x.shape[0], w.shape[0]
    longer, shorter = max(n, m), min(n, m)
    first = {"full": 0, "same": (m - 1) // 2 if n >= m else n // 2, "valid": shorter - 1}
    length = {"full": n + m - 1, "same": longer, "valid": longer - shorter + 1}
    if mode not in first:
        raise UsageError(f"correlate has no mode {mode!r}", hint="'full', 'same' or 'valid'")
    before = m - 1 - first[mode]
    y = conv_rows(
        reshape(x, (1, 1, n)),
        reshape(w, (1, 1, m)),
        stride=(1,),
        padding=((before, length[mode] + m - 1 - n - before),),
        dilation=(1,),
        groups=1,
    )
    return wrap(reshape(y, y.shape[2:]))


def _lines(name: str, a: Any, v: Any) -> tuple[Node, Node]:
    x, w = to_node(a), to_node(v)
    x, w = (reshape(node, (1,)) if node.ndim == 0 else node for node in (x, w))
    if x.ndim != 1 or w.ndim != 1 or not x.aval.size or not w.aval.size:
        raise ShapeError(
            f"{name} needs two lines of numbers, found {show_shape(x.shape)} and {show_shape(w.shape)}",
            hint="glassgrad.scipy.signal.convolve takes more axes" if name == "convolve" else None,
        )
    return x, w


def _starts(name: str, mode: str, a: Sizes, b: Sizes) -> list[tuple[int, int]]:
    """Where the part that is asked for begins in the full convolution, and its length, for each axis."""
    match mode:
        case "full":
            return [(0, n + m - 1) for n, m in zip(a, b, strict=True)]
        case "same":
            return [((m - 1) // 2, n) for n, m in zip(a, b, strict=True)]
        case "valid":
            return [(min(n, m) - 1, max(n, m) - min(n, m) + 1) for n, m in zip(a, b, strict=True)]
    raise UsageError(f"{name} has no mode {mode!r}", hint="'full', 'same' or 'valid'")


# ------------------------------------------------------------------ several axes
def convolve_axes(x: Node, w: Node, axes: Any, dot_axes: Any, mode: str) -> Node:
    """The convolution along pairs of axes, contracted over other pairs: (rest of x, rest of w, convolved).

    `axes` and `dot_axes` are pairs of lists: the axes of x and of w. `axes=None` convolves all.
    """
    along = [_axes(part, node) for part, node in zip(axes or (range(x.ndim), range(w.ndim)), (x, w), strict=True)]
    joined = [_axes(part, node) for part, node in zip(dot_axes, (x, w), strict=True)]
    for name, pair in (("axes", along), ("dot_axes", joined)):
        if len(pair[0]) != len(pair[1]):
            raise ShapeError(f"convolve pairs {len(pair[0])} with {len(pair[1])} axes in {name}")
    if any(x.shape[i] != w.shape[j] for i, j in zip(*joined, strict=True)):
        raise ShapeError(f"convolve cannot contract axes of {show_shape(x.shape)} and {show_shape(w.shape)}")
    sizes = [tuple([node.shape[axis] for axis in part]) for node, part in zip((x, w), along, strict=True)]
    return convolved(x, w, along, joined, _starts("convolve", mode, sizes[0], sizes[1]))


def _axes(axes: Sequence[int], node: Node) -> Sizes:
    return tuple([normalize_axis_index(int(axis), node.ndim) for axis in axes])


def convolved(
    x: Node, w: Node, along: Sequence[Sizes], joined: Sequence[Sizes], starts: Sequence[tuple[int, int]]
) -> Node:
    """The part (start, length) of the full convolution along pairs of axes, the joined pairs contracted."""
    if not starts:  # at least one axis of space is needed
        return _unit_space(x, w, joined)
    y, rest_x = _arranged(x, joined[0], along[0], channels_first=False)
    v, rest_w = _arranged(w, joined[1], along[1], channels_first=True)
    padding = tuple(
        [
            (start, n + m - 1 - start - length)
            for n, m, (start, length) in zip(y.shape[2:], v.shape[2:], starts, strict=True)
        ]
    )
    unit = (1,) * len(starts)
    space = tuple([length for _, length in starts])
    out = conv_input(v, y, space=space, stride=unit, padding=padding, dilation=unit, groups=1)
    return reshape(out, (*rest_x, *rest_w, *space))


def _unit_space(x: Node, w: Node, joined: Sequence[Sizes]) -> Node:
    wide = [reshape(node, (*node.shape, 1)) for node in (x, w)]
    out = convolved(wide[0], wide[1], [(x.ndim,), (w.ndim,)], joined, [(0, 1)])
    return reshape(out, out.shape[:-1])


def _arranged(x: Node, joined: Sizes, along: Sizes, *, channels_first: bool) -> tuple[Node, Sizes]:
    """(rest, joined, *space) or, with `channels_first`, (joined, rest, *space); and the sizes of the rest."""
    rest = tuple([axis for axis in range(x.ndim) if axis not in (*joined, *along)])
    front = (*joined, *rest) if channels_first else (*rest, *joined)
    turned = transpose(x, (*front, *along))
    kept = tuple([x.shape[axis] for axis in rest])
    sizes = prod(kept), prod([x.shape[axis] for axis in joined])
    first = sizes[::-1] if channels_first else sizes
    return reshape(turned, (*first, *[x.shape[axis] for axis in along])), kept
