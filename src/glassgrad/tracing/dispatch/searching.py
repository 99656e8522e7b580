"""searchsorted, digitize, unique, sets and histograms on traced values. Floor 3.

Places and counts are not differentiable; the values that are picked are.
"""

from typing import Any

import numpy as np

from glassgrad.base.errors import ConcretizationError, ShapeError, UsageError
from glassgrad.ops.index import index_add
from glassgrad.ops.keys import Slot
from glassgrad.ops.leaves import capture, literal
from glassgrad.ops.searching import searchsorted
from glassgrad.ops.structure import reshape
from glassgrad.tracing.dispatch.selection import known
from glassgrad.tracing.dispatch.ufuncs import traced
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, any_traced, to_node, wrap


@implements(np.searchsorted)
def searchsorted_traced(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Tracer:
    """`np.searchsorted`."""
    if side not in ("left", "right"):
        raise UsageError(f"side is 'left' or 'right', found {side!r}")
    sorted_list = to_node(a if sorter is None else wrap(to_node(a))[sorter])
    if sorted_list.ndim != 1:
        raise ShapeError("searchsorted needs a vector to search in")
    return wrap(searchsorted(sorted_list, to_node(v), side))


@implements(np.digitize)
def digitize_traced(x: Any, bins: Any, right: bool = False) -> Any:
    """`np.digitize`."""
    side = "left" if right else "right"
    try:
        edges = known(bins)
    except ConcretizationError:  # then only the run tells which way they go, and nobody whether they do
        edges = wrap(to_node(bins))
        turned = np.subtract(len(edges), searchsorted_traced(edges[::-1], x, side))
        return np.where(edges[0] <= edges[-1], searchsorted_traced(edges, x, side), turned)
    steps = np.diff(edges)
    if (steps >= 0).all():
        return searchsorted_traced(bins, x, side)
    if (steps <= 0).all():
        turned = wrap(to_node(bins))[::-1]
        return np.subtract(len(edges), searchsorted_traced(turned, x, side))
    raise ShapeError("bins must be monotonically increasing or decreasing")


@implements(np.unique)
def unique_traced(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """`np.unique`: the numbers must be known; the values keep their derivatives."""
    x = wrap(to_node(ar))
    found = np.unique(
        known(x), return_index=True, return_inverse=True, return_counts=True, axis=axis, equal_nan=equal_nan
    )
    _, first, inverse, counts = found
    flat = wrap(reshape(x.node, (x.size,))) if axis is None else x
    values = np.take(flat, first, axis=0 if axis is None else axis)
    wanted = [
        part for part, asked in ((first, return_index), (inverse, return_inverse), (counts, return_counts)) if asked
    ]
    return (values, *wanted) if wanted else values


def _named(kind: str, *, index: bool = False, inverse: bool = False, counts: bool = False) -> Any:
    def unique(x: Any, /) -> Any:
        values, *rest = unique_traced(x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)
        chosen = [part for part, asked in zip(rest, (index, inverse, counts), strict=True) if asked]
        return _result_type(kind)(values, *chosen)

    unique.__doc__ = f"`np.{kind}`."
    return unique


def _result_type(kind: str) -> Any:
    """NumPy's own named tuple for this function."""
    return type(getattr(np, kind)(np.zeros(1)))


implements(np.unique_all)(_named("unique_all", index=True, inverse=True, counts=True))
implements(np.unique_counts)(_named("unique_counts", counts=True))
implements(np.unique_inverse)(_named("unique_inverse", inverse=True))


@implements(np.unique_values)
def unique_values_traced(x: Any, /) -> Any:
    """`np.unique_values`."""
    return unique_traced(x, equal_nan=False)


@implements(np.isin)
def isin_traced(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: str | None = None
) -> Any:
    """`np.isin`."""
    x, tests = wrap(to_node(element)), np.ravel(wrap(to_node(test_elements)))
    found = np.any(x[..., None] == tests, axis=-1)
    return np.logical_not(found) if invert else found


@implements(np.union1d)
def union1d_traced(ar1: Any, ar2: Any) -> Any:
    """`np.union1d`."""
    return unique_traced(np.concatenate([np.ravel(traced(ar1)), np.ravel(traced(ar2))]))


@implements(np.intersect1d)
def intersect1d_traced(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """`np.intersect1d`: values of the first that stand in the second too."""
    first, second = np.ravel(traced(ar1)), np.ravel(traced(ar2))
    _, places, others = np.intersect1d(known(first), known(second), assume_unique, return_indices=True)
    return (first[places], places, others) if return_indices else first[places]


@implements(np.setdiff1d)
def setdiff1d_traced(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """`np.setdiff1d`: values of the first that do not stand in the second."""
    first = np.ravel(traced(ar1)) if assume_unique else unique_traced(ar1)
    return first[~known(isin_traced(first, ar2))]


@implements(np.setxor1d)
def setxor1d_traced(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """`np.setxor1d`: values that stand in one of the two only."""
    return np.sort(np.concatenate([setdiff1d_traced(ar1, ar2), setdiff1d_traced(ar2, ar1)]))


@implements(np.lexsort)
def lexsort_traced(keys: Any, axis: int = -1) -> Any:
    """`np.lexsort`: the places that sort by the last key, then by the one before it, and so on."""
    rows = [traced(key) for key in keys]
    order = np.argsort(rows[0], axis=axis, kind="stable")
    for row in rows[1:]:
        again = np.argsort(np.take_along_axis(row, order, axis), axis=axis, kind="stable")
        order = np.take_along_axis(order, again, axis)
    return order


@implements(np.trim_zeros)
def trim_zeros_traced(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """`np.trim_zeros` of a vector, whose numbers must be known."""
    x = traced(filt)
    if x.ndim != 1:
        raise ShapeError("trim_zeros of traced values takes a vector")
    places = np.flatnonzero(known(x))
    if not len(places):
        return x[:0]
    return x[places[0] if "f" in trim.lower() else 0 : places[-1] + 1 if "b" in trim.lower() else None]


@implements(np.histogram)
def histogram_traced(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Any, Any]:
    """`np.histogram`: counts do not depend on small steps; weighted ones are differentiable in the weights."""
    values = np.ravel(known(a))
    counts, borders = np.histogram(values, bins if isinstance(bins, str) or np.ndim(bins) == 0 else known(bins), range)
    edges: Any = borders
    if any_traced([bins]):
        edges = traced(bins)
    elif isinstance(bins, int) and range is None and values.min() < values.max():
        edges = np.linspace(np.min(a), np.max(a), int(bins) + 1)
    if weights is None:
        return np.histogram(values, borders, density=density)[0] if density else counts, edges
    places = np.searchsorted(borders, values, side="right") - 1
    places = np.where(values == borders[-1], len(borders) - 2, places)
    inside = (places >= 0) & (places < len(borders) - 1)
    portions = to_node(np.ravel(traced(weights))[inside])
    empty = literal(0, portions.dtype, (len(borders) - 1,))
    weighed = traced(index_add(empty, portions, (Slot(0),), [capture(places[inside])]))
    return (weighed / np.diff(edges) / weighed.sum() if density else weighed), edges
