"""Convolution and pooling as windows, matrix products and sums: what loops and tiles do well. Floor 4.

The windows of an array are a view; laid out as matrices (channel × tap, position) they are multiplied with the
weights, example by example (im2col). The way back adds each tap's share where its window read.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu.emit.lanes import NEAR
from glassgrad.engines.cpu.plan.roles import storage_of
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Op
from glassgrad.ops.compare import equal, logical_not
from glassgrad.ops.contract import CONTRACT
from glassgrad.ops.extrema import maximum
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.leaves import capture, literal, zeros
from glassgrad.ops.select import where
from glassgrad.ops.shape import pad
from glassgrad.ops.structure import broadcast, reshape, transpose

_MOST_WORK = 1.5  # times the multiplications needed, from which adding up the shares of the taps is faster
_MOST_TAPS = 32  # of a pooling window that is written out


def _windows_aval(x: Aval, taps: tuple[int, ...], positions: tuple[int, ...], **_: Any) -> Aval:
    return Aval((*x.shape[: x.ndim - len(taps)], *taps, *positions), x.dtype)


def _overlap_aval(parts: Aval, taps: tuple[int, ...], space: tuple[int, ...], **_: Any) -> Aval:
    return Aval((*parts.shape[: parts.ndim - 2 * len(taps)], *space), parts.dtype)


def _beside_aval(first: Aval, *_: Aval, taps: tuple[int, ...], space: tuple[int, ...], **__: Any) -> Aval:
    return Aval((*first.shape[: first.ndim - len(taps)], *space), first.dtype)


def _own(name: str, sign: str, infer: Any) -> Op:
    """An op of this engine alone: it has no row in the table, for no person and no transform meets it."""
    left, right = sign.split(" -> ")
    return Op(name, (left,), (right,), infer, "", {}, None)


# (*lead, *space) -> (*lead, *taps, *positions): at [k, p] stands x[p · stride + k · dilation]
WINDOWS = _own("windows", "x -> y", _windows_aval)
# The transpose: zeros of (*lead, *space), with each part added where its window read.
OVERLAP = _own("overlap", "parts -> x", _overlap_aval)
# Windows that lie apart, from an array (*lead, *positions) for each tap; zeros where there is no window.
TAPS_BESIDE = _own("taps_beside", "*parts -> x", _beside_aval)


def _windows(x: Node, taps: tuple[int, ...], positions: tuple[int, ...], stride: Any, dilation: Any) -> Node:
    return make(WINDOWS, (x,), (("taps", taps), ("positions", positions), ("stride", stride), ("dilation", dilation)))


def _padded(x: Node, padding: Sequence[tuple[int, int]]) -> Node:
    return pad(x, ((0, 0),) * (x.ndim - len(padding)) + tuple(padding))


# ------------------------------------------------------------------ convolution
def _product_aval(w: Aval, x: Aval, *_: Aval, positions: int, **__: Any) -> Aval:
    return Aval((x.shape[0], w.shape[0], positions), x.dtype)


def _gradient_aval(x: Aval, y: Aval, rows: Aval, *_: Aval, **__: Any) -> Aval:
    del x
    return Aval((rows.shape[0], y.shape[1]), y.dtype)


# Products with the windows of each example: what they are is said in products/product.py.
WINDOWS_PRODUCT = _own("windows_product", "w, x, rows, columns -> y", _product_aval)
WINDOWS_GRADIENT = _own("windows_gradient", "x, y, rows, columns -> w", _gradient_aval)


def _is_plain(node: Node) -> bool:
    return node.param("groups") == 1 and node.dtype.char in "fd"


def _tables(
    x: Node, taps: tuple[int, ...], positions: tuple[int, ...], node: Node
) -> tuple[Node, Node, tuple[tuple[str, int], ...]]:
    """Where a (channel, tap) begins and where a position lies behind it, in bytes.

    And how many positions lie `beside` one another, `apart` by so many elements: no row's end is nearer to the next.
    """
    stride, dilation = node.param("stride"), node.param("dilation")
    space = x.shape[2:]
    steps = [prod(space[axis + 1 :]) for axis in range(len(space))]
    tap = sum(k * gap * step for k, gap, step in zip(np.indices(taps), dilation, steps, strict=True))
    place = sum(p * apart * step for p, apart, step in zip(np.indices(positions), stride, steps, strict=True))
    channels = np.arange(x.shape[1]) * prod(space)
    rows = np.add.outer(channels, np.asarray(tap).ravel()).ravel() * x.dtype.itemsize
    columns = np.asarray(place).ravel() * x.dtype.itemsize
    in_line = stride[-1] <= NEAR and bool(np.all(np.diff(np.ravel(place)) >= stride[-1]))
    beside, apart = (positions[-1], stride[-1]) if in_line else (1, 1)
    return capture(rows.astype(np.int64)), capture(columns.astype(np.int64)), (("beside", beside), ("apart", apart))


def conv(node: Node, inputs: Sequence[Node]) -> Node:
    """The products of the weights and each example's windows."""
    x, w = inputs
    if not _is_plain(node):
        return make(node.op, (x, w), node.params)
    return _convolved(_padded(x, node.param("padding")), w, node.shape, node)


