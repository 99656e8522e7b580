"""Whole numbers, truth values and orders: they do not move with their parameters, so nothing here has a derivative."""

from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from glassgrad.api.values import on_values
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.ops.random.draws import poisson_of
from glassgrad.random.continuous import gumbel, uniform
from glassgrad.random.keys import Key, Shape, bits, shape_of, sizes_of, spread_to
from glassgrad.tracing.registry import FUNCTIONS
from glassgrad.tracing.tracer import Tracer, any_traced


def bernoulli(key: Key, p: Any = 0.5, shape: Shape = None) -> Any:
    """Truth values, true with probability `p`.

    >>> bernoulli(np.array([0, 1], np.uint32), 0.3, 4).dtype
    dtype('bool')
    """
    return uniform(key, shape_of(shape, p)) < p


def categorical(key: Key, logits: Any, axis: int = -1, shape: Shape = None) -> Any:
    """Positions along an axis with probabilities proportional to exp(logits): the largest of logits + Gumbel numbers.

    `shape` is that of the result: what the logits have besides the axis, with more in front where asked for.

    >>> categorical(np.array([0, 1], np.uint32), np.array([0.0, -np.inf, 1.0]), shape=4).shape
    (4,)
    """
    axis = normalize_axis_index(int(axis), np.ndim(logits))
    rest = tuple(size for place, size in enumerate(np.shape(logits)) if place != axis)
    asked = rest if shape is None else sizes_of(shape)
    front = asked[: len(asked) - len(rest)]
    if asked[len(front) :] != rest:
        raise ShapeError(f"categorical numbers of shape {asked} from logits {np.shape(logits)} along axis {axis}")
    return np.argmax(gumbel(key, (*front, *np.shape(logits))) + logits, axis=axis + len(front))


def randint(key: Key, shape: Shape = None, low: Any = 0, high: Any = None) -> Any:
    """Whole numbers from low to high - 1, each as likely as the others (to 2⁻⁶³ times their number).

    >>> randint(np.array([0, 1], np.uint32), 3, 10, 20).dtype
    dtype('int64')
    """
    if high is None:
        raise UsageError("randint needs an upper bound", hint="randint(key, shape, low, high)")
    words = bits(key, shape_of(shape, low, high), 64)
    return low + (words >> np.uint64(1)).astype(np.int64) % (high - low)


def poisson(key: Key, rate: Any, shape: Shape = None) -> Any:
    """Poisson numbers of this mean.

    >>> poisson(np.array([0, 1], np.uint32), 4.0, 3).dtype
    dtype('int64')
    """
    return on_values(poisson_of, key, spread_to(rate, shape_of(shape, rate), np.dtype(np.float64)))


# ------------------------------------------------------------------ orders
def _order(key: Key, count: int) -> Any:
    return np.argsort(bits(key, (count,), 64), axis=-1, kind="stable")


def permutation(key: Key, x: Any, axis: int = 0) -> Any:
    """The numbers 0 … x - 1, or the slices of an array along an axis, in random order.

    >>> sorted(permutation(np.array([0, 1], np.uint32), 4).tolist())
    [0, 1, 2, 3]
    """
    if isinstance(x, int | np.integer):
        return _order(key, int(x))
    if np.ndim(x) == 0:
        raise ShapeError("permutation takes a whole number or an array, found a single number")
    return _taken(x, _order(key, np.shape(x)[axis]), axis)


def shuffle(key: Key, x: Any, axis: int = 0) -> Any:
    """The slices of an array along an axis in random order: a new array, x stays as it is."""
    if np.ndim(x) == 0:
        raise ShapeError("shuffle takes an array, found a single number")
    return permutation(key, x, axis)


def choice(key: Key, a: Any, shape: Shape = (), replace: bool = True, p: Any = None, axis: int = 0) -> Any:
    """Elements drawn from an array along an axis (or from the numbers 0 … a - 1), with probabilities `p`.

    Without replacement no element comes twice.

    >>> sorted(choice(np.array([0, 1], np.uint32), 3, (3,), replace=False).tolist())
    [0, 1, 2]
    """
    whole = isinstance(a, int | np.integer)
    count = int(a) if whole else np.shape(a)[axis]
    asked = shape_of(shape)
    if p is not None and np.shape(p) != (count,):
        raise ShapeError(f"choice among {count} elements with probabilities of shape {np.shape(p)}")
    if not replace and prod(asked) > count:
        raise ShapeError(f"choice of {prod(asked)} among {count} elements without replacement")
    places = _places(key, count, asked, p) if replace else np.reshape(_ranked(key, count, p)[: prod(asked)], asked)
    return places if whole else _taken(a, places, axis)


def _taken(x: Any, places: Any, axis: int) -> Any:
    """`np.take`, which looks at x alone to see whether it is traced."""
    return FUNCTIONS[np.take](x, places, axis=axis) if any_traced((x, places)) else np.take(x, places, axis=axis)


def _places(key: Key, count: int, shape: tuple[int, ...], p: Any) -> Any:
    if count == 0:
        raise ShapeError("choice among no elements")
    if p is None:
        return randint(key, shape, 0, count)
    edges = np.cumsum(p)
    return np.minimum(np.searchsorted(edges, uniform(key, shape) * edges[-1], side="right"), count - 1)


def _ranked(key: Key, count: int, p: Any) -> Any:
    """All places, those drawn first in front."""
    if p is None:
        return _order(key, count)
    values = p if isinstance(p, Tracer) else np.asarray(p, np.float64)
    with np.errstate(divide="ignore"):
        return np.argsort(-(gumbel(key, (count,)) + np.log(values)), kind="stable")
