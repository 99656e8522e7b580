"""Sums, means, extrema and other reductions on traced values. Floor 3."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node
from glassgrad.ops.structure import cast, kept_shape, reshape, sum_over
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap

Axis = int | Sequence[int] | None


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes asked for, non-negative and sorted; all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(normalize_axis_tuple(axis, ndim)))


def with_kept_axes(result: Node, before: Aval, axes: tuple[int, ...], *, keepdims: bool) -> Tracer:
    """The reduced value, with its axes kept at size 1 where asked for."""
    return wrap(reshape(result, kept_shape(before.shape, axes)) if keepdims else result)


@implements(np.sum)
def sum_traced(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: Any = False,
               initial: Any = None, where: Any = True) -> Tracer:
    """`np.sum`."""
    x = to_node(a)
    axes = axes_of(axis, x.ndim)
    wide = np.dtype(dtype) if dtype is not None else np.sum(np.zeros(1, x.dtype)).dtype
    return with_kept_axes(sum_over(cast(x, wide), axes), x.aval, axes, keepdims=bool(keepdims))
