"""Memory order, as far as a trace knows it: whether NumPy would answer a reshape with a view or with a copy. Floor 3.

Only merging axes depends on it. A fresh array is in C order where all that it was made from is; where that cannot be
known (an argument under jit, a matrix product), the answer is None.
"""

from collections.abc import Sequence
from itertools import pairwise
from weakref import WeakKeyDictionary

import numpy as np
from numpy.lib.stride_tricks import as_strided

from glassgrad.graph.node import Node
from glassgrad.graph.op import Elementwise
from glassgrad.ops.index import INDEX, INDEX_ADD, INDEX_UPDATE
from glassgrad.ops.keys import Cut
from glassgrad.ops.leaves import ARRAY, INPUT, LITERAL, MARK
from glassgrad.ops.shape import CONCATENATE, STACK
from glassgrad.ops.structure import BROADCAST, CAST, RESHAPE
from glassgrad.tracing.tracer import Tracer


def reshapes_as_view(x: Tracer, shape: Sequence[int]) -> bool | None:
    """Would NumPy give a view? None where it depends on a memory order that is not known."""
    groups = merged_axes(x.shape, shape)
    if not groups:
        return True
    steps = _steps(x)
    if steps is None:
        return None
    return all(steps[a] == steps[b] * x.shape[b] for group in groups for a, b in pairwise(group))


def merged_axes(before: Sequence[int], after: Sequence[int]) -> list[list[int]]:
    """The groups of axes that a reshape takes together (axes of size 1 do not count)."""
    if min(before, default=1) < 1:
        return []
    axes = [axis for axis, size in enumerate(before) if size != 1]
    sizes = [size for size in after if size != 1]
    groups = []
    while axes:
        group, have, need = [axes.pop(0)], 0, sizes.pop(0)
        have = before[group[0]]
        while have != need:
            if have < need:
                group.append(axes.pop(0))
                have *= before[group[-1]]
            else:
                need *= sizes.pop(0)
        if len(group) > 1:
            groups.append(group)
    return groups


def _steps(x: Tracer) -> tuple[int, ...] | None:
    """From one element to the next along each axis, counted in elements; None where that is not known."""
    root = x if x.alias is None else x.alias.root
    node = root.node
    while node.op is MARK:
        node = node.inputs[0]
    if node.op is ARRAY:
        array: np.ndarray = node.param("held").array
        steps = tuple([step // max(array.itemsize, 1) for step in array.strides])
    elif is_c_ordered(node):
        steps = tuple([int(np.prod(node.shape[axis + 1 :], dtype=int)) for axis in range(node.ndim)])
    else:
        return None
    stand_in = as_strided(np.empty(1, np.int8), node.shape, steps)  # only its strides are looked at
    for view in x.alias.from_root() if x.alias is not None else ():
        stand_in = view.look(stand_in)
    return stand_in.strides


# ------------------------------------------------------------------ fresh arrays
_ordered: WeakKeyDictionary[Node, bool] = WeakKeyDictionary()


def is_c_ordered(node: Node) -> bool:
    """Is an array that NumPy makes by this node's op certainly in C order (or as good, as an operand)?"""
    known = _ordered
    stack = [node]
    while stack:
        top = stack[-1]
        if top in known:
            stack.pop()
            continue
        sources = _order_sources(top)
        if isinstance(sources, bool):
            known[top] = sources
            continue
        waiting = [x for x in sources if x not in known]
        if waiting:
            stack.extend(waiting)
        else:
            known[top] = all(known[x] for x in sources)
    return known[node]


def _order_sources(node: Node) -> bool | Sequence[Node]:
    """Known at once, or as for all of these nodes."""
    op = node.op
    if op is ARRAY:
        return bool(node.param("held").array.flags.c_contiguous)
    if op is LITERAL or (node.ndim <= 1 and op is not INPUT):
        return True
    if isinstance(op.batching, Elementwise) or op in (CAST, BROADCAST, RESHAPE, MARK, CONCATENATE, STACK):
        return node.inputs
    if op in (INDEX_ADD, INDEX_UPDATE):
        return node.inputs[:1]
    if op is INDEX and len(node.inputs) == 1:
        backwards = any(isinstance(entry, Cut) and (entry.step or 1) < 0 for entry in node.param("key"))
        return False if backwards else node.inputs
    return False
