"""Order: sort, argsort, partition. Floor 2. Sorting moves values, so tangents move along with them."""

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import Kink, Shifted, Tangent, op
from glassgrad.ops.index import index
from glassgrad.ops.keys import Slot
from glassgrad.ops.leaves import array_leaf
from glassgrad.ops.structure import broadcast, reshape

# Equal values keep the order in which they stand: each gets the derivative of one place.
_TIES = (Kink("np.any(np.diff(np.sort(x, axis=axis), axis=axis) == 0)", "1"),)


def _positions_aval(x: Aval, axis: int) -> Aval:
    del axis
    return Aval(x.shape, np.dtype(np.intp))


def _same_aval(x: Aval, axis: int) -> Aval:
    del axis
    return x


ARGSORT = op(
    "argsort",
    "x -> y",
    infer=_positions_aval,
    numpy="np.argsort(x, axis=axis, kind='stable')",
    batching=Shifted(axes=("axis",)),
    rule="no derivative: positions",
)


def argsort(x: Node, axis: int) -> Node:
    """The positions that sort the values along an axis, ties in the order in which they stand."""
    return apply(ARGSORT, x, axis=axis)


SORT = op(
    "sort",
    "x -> y",
    infer=_same_aval,
    numpy="np.sort(x, axis=axis, kind='stable')",
    batching=Shifted(axes=("axis",)),
    rule="permutation",
    kinks=_TIES,
    why="sorting only moves values, so each derivative goes back to where its value came from",
    x=Tangent(lambda dx, x, axis: take_along(dx, argsort(x, axis), axis)),
)


def sort(x: Node, axis: int) -> Node:
    """The values in rising order along an axis, NaN last."""
    return apply(SORT, x, axis=axis)


def take_along(x: Node, positions: Node, axis: int) -> Node:
    """Along an axis, the values at these positions."""
    arrays = []
    for other in range(x.ndim):
        if other == axis:
            arrays.append(positions)
            continue
        shape = [1] * x.ndim
        shape[other] = positions.shape[other]
        arrays.append(broadcast(reshape(array_leaf(np.arange(positions.shape[other])), tuple(shape)), positions.shape))
    return index(x, tuple(Slot(number) for number in range(x.ndim)), arrays)


def _partition_positions_aval(x: Aval, axis: int, kth: tuple[int, ...]) -> Aval:
    del axis, kth
    return Aval(x.shape, np.dtype(np.intp))


ARGPARTITION = op(
    "argpartition",
    "x -> y",
    infer=_partition_positions_aval,
    numpy="np.argpartition(x, kth, axis=axis)",
    batching=Shifted(axes=("axis",)),
    rule="no derivative: positions",
)


def argpartition(x: Node, kth: tuple[int, ...], axis: int) -> Node:
    """The positions that bring the values of rank `kth` to their places."""
    return apply(ARGPARTITION, x, axis=axis, kth=kth)


def _partition_aval(x: Aval, axis: int, kth: tuple[int, ...]) -> Aval:
    del axis, kth
    return x


PARTITION = op(
    "partition",
    "x -> y",
    infer=_partition_aval,
    numpy="np.partition(x, kth, axis=axis)",
    batching=Shifted(axes=("axis",)),
    rule="permutation",
    kinks=_TIES,
    x=Tangent(lambda dx, x, axis, kth: take_along(dx, argpartition(x, kth, axis), axis)),
)


def partition(x: Node, kth: tuple[int, ...], axis: int) -> Node:
    """The values with those of rank `kth` at their places."""
    return apply(PARTITION, x, axis=axis, kth=kth)
