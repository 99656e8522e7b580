"""Pooling: the largest element or the mean of each window over the last axes. Floor 2.

Max pooling reads each window at the place of its largest element; reading and its transpose, adding back, are linear
rows over places. Mean pooling and its transpose are linear themselves.
"""

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.base.errors import ShapeError
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import Kink, Linear, Op, Stacked, Tangent, op
from glassgrad.ops.convolution.geometry import Padding, Sizes, positions
from glassgrad.ops.convolution.kernels import windows_of
from glassgrad.ops.structure import reshape


def _pooled_aval(x: Aval, window: Sizes, stride: Sizes, padding: Padding) -> Aval:
    lead = x.ndim - len(window)
    if lead < 0:
        raise ShapeError(f"a window of {len(window)} axes over an array of {x.ndim}")
    return Aval((*x.shape[:lead], *positions(x.shape[lead:], window, stride, padding, (1,) * len(window))), x.dtype)


# ------------------------------------------------------------------ reading at places and adding back
def add_places(v: np.ndarray, places: np.ndarray, size: int) -> np.ndarray:
    """Zeros of `size` elements, with v[..., :] added at places[..., :]."""
    lead = v.shape[:-1]
    starts = size * np.arange(np.prod(lead, dtype=int)).reshape(*lead, 1)
    out = np.zeros(starts.size * size, v.dtype)
    np.add.at(out, np.ravel(starts + places), np.ravel(v))
    return out.reshape(*lead, size)


def _read_aval(x: Aval, places: Aval) -> Aval:
    return Aval(places.shape, x.dtype)


def _add_aval(v: Aval, places: Aval, size: int) -> Aval:
    return Aval((*v.shape[:-1], size), v.dtype)


READ_PLACES: Op = op(
    "read_places",
    "x, places -> y",
    infer=_read_aval,
    numpy="np.take_along_axis(x, places, axis=-1)",
    batching=Stacked(),
    rule="selection",
    why="only the elements that are read reach the result, so the derivative goes to their places",
    x=Linear(lambda ct, x, places: apply(ADD_PLACES, ct, places, size=x.shape[-1])),
)
ADD_PLACES: Op = op(
    "add_places",
    "v, places -> y",
    infer=_add_aval,
    numpy="add_places(v, places, size)",
    kernels=(add_places,),
    batching=Stacked(),
    rule="sum rule",
    why="each value is added at one place, so it receives the derivative of that place",
    v=Linear(lambda ct, places: apply(READ_PLACES, ct, places)),
)


# ------------------------------------------------------------------ the largest element
def lowest_of(dtype: np.dtype) -> float:
    """The value that no other of this dtype is below."""
    return -np.inf if dtype.kind == "f" else False if dtype.kind == "b" else int(np.iinfo(dtype).min)


def taps_of(
    x: np.ndarray,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    fill: float = 0,
) -> np.ndarray:
    """Every window over the last axes, its own axes in front: (*window, *lead, *positions)."""
    windows = windows_of(x, window, stride, padding, (1,) * len(window), fill)
    return np.moveaxis(windows, range(x.ndim, windows.ndim), range(len(window)))


def max_of_windows(
    x: np.ndarray, window: tuple[int, ...], stride: tuple[int, ...], padding: tuple[tuple[int, int], ...]
) -> np.ndarray:
    """The largest element of each window over the last axes; padding never wins."""
    taps = taps_of(x, window, stride, padding, lowest_of(x.dtype))
    y = np.array(taps[(0,) * len(window)])
    for tap in np.ndindex(*window):
        np.maximum(y, taps[tap], out=y)
    return y


def max_places(
    x: np.ndarray, window: tuple[int, ...], stride: tuple[int, ...], padding: tuple[tuple[int, int], ...]
) -> np.ndarray:
    """Where in the last axes (counted as one) the first largest element of each window stands."""
    space = x.shape[x.ndim - len(window) :]
    values = taps_of(x, window, stride, padding, lowest_of(x.dtype))
    inside = taps_of(np.ones(space, bool), window, stride, padding)
    largest = max_of_windows(x, window, stride, padding)
    chosen = np.zeros(largest.shape, np.intp)  # the number of the tap
    for number, tap in [*enumerate(np.ndindex(*window))][::-1]:  # the first comes last and so stays
        chosen = np.where(inside[tap] & ~(values[tap] < largest), number, chosen)
    steps = [int(np.prod(space[axis + 1 :])) for axis in range(len(space))]
    offsets = np.ravel(sum(np.indices(window, sparse=True)[axis] * step for axis, step in enumerate(steps)))
    origins = np.indices(largest.shape[x.ndim - len(window) :], sparse=True)
    first = sum((origins[axis] * stride[axis] - padding[axis][0]) * step for axis, step in enumerate(steps))
    return offsets[chosen] + first


def _places_aval(x: Aval, window: Sizes, stride: Sizes, padding: Padding) -> Aval:
    return Aval(_pooled_aval(x, window, stride, padding).shape, np.dtype(np.intp))


