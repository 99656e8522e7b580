"""Sums of squared distances from the mean, in blocks that each have a mean. Floor 4.

    Σ (x - c)² = Σ (Σ (x - k)² - n r² + n (k + r - c)²)

where the first sum on the right is over the blocks, k is the mean of the n numbers of a block as it comes out rounded,
and r = Σ (x - k) / n is what that is short of. It holds for any c. The first two terms are the squares about the mean
itself, and no others are negative: nothing cancels, however far the means lie from 0.
Source: Chan, Golub and LeVeque, Algorithms for Computing the Sample Variance,
The American Statistician 37 (1983).
"""

from collections.abc import Sequence
from functools import reduce

from glassgrad.engines.cpu.blocks.split import Split
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import OPS
from glassgrad.ops.compare import isfinite
from glassgrad.ops.elementwise import add, divide, multiply, subtract
from glassgrad.ops.leaves import literal, zeros
from glassgrad.ops.select import where


def total(x: Node, splits: Sequence[Split]) -> Node:
    """The sum of all numbers, with the axes kept."""
    return reduce(add, [split.together("sum", _sum_of(x, split)) for split in splits])


def squares_about(x: Node, centre: Node, splits: Sequence[Split]) -> Node:
    """The sum of (x - centre)², with the axes kept, as those of the centre are."""
    return reduce(add, [_about_centre(x, centre, split) for split in splits])


def _about_centre(x: Node, centre: Node, split: Split) -> Node:
    (squares, short), count = _about_mean(x, split), literal(split.size, x.dtype, split.kept)
    apart = add(subtract(mean_of(x, split), split.beside(centre)), short)
    within = apply(OPS["maximum"], subtract(squares, multiply(count, multiply(short, short))), zeros(squares.aval))
    found = add(within, multiply(count, multiply(apart, apart)))
    return split.together("sum", where(isfinite(squares), found, squares))


def _about_mean(x: Node, split: Split) -> tuple[Node, Node]:
    """The sum of (x - k)² and the mean of x - k of each block."""
    distance = subtract(split.data(x), split.spread(mean_of(x, split)))
    return split.reduced("sum", multiply(distance, distance)), _divided(split.reduced("sum", distance), split)


def mean_of(x: Node, split: Split) -> Node:
    """The mean of each block."""
    return _divided(_sum_of(x, split), split)


def _divided(found: Node, split: Split) -> Node:
    """A quotient, for it is rounded: a product may be left as it is where it is added to something."""
    return divide(found, literal(split.size, found.dtype, found.shape))


def _sum_of(x: Node, split: Split) -> Node:
    """The sum of each block."""
    return split.reduced("sum", split.data(x))
