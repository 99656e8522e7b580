"""Reductions that depend on one another in one sweep over memory. Floor 4.

The largest of all numbers is known only when all have been read, and the sum of exp(x - max) asks for all of them once
more. But a block that fits in the near cache has a largest number as well, and a sum about it (`exponentials.py`); so
it is with the mean and the squares about it (`deviations.py`). What is taken for a block follows from the shapes alone.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod

from glassgrad.engines.cpu.blocks.checked import sources, where_sound
from glassgrad.engines.cpu.blocks.deviations import squares_about, total
from glassgrad.engines.cpu.blocks.exponentials import largest, sum_about
from glassgrad.engines.cpu.blocks.linear import Derivation, derivation_of, linear_sum
from glassgrad.engines.cpu.blocks.split import Shape, Split, splits
from glassgrad.engines.cpu.blocks.steady import NEAR, reduction_behind, steady, with_axes
from glassgrad.engines.cpu.native.caches import largest_cache
from glassgrad.engines.cpu.rebuilt import Now, rebuilt
from glassgrad.graph.node import Node, reachable
from glassgrad.graph.notes import Notes
from glassgrad.ops.elementwise import EXP, MULTIPLY, SUBTRACT
from glassgrad.ops.reduce import MAX
from glassgrad.ops.structure import SUM, reshape

_WIDE = 1 << 12  # bytes of rows that are added up, from which it pays to compute their exponentials once more
_PART = 4  # so many times the last cache holds an array that is better swept twice (of 32 MiB 7, but no longer 15)

InBlocks = Callable[[Now], Node]  # a reduction, given what has come in the place of the nodes before


def in_one_sweep(outputs: Sequence[Node], notes: Notes | None) -> list[Node]:
    """The outputs with large reductions that depend on one another computed in blocks."""
    order = reachable(outputs)
    found = _found(order)
    if not found:
        return list(outputs)

    def rule(node: Node, inputs: Sequence[Node], now: Now) -> Node | None:
        return reshape(found[node](now), node.shape) if node in found else None

    return rebuilt(order, outputs, rule, notes)


def _found(order: Sequence[Node]) -> dict[Node, InBlocks]:
    """The reductions that are computed in blocks, and how."""
    users: dict[Node, list[Node]] = {}
    for node in order:
        for x in set(node.inputs):
            users.setdefault(x, []).append(node)
    found: dict[Node, InBlocks] = {}
    sweeps = _sweeps(order)
    sums = [node for node in order if node.op is SUM and node.dtype.char in "fd"]
    for node in sums:
        parts = _parts(node, users)
        if parts and not _is_read_beside(node, users, sweeps):
            found.update(_in_blocks(node, parts))
    return found | _linear([node for node in sums if node not in found], sweeps)


def _sweeps(order: Sequence[Node]) -> dict[Node, int]:
    """How many sums follow on one another up to each value: so often memory is gone through before it is known."""
    sweeps: dict[Node, int] = {}
    for node in order:
        sweeps[node] = max([sweeps[x] for x in node.inputs], default=0) + (node.op is SUM or node.op is MAX)
    return sweeps


def _is_read_beside(node: Node, users: Mapping[Node, Sequence[Node]], sweeps: Mapping[Node, int]) -> bool:
    """Are the distances summed in another way as well, which asks for one more sweep in any case?"""
    distance = _distance(node.inputs[0])
    assert distance is not None, "asked for before"
    stack, seen = [distance], {distance}
    while stack and len(seen) <= NEAR:
        for other in users.get(stack.pop(), ()):
            if other.op is SUM and other is not node and sweeps[other] == sweeps[node]:
                return True
            if _is_alike(other, distance) and other not in seen:
                seen.add(other)
                stack.append(other)
    return False


def _parts(node: Node, users: Mapping[Node, Sequence[Node]]) -> Sequence[Split]:
    """The blocks of a sum of exponentials or of squares."""
    (value,), axes = node.inputs, node.param("axes")
    if _distance(value) is None:
        return ()
    if value.op is EXP and (
        value.aval.nbytes * _PART < largest_cache() or not _may_be_computed_twice(value, axes, users)
    ):
        return ()
    return splits(value.shape, axes, value.dtype.itemsize)


def _is_far(value: Node) -> bool:
    """Is a second sweep dearer than exponentials of each block's own largest number?"""
    return value.aval.nbytes * _PART >= largest_cache()


