"""Sums of exponentials of distances from the largest number, in blocks that each have a largest number. Floor 4.

    Σ exp(x - c) = Σ exp(m - c) Σ exp(x - m)

where the first sum on the right is over the blocks and m is the largest number of a block, or 0 where that is not
finite. It holds for any c, and no term on the right is larger than the sum: nothing overflows but what does on the
left.
"""

from collections.abc import Sequence
from functools import reduce

from glassgrad.engines.cpu.blocks.split import Split
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import OPS
from glassgrad.ops.compare import isfinite
from glassgrad.ops.elementwise import exp, multiply, subtract
from glassgrad.ops.leaves import zeros
from glassgrad.ops.select import where


def largest(x: Node, splits: Sequence[Split]) -> Node:
    """The largest of all numbers, with the axes kept."""
    found = [split.together("max", _largest_of(x, split)) for split in splits]
    return reduce(lambda a, b: apply(OPS["maximum"], a, b), found)


def sum_about(x: Node, centre: Node, splits: Sequence[Split]) -> Node:
    """The sum of exp(x - centre), with the axes kept, as those of the centre are."""
    return reduce(lambda a, b: a + b, [_about_centre(x, centre, split) for split in splits])


def _about_centre(x: Node, centre: Node, split: Split) -> Node:
    moved = exp(subtract(_largest_of(x, split), split.beside(centre)))
    return split.together("sum", multiply(_about_largest(x, split), moved))


def _about_largest(x: Node, split: Split) -> Node:
    """The sum of exp(x - m) of each block."""
    top = _largest_of(x, split)
    finite = where(isfinite(top), top, zeros(top.aval))
    return split.reduced("sum", exp(subtract(split.data(x), split.spread(finite))))


def _largest_of(x: Node, split: Split) -> Node:
    """The largest number of each block."""
    return split.reduced("max", split.data(x))
