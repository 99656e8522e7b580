"""searchsorted, digitize, unique and membership on traced values: places and counts, not differentiable. Floor 3."""

from typing import Any

import numpy as np

from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.ops.searching import searchsorted
from glassgrad.ops.structure import reshape
from glassgrad.tracing.dispatch.selection import known
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap


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
    edges = known(bins)
    steps = np.diff(edges)
    side = "left" if right else "right"
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