def _convolved(x: Node, w: Node, shape: tuple[int, ...], node: Node) -> Node:
    """A convolution of what is padded already."""
    if not (x.aval.size and w.aval.size):
        return zeros(Aval(shape, node.dtype))
    rows, columns, places = _tables(x, w.shape[2:], shape[2:], node)
    weights = reshape(w, (w.shape[0], prod(w.shape[1:])))
    params = (("positions", prod(shape[2:])), *places)
    return reshape(make(WINDOWS_PRODUCT, (weights, x, rows, columns), params), shape)


def conv_weight(node: Node, inputs: Sequence[Node]) -> Node:
    """One product over examples and positions."""
    x, y = inputs
    if not _is_plain(node):
        return make(node.op, (x, y), node.params)
    padded = _padded(x, node.param("padding"))
    if not (padded.aval.size and y.aval.size):
        return zeros(node.aval)
    rows, columns, places = _tables(padded, node.param("window"), y.shape[2:], node)
    outputs = reshape(y, (*y.shape[:2], prod(y.shape[2:])))
    found = make(WINDOWS_GRADIENT, (padded, outputs, rows, columns), places)
    return reshape(transpose(found, (1, 0)), node.shape)


def conv_input(node: Node, inputs: Sequence[Node]) -> Node:
    """A convolution with the weights turned round where that costs little more; else each tap's share is added up."""
    w, y = inputs
    if not _is_plain(node):
        return make(node.op, (w, y), node.params)
    taps, positions, padding = w.shape[2:], y.shape[2:], node.param("padding")
    work = prod(node.param("space")) / max(prod(positions), 1)  # of turned weights, with the zeros around y
    if all(step == 1 for step in node.param("stride")) and node.aval.size and work < _MOST_WORK:
        return _turned_round(node, w, y)
    weights = reshape(w, (w.shape[0], prod(w.shape[1:])))
    outputs = reshape(y, (*y.shape[:2], prod(positions)))
    shares = make(CONTRACT, (weights, outputs), (("spec", "ji,bjk->bik"),))
    parts = reshape(shares, (y.shape[0], w.shape[1], *taps, *positions))
    return _overlapped(parts, taps, node.param("space"), padding, node.param("stride"), node.param("dilation"))


def _turned_round(node: Node, w: Node, y: Node) -> Node:
    """Each entry of x went to the outputs whose windows it was in: y, padded, under the weights the other way round."""
    reach = [(k - 1) * gap for k, gap in zip(w.shape[2:], node.param("dilation"), strict=True)]
    sides = [
        (far - low, n - size + low)
        for far, (low, _), n, size in zip(reach, node.param("padding"), node.shape[2:], y.shape[2:], strict=True)
    ]
    cut = [(max(-low, 0), max(-high, 0)) for low, high in sides]
    if any(low or high for low, high in cut):
        inside = [Cut(low, n - high, None) for (low, high), n in zip(cut, y.shape[2:], strict=True)]
        y = index(y, (FULL, FULL, *inside))
    padded = _padded(y, [(max(low, 0), max(high, 0)) for low, high in sides])
    backwards = transpose(index(w, (FULL, FULL, *[Cut(None, None, -1)] * len(reach))), (1, 0, *range(2, w.ndim)))
    return _convolved(padded, backwards, node.shape, node)


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


def add_places(node: Node, inputs: Sequence[Node]) -> Node:
    """The way back through the largest of windows that lie apart: each tap has what was added, or nothing."""
    values, places = inputs
    pooled = storage_of(node.inputs[1])
    if pooled.op.name != "max_places" or not _is_written_out(pooled):
        return make(node.op, (values, places), node.params)
    window, stride, (x,) = pooled.param("window"), pooled.param("stride"), pooled.inputs
    lead = x.ndim - len(window)
    largest = _conditions(storage_of(places))
    apart = all(step >= size for step, size in zip(stride, window, strict=True))
    if (
        not apart
        or len(largest) != prod(window)
        or node.aval.size == 0
        or prod(node.shape[:-1]) != prod(x.shape[:lead])
    ):
        return make(node.op, (values, places), node.params)
    whole = np.dtype(np.int32 if node.dtype.itemsize == 4 else np.int64)
    chosen = literal(len(largest) - 1, whole, pooled.shape)
    for number, condition in reversed([*enumerate(largest)][:-1]):
        chosen = where(condition, literal(number, whole, pooled.shape), chosen)
    given = reshape(values, pooled.shape)
    parts = [where(equal(chosen, k), given, zeros(given.aval)) for k in range(len(largest))]
    params = (("taps", window), ("space", x.shape[lead:]), ("stride", stride))
    return reshape(make(TAPS_BESIDE, tuple(parts), params), node.shape)


def _conditions(chosen: Node) -> list[Node]:
    """The conditions of a chain of choices, the first one first."""
    found = []
    while chosen.op.name == "where":
        found.append(chosen.inputs[0])
        chosen = chosen.inputs[2]
    return found


RULES: dict[str, Callable[[Node, Sequence[Node]], Node]] = {
    "conv": conv,
    "conv_weight": conv_weight,
    "conv_input": conv_input,
    "max_pool": max_pool,
    "max_places": max_places,
    "add_places": add_places,
}
