"""Sums about the centre of all data from sums about other centres. Floor 4.

With d = m - c, another centre m and that of all data c, in exact arithmetic:

    Σ w (x - c)             = Σ w (x - m) + d Σ w
    Σ w (x - c) (y - c')    = Σ w (x - m) (y - m') + d' Σ w (x - m) + d Σ w (y - m') + d d' Σ w
    Σ w exp(x - c)          = exp(d) Σ w exp(x - m)
    Σ w [x = c]             = [m = c] Σ w [x = m]

For the first two m is that of a sample, the same for all data: the sums on the right lose no digits where m is about
as near to the data as c is. An exponential would overflow far above m: for the last two each block has an m of its own,
the largest of its data.
Source: Chan, Golub and LeVeque, Algorithms for Computing the Sample Variance, The American Statistician 37 (1983).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from glassgrad.engines.cpu.blocks.split import Sample, Split, lifted
from glassgrad.engines.cpu.blocks.terms import Factor, Law, Term
from glassgrad.graph.node import Node, apply
from glassgrad.graph.op import OPS
from glassgrad.ops.compare import isfinite
from glassgrad.ops.elementwise import add, exp, multiply, subtract
from glassgrad.ops.leaves import literal, zeros
from glassgrad.ops.reduce import size_along
from glassgrad.ops.select import where
from glassgrad.ops.structure import broadcast, cast, reshape


class NoCentreError(Exception):
    """A centre of which a part of the data has no estimate."""


@dataclass(slots=True)
class Centres:
    """Centres of blocks and of a sample.

    `bases` are the reductions that follow from the data alone, and `moves` tells whether a value depends on one.
    """

    bases: Sequence[Node]
    moves: Callable[[Node], bool]
    blocks: Sequence[Split]
    sample: Sample | None
    _known: dict[Split | Sample, dict[Node, Node]] = field(default_factory=dict)
    _near: dict[Node, Node] = field(default_factory=dict)  # the data of which distances are summed -> from where

    def base(self, node: Node) -> Node | None:
        """A reduction of data of which others have been put together, out of the same; None for one of other data."""
        (x,) = node.inputs
        if node.op.name == "max":
            return self._largest(node) if self._known.keys() & set(self.blocks) else None
        if node.op.name != "sum" or x not in self._near:
            return None
        near = self._near[x]
        distances = self._sum([subtract(x, broadcast(near, x.shape))])
        return reshape(add(distances, multiply(self._count(near), near)), node.shape)

    def _largest(self, node: Node) -> Node:
        parts = [split.together("max", _reduced("max", split.data(node.inputs[0]), split)) for split in self.blocks]
        return reshape(reduce(lambda a, b: apply(OPS["maximum"], a, b), parts), node.shape)

    def later(self, node: Node, terms: Sequence[Term]) -> Node:
        """A sum of terms; NoCentreError where there is no other centre."""
        found = reduce(add, [self._term(term) for term in terms])
        for centre in dict.fromkeys([x.centre for term in terms for x in term.factors if x.law is Law.DISTANCE]):
            found = add(found, subtract(centre, centre))  # about what is not finite there is no sum
        return reshape(found, node.shape)

    def _term(self, term: Term) -> Node:
        match term.factors:
            case ():
                found = self._sum(term.data)
            case (Factor(law=Law.DISTANCE), *_):
                found = self._about_sample(term)
            case (one,):
                parts = [split.together("sum", self._about_block(term.data, one, split)) for split in self._split()]
                found = reduce(add, parts)
            case _:
                raise AssertionError("rewrite.py lets no other terms through")
        return found if term.before is None else multiply(term.before, found)

    # ------------------------------------------------------------------ about the centre of a sample
    def _about_sample(self, term: Term) -> Node:
        """The sum of distances about the centre of all data."""
        if self.sample is None:
            raise NoCentreError
        weights, factors = list(term.data), term.factors
        near = [self._distance(factor, self.sample) for factor in factors]
        moved = [subtract(self._centre(factor, self.sample), factor.centre) for factor in factors]
        both, each = self._sum([*weights, *near]), [self._sum([*weights, x]) for x in near]
        weight = self._sum(weights) if weights else self._count(moved[0])
        if len(near) == 1:
            return add(both, multiply(moved[0], weight))
        rest = add(each[1], multiply(moved[1], weight))
        found = add(both, add(multiply(moved[1], each[0]), multiply(moved[0], rest)))
        if factors[0] != factors[1]:
            return found
        zero = zeros(found.aval)  # squares have a root, also where they are nothing but rounding errors
        return where(apply(OPS["less"], found, zero), zero, found)

    def _distance(self, factor: Factor, sample: Sample) -> Node:
        centre = self._centre(factor, sample)
        self._near[factor.x] = centre
        return subtract(factor.x, broadcast(centre, sample.shape))

    def _count(self, like: Node) -> Node:
        """How many data there are."""
        return literal(size_along(self.bases[0].inputs[0], tuple(self.bases[0].param("axes"))), like.dtype, like.shape)

    def _sum(self, factors: Sequence[Node]) -> Node:
        assert self.sample is not None, "asked for before"
        return _reduced("sum", reduce(multiply, factors), self.sample)

    # ------------------------------------------------------------------ about the centre of each block
    def _split(self) -> Sequence[Split]:
        if not self.blocks:
            raise NoCentreError
        return self.blocks

    def _about_block(self, weights: Sequence[Node], factor: Factor, split: Split) -> Node:
        """What each block adds to the sum about the centre of all data."""
        centre, whole = self._centre(factor, split), split.beside(factor.centre)
        assert whole is not None, "it has the shape that is kept"
        x, near = split.data(factor.x), broadcast(centre, split.cut)
        if factor.law is Law.EQUALITY:
            value = cast(apply(OPS["equal"], x, near), x.dtype)
            found = _reduced("sum", reduce(multiply, [*map(split.data, weights), value]), split)
            return where(apply(OPS["equal"], centre, whole), found, zeros(found.aval))
        found = _reduced("sum", reduce(multiply, [*map(split.data, weights), exp(subtract(x, near))]), split)
        # A block of -inf alone adds nothing, and its centre says nothing.
        nothing = apply(OPS["logical_and"], apply(OPS["equal"], found, zeros(found.aval)), isfinite(whole))
        return where(nothing, found, multiply(found, exp(subtract(centre, whole))))

    # ------------------------------------------------------------------ centres
    def _centre(self, factor: Factor, part: Split | Sample) -> Node:
        """The centre of a part: what that of all data would be, were all like those of the part."""
        found = lifted(factor.centre, part, self._estimates(part), self.moves)
        if found is None:
            raise NoCentreError
        return found if factor.law is Law.EQUALITY else where(isfinite(found), found, zeros(found.aval))

    def _estimates(self, part: Split | Sample) -> dict[Node, Node]:
        """What a part says of the reductions that follow from the data alone."""
        if part not in self._known:
            found = {}
            for base in self.bases:
                if isinstance(part, Split) and base.op.name != "max":
                    continue
                reduced = _reduced(base.op.name, part.data(base.inputs[0]), part)
                if base.op.name == "sum" and isinstance(part, Sample):
                    reduced = multiply(reduced, literal(part.share, reduced.dtype, reduced.shape))
                found[base] = reduced
            self._known[part] = found
        return self._known[part]


def _reduced(name: str, x: Node, part: Split | Sample) -> Node:
    return reshape(apply(OPS[name], x, axes=part.within), part.kept)