def _in_blocks(node: Node, parts: Sequence[Split]) -> dict[Node, InBlocks]:
    """The sum, and the reduction from which the distances are counted, if they follow from one."""
    (value,), axes = node.inputs, node.param("axes")
    distance = _distance(value)
    assert distance is not None, "asked for before"
    x, centre = distance.inputs
    before = steady(centre, axes)
    first = None if before is None else reduction_behind(before, MAX if value.op is EXP else SUM, x, axes)
    if before is None or first is None:
        return {}
    base, sum_of = (largest, sum_about) if value.op is EXP else (total, squares_about)
    return {
        first: lambda now: base(now(x), parts),
        node: lambda now: sum_of(now(x), with_axes(now(before), axes, x.shape), parts),
    }


def _linear(sums: Sequence[Node], sweeps: Mapping[Node, int]) -> dict[Node, InBlocks]:
    """The sums that follow from sums of an earlier sweep, and the totals that the means of their blocks come from.

    Such a sweep is one of blocks with means: others follow from it if they add up nothing else.
    """
    derivations = {
        node: derivation for node in sums if (derivation := derivation_of(node, sweeps)) is not None and _blocks(node)
    }
    summed = {
        (x, node.param("axes"))
        for node, derivation in derivations.items()
        if derivation.totals
        for x in derivation.summed
    }
    found: dict[Node, InBlocks] = {}
    for node, derivation in derivations.items():
        read = sources(node)
        if read is not None and all((x, node.param("axes")) in summed for x in derivation.summed):
            parts = _blocks(node)
            found |= {first: partial(_total_of, first, parts) for first in derivation.totals}
            found[node] = partial(_sum_of, node, derivation, parts, read)
    return found


def _total_of(node: Node, parts: Sequence[Split], now: Now) -> Node:
    return total(now(node.inputs[0]), parts)


def _sum_of(node: Node, derivation: Derivation, parts: Sequence[Split], read: Sequence[Node], now: Now) -> Node:
    return where_sound(linear_sum(node.inputs[0], derivation, parts, now), node, read, now)


def _blocks(node: Node) -> Sequence[Split]:
    (value,) = node.inputs
    return splits(value.shape, node.param("axes"), value.dtype.itemsize)


def _distance(value: Node) -> Node | None:
    """What is taken the exponential of, or squared."""
    is_square = value.op is MULTIPLY and value.inputs[0] is value.inputs[1]
    found = value.inputs[0] if is_square or value.op is EXP else None
    return found if found is not None and found.op is SUBTRACT else None


def _may_be_computed_twice(value: Node, axes: Shape, users: Mapping[Node, Sequence[Node]]) -> bool:
    """Is a value that is summed read by nothing else, or is it so large that memory is dearer than to compute it?

    What others reduce as well is better kept, and so are short rows that are added up: their sums are memory, too.
    """
    stack, seen = list(users[value]), set(users[value])
    if len(seen) == 1:
        return True
    along, sums = prod(value.shape[max(axes, default=-1) + 1 :]), 0
    if along > 1 and along * value.dtype.itemsize < _WIDE:
        return False
    while stack and len(seen) <= NEAR:
        node = stack.pop()
        alike = _is_alike(node, value)
        sums += not alike
        later = [y for y in users.get(node, ()) if y not in seen] if alike else []
        seen.update(later)
        stack.extend(later)
    return not stack and sums == 1 and value.aval.nbytes > largest_cache()


def _is_alike(node: Node, value: Node) -> bool:
    """Is it one array of the same shape?"""
    return not node.op.multiple and node.shape == value.shape
