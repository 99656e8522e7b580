"""Convolution and pooling as windows, matrix products and sums: what loops and tiles do well. Floor 4.

The windows of an array are a view; laid out as matrices (channel × tap, position) they are multiplied with the
weights, example by example (im2col). The way back adds each tap's share where its window read.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.contraction import as_products
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Op
from glassgrad.ops.compare import logical_not
from glassgrad.ops.contract import CONTRACT
from glassgrad.ops.extrema import maximum
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.leaves import capture
from glassgrad.ops.select import where
from glassgrad.ops.shape import pad
from glassgrad.ops.structure import broadcast, reshape

_MOST_TAPS = 32  # of a pooling window that is written out


def _windows_aval(x: Aval, taps: tuple[int, ...], positions: tuple[int, ...], **_: Any) -> Aval:
    return Aval((*x.shape[: x.ndim - len(taps)], *taps, *positions), x.dtype)


def _overlap_aval(parts: Aval, taps: tuple[int, ...], space: tuple[int, ...], **_: Any) -> Aval:
    return Aval((*parts.shape[: parts.ndim - 2 * len(taps)], *space), parts.dtype)


def _own(name: str, sign: str, infer: Any) -> Op:
    """An op of this engine alone: it has no row in the table, for no person and no transform meets it."""
    left, right = sign.split(" -> ")
    return Op(name, (left,), (right,), infer, "", {}, None)


# (*lead, *space) -> (*lead, *taps, *positions): at [k, p] stands x[p · stride + k · dilation]
WINDOWS = _own("windows", "x -> y", _windows_aval)
# The transpose: zeros of (*lead, *space), with each part added where its window read.
OVERLAP = _own("overlap", "parts -> x", _overlap_aval)


def _windows(x: Node, taps: tuple[int, ...], positions: tuple[int, ...], stride: Any, dilation: Any) -> Node:
    return make(WINDOWS, (x,), (("taps", taps), ("positions", positions), ("stride", stride), ("dilation", dilation)))


def _padded(x: Node, padding: Sequence[tuple[int, int]]) -> Node:
    return pad(x, ((0, 0),) * (x.ndim - len(padding)) + tuple(padding))


# ------------------------------------------------------------------ convolution
def conv(node: Node, inputs: Sequence[Node]) -> Node:
    """The products of the weights and each example's windows."""
    x, w = inputs
    if node.param("groups") != 1 or node.dtype.char not in "fd":
        return make(node.op, (x, w), node.params)
    columns = _columns(x, w.shape[2:], node.shape[2:], node)
    weights = reshape(w, (w.shape[0], prod(w.shape[1:])))
    return reshape(make(CONTRACT, (weights, columns), (("spec", "ij,bjk->bik"),)), node.shape)


def _columns(x: Node, taps: tuple[int, ...], positions: tuple[int, ...], node: Node) -> Node:
    """Each example's windows as a matrix: (example, channel × tap, position)."""
    padded = _padded(x, node.param("padding"))
    windows = _windows(padded, taps, positions, node.param("stride"), node.param("dilation"))
    return reshape(windows, (x.shape[0], x.shape[1] * prod(taps), prod(positions)))


def conv_weight(node: Node, inputs: Sequence[Node]) -> Node:
    """One product over examples and positions."""
    x, y = inputs
    if node.param("groups") != 1 or node.dtype.char not in "fd":
        return make(node.op, (x, y), node.params)
    columns = _columns(x, node.param("window"), y.shape[2:], node)
    outputs = reshape(y, (*y.shape[:2], prod(y.shape[2:])))
    return reshape(as_products(outputs, columns, "nop,ndp->od"), node.shape)


def conv_input(node: Node, inputs: Sequence[Node]) -> Node:
    """The shares of every tap, added up where the windows read."""
    w, y = inputs
    if node.param("groups") != 1 or node.dtype.char not in "fd":
        return make(node.op, (w, y), node.params)
    taps, positions, padding = w.shape[2:], y.shape[2:], node.param("padding")
    weights = reshape(w, (w.shape[0], prod(w.shape[1:])))
    outputs = reshape(y, (*y.shape[:2], prod(positions)))
    shares = make(CONTRACT, (weights, outputs), (("spec", "ji,bjk->bik"),))
    parts = reshape(shares, (y.shape[0], w.shape[1], *taps, *positions))
    return _overlapped(parts, taps, node.param("space"), padding, node.param("stride"), node.param("dilation"))


def _overlapped(parts: Node, taps: Any, space: Any, padding: Any, stride: Any, dilation: Any) -> Node:
    whole = tuple([n + low + high for n, (low, high) in zip(space, padding, strict=True)])
    params = (("taps", taps), ("space", whole), ("stride", stride), ("dilation", dilation))
    added = make(OVERLAP, (parts,), params)
    inside = tuple([Cut(low, low + n, None) for n, (low, _) in zip(space, padding, strict=True)])
    return added if whole == space else index(added, (FULL,) * (added.ndim - len(space)) + inside)


# ------------------------------------------------------------------ pooling
def _tap_slices(
    x: Node, window: tuple[int, ...], stride: tuple[int, ...], positions: tuple[int, ...]
) -> Iterator[Node]:
    """What each tap of the windows reads: every `stride`th element from the tap on."""
    lead = (FULL,) * (x.ndim - len(window))
    for tap in np.ndindex(*window):
        cuts = [Cut(k, k + (n - 1) * s + 1, s) for k, n, s in zip(tap, positions, stride, strict=True)]
        yield index(x, (*lead, *cuts))


def _is_written_out(node: Node) -> bool:
    unpadded = not any(low or high for low, high in node.param("padding"))
    return unpadded and prod(node.param("window")) <= _MOST_TAPS and node.inputs[0].dtype.char in "fd"


def max_pool(node: Node, inputs: Sequence[Node]) -> Node:
    """The largest of the taps."""
    if not _is_written_out(node):
        return make(node.op, tuple(inputs), node.params)
    window = node.param("window")
    taps = _tap_slices(inputs[0], window, node.param("stride"), node.shape[node.ndim - len(window) :])
    largest = next(taps)
    for tap in taps:
        largest = maximum(largest, tap)
    return largest


def max_places(node: Node, inputs: Sequence[Node]) -> Node:
    """Where the first largest tap stands: the first that is not below the largest."""
    if not _is_written_out(node):
        return make(node.op, tuple(inputs), node.params)
    (x,), window, stride = inputs, node.param("window"), node.param("stride")
    positions, space = node.shape[node.ndim - len(window) :], x.shape[x.ndim - len(window) :]
    steps = [prod(space[axis + 1 :]) for axis in range(len(space))]
    first = sum(np.indices(positions)[axis] * stride[axis] * step for axis, step in enumerate(steps))
    origin = broadcast(capture(np.asarray(first, np.intp)), node.shape)
    taps = list(_tap_slices(x, window, stride, positions))
    largest = taps[0]
    for tap in taps[1:]:
        largest = maximum(largest, tap)
    chosen = origin
    for at, value in reversed(list(zip(np.ndindex(*window), taps, strict=True))):
        offset = sum(k * step for k, step in zip(at, steps, strict=True))
        chosen = where(logical_not(value < largest), origin + np.intp(offset), chosen)
    return chosen


RULES: dict[str, Callable[[Node, Sequence[Node]], Node]] = {
    "conv": conv,
    "conv_weight": conv_weight,
    "conv_input": conv_input,
    "max_pool": max_pool,
    "max_places": max_places,
}
