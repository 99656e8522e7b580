"""Memory order, as far as a trace knows it: whether NumPy would answer a reshape with a view or with a copy. Floor 3.

Only merging axes depends on it. An argument's order is seen, and what is made by zeros, copy and their kin is in C
order; of what is computed nothing is known, for NumPy lays results out as it finds the operands.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from glassgrad.tracing.tracer import Tracer


def reshapes_as_view(x: Tracer, shape: Sequence[int]) -> bool | None:
    """Would NumPy give a view? None where it depends on a memory order that is not known."""
    if x.alias is None and x.c_order:
        return True
    groups = merged_axes(x.shape, shape)
    if not groups:
        return True
    steps = steps_of(x)
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
        group, need = [axes.pop(0)], sizes.pop(0)
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


def steps_of(x: Tracer) -> tuple[int, ...] | None:
    """From one element to the next along each axis, counted in elements; None where that is not known."""
    root = x if x.alias is None else x.alias.root
    if not (root.c_order or (root.c_order is None and sum([size != 1 for size in root.shape]) <= 1)):
        return None
    if x.alias is None:
        return _c_steps(x.shape)
    stand_in = as_strided(np.empty(1, np.int8), root.shape, _c_steps(root.shape))  # only its strides are looked at
    for view in x.alias.from_root():
        stand_in = view.look(stand_in)
    return stand_in.strides


def _c_steps(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple([prod(shape[axis + 1 :]) for axis in range(len(shape))])


def is_c_contiguous(x: object) -> bool:
    """Is the array certainly in C order?"""
    if not isinstance(x, Tracer):
        return isinstance(x, np.ndarray) and bool(x.flags.c_contiguous)
    steps = steps_of(x)
    if steps is None:
        return x.size <= 1
    wanted = _c_steps(x.shape)
    return 0 in x.shape or all(a == b for a, b, size in zip(steps, wanted, x.shape, strict=True) if size != 1)


def in_c_order(x: Tracer) -> Tracer:
    """The fresh array, which NumPy makes in C order."""
    x.c_order = True
    return x