MAX_PLACES = op(
    "max_places",
    "x -> places",
    infer=_places_aval,
    numpy="max_places(x, window, stride, padding)",
    kernels=(windows_of, taps_of, lowest_of, max_of_windows, max_places),
    batching=Stacked(),
    rule="no derivative: positions",
)


def _max_tangent(dx: Node, x: Node, y: Node, window: Sizes, stride: Sizes, padding: Padding) -> Node:
    lead = x.ndim - len(window)
    places = apply(MAX_PLACES, x, window=window, stride=stride, padding=padding)
    read = apply(READ_PLACES, _flat(dx, lead), _flat(places, lead))
    return reshape(read, y.shape)


def _flat(x: Node, lead: int) -> Node:
    """The axes of space as one."""
    return reshape(x, (*x.shape[:lead], int(np.prod(x.shape[lead:]))))


MAX_POOL = op(
    "max_pool",
    "x -> y",
    infer=_pooled_aval,
    numpy="max_of_windows(x, window, stride, padding)",
    kernels=(windows_of, taps_of, lowest_of, max_of_windows),
    batching=Stacked(),
    rule="derivative of the maximum of each window",
    why="only the largest element of a window reaches the result, so it alone receives the derivative",
    kinks=(Kink("two elements of a window are equal and largest", "the first of them receives the derivative"),),
    x=Tangent(_max_tangent),
)


# ------------------------------------------------------------------ the mean
def mean_of_windows(
    x: np.ndarray,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    count_padding: bool,
) -> np.ndarray:
    """The mean of each window over the last axes; padding counts as zeros, or not at all."""
    taps = taps_of(x, window, stride, padding)
    total = np.zeros(taps.shape[len(window) :], x.dtype)
    for tap in np.ndindex(*window):
        total += taps[tap]
    total /= window_counts(x.shape[x.ndim - len(window) :], window, stride, padding, count_padding, x.dtype)
    return total


def window_counts(
    space: tuple[int, ...],
    window: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    count_padding: bool,
    dtype: np.dtype,
) -> np.ndarray:
    """How many elements each window counts."""
    if count_padding:
        return np.asarray(np.prod(window), dtype)
    taps = taps_of(np.ones(space, dtype), window, stride, padding)
    return np.asarray(np.sum(taps, axis=tuple(range(len(window))), dtype=dtype))


def spread_to_windows(
    y: np.ndarray,
    space: tuple[int, ...],
    window: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    count_padding: bool,
) -> np.ndarray:
    """The transpose of `mean_of_windows`: each y shared among the elements of its window."""
    lead = y.ndim - len(window)
    shares = y / window_counts(space, window, stride, padding, count_padding, y.dtype)
    padded = [n + low + high for n, (low, high) in zip(space, padding, strict=True)]
    x = np.zeros((*y.shape[:lead], *padded), y.dtype)
    for tap in np.ndindex(*window):
        places = [
            slice(k, k + (n - 1) * step + 1, step) for k, n, step in zip(tap, y.shape[lead:], stride, strict=True)
        ]
        x[tuple([slice(None)] * lead + places)] += shares
    inside = [slice(low, low + n) for n, (low, _) in zip(space, padding, strict=True)]
    return x[tuple([slice(None)] * lead + inside)]


def _mean_aval(x: Aval, window: Sizes, stride: Sizes, padding: Padding, count_padding: bool) -> Aval:
    return _pooled_aval(x, window, stride, padding)


def _spread_aval(y: Aval, space: Sizes, window: Sizes, stride: Sizes, padding: Padding, count_padding: bool) -> Aval:
    return Aval((*y.shape[: y.ndim - len(window)], *space), y.dtype)


AVG_POOL: Op = op(
    "avg_pool",
    "x -> y",
    infer=_mean_aval,
    numpy="mean_of_windows(x, window, stride, padding, count_padding)",
    kernels=(windows_of, taps_of, window_counts, mean_of_windows),
    batching=Stacked(),
    rule="mean rule",
    why="each of the n values of a window enters its mean with factor 1/n",
    x=Linear(
        lambda ct, x, window, **how: apply(
            AVG_POOL_INPUT, ct, space=x.shape[x.ndim - len(window) :], window=window, **how
        )
    ),
)
AVG_POOL_INPUT: Op = op(
    "avg_pool_input",
    "y -> x",
    infer=_spread_aval,
    numpy="spread_to_windows(y, space, window, stride, padding, count_padding)",
    kernels=(windows_of, taps_of, window_counts, spread_to_windows),
    batching=Stacked(),
    rule="mean rule",
    why="each share of a window's mean goes to one element",
    y=Linear(lambda ct, space, **how: apply(AVG_POOL, ct, **how)),
)


def max_windows(x: Node, window: Sizes, stride: Sizes, padding: Padding) -> Node:
    """The largest element of each window over the last axes."""
    return apply(MAX_POOL, x, window=window, stride=stride, padding=padding)


def mean_windows(x: Node, window: Sizes, stride: Sizes, padding: Padding, *, count_padding: bool) -> Node:
    """The mean of each window over the last axes."""
    return apply(AVG_POOL, x, window=window, stride=stride, padding=padding, count_padding=count_padding)
