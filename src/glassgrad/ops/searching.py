"""Where values belong in a sorted list. Floor 2. Places are whole numbers: nothing to differentiate."""

from collections.abc import Sequence

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import OPS, Batched, op
from glassgrad.ops import compare as _compare  # noqa: F401 - declares the rows used here
from glassgrad.ops.lifting import common_dtype, rule_function
from glassgrad.ops.structure import cast, reshape, sum_over

_less, _less_equal = rule_function(OPS["less"]), rule_function(OPS["less_equal"])


def _searchsorted_aval(a: Aval, v: Aval, side: str) -> Aval:
    del a, side
    return Aval(v.shape, np.dtype(np.intp))


def _searchsorted_batch(args: Sequence[Node], mapped: Sequence[bool], size: int, *, side: str) -> Node:
    """With one list for all examples as it is; else by counting the list's values before each."""
    del size
    a, v = args
    if not mapped[0]:
        return searchsorted(a, v, side)
    values = reshape(v, (*v.shape, 1))
    lists = reshape(a, (a.shape[0], *[1] * (v.ndim - mapped[1]), a.shape[1]))
    before = _less(lists, values) if side == "left" else _less_equal(lists, values)
    return sum_over(cast(before, np.dtype(np.intp)), (before.ndim - 1,))


SEARCHSORTED = op(
    "searchsorted",
    "a, v -> i",
    infer=_searchsorted_aval,
    numpy="np.searchsorted(a, v, side)",
    batching=Batched(_searchsorted_batch),
    rule="no derivative: places",
)


def searchsorted(a: Node, v: Node, side: str) -> Node:
    """Where each of `v` would be put into the sorted vector `a`: before ("left") or behind ("right") its equals."""
    dtype = common_dtype(a, v)
    return apply(SEARCHSORTED, cast(a, dtype), cast(v, dtype), side=side)
