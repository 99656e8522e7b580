"""What a sum adds up, as terms that say how it depends on earlier reductions of the same data. Floor 4.

A variance adds up (x - m)², a softmax exp(x - m), the gradient of a batch norm ct (x - m) / s, where m and s follow
from other reductions over the same axes. In each term that dependence is a factor that does not vary along the axes,
which can stand before the sum, and how far the data lie from a centre. These are the laws under which a sum about one
centre is known from that about another (`rebased.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from glassgrad.engines.cpu.emit.scalars import is_scalar
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import OPS
from glassgrad.ops.leaves import LITERAL, literal, literal_value
from glassgrad.ops.structure import broadcast, kept_shape, reshape

_MOST_TERMS = 8
_DEPTH = 32  # of the expression that is looked through


class Law(Enum):
    """How a factor depends on its centre."""

    DISTANCE = auto()  # x - c
    EXPONENTIAL = auto()  # exp(x - c)
    EQUALITY = auto()  # 1 where x is c, 0 elsewhere


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor with a centre, which does not vary along the axes: it has size 1 there.

    `source` is the value itself where it is dear to compute.
    """

    law: Law
    x: Node
    centre: Node
    source: Node | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """The product of `before`, which does not vary along the axes, of data, and of factors with a centre."""

    before: Node | None
    data: tuple[Node, ...] = ()
    factors: tuple[Factor, ...] = ()

    def times(self, other: "Term") -> "Term":
        """The product of two terms."""
        return Term(_product(self.before, other.before), self.data + other.data, self.factors + other.factors)


def _product(a: Node | None, b: Node | None) -> Node | None:
    if a is None or b is None:
        return a if b is None else b
    return apply(OPS["multiply"], a, b)


class NoTermsError(Exception):
    """The expression depends on earlier reductions in another way."""


@dataclass(slots=True)
class Reader:
    """Reads what is summed over `axes`; `moves` tells whether a value depends on the earlier reductions."""

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    moves: Callable[[Node], bool]
    _known: dict[Node, tuple[Term, ...]] = field(default_factory=dict)

    def terms(self, node: Node, depth: int = 0) -> tuple[Term, ...]:
        """The terms that add up to the node's value."""
        if node not in self._known:
            found = self._read(node, depth)
            if len(found) > _MOST_TERMS:
                raise NoTermsError
            self._known[node] = found
        return self._known[node]

    def _read(self, node: Node, depth: int) -> tuple[Term, ...]:
        if depth > _DEPTH:
            raise NoTermsError
        fixed = still(node, self.shape, self.axes)
        if fixed is not None:
            return (Term(fixed),)
        if not self.moves(node):
            return (Term(None, (node,)),)

        def inside(x: Node) -> tuple[Term, ...]:
            return self.terms(x, depth + 1)

        match node.op.name:
            case "add":
                a, b = node.inputs
                return self._distance(a, b, depth, plus=True)
            case "subtract":
                a, b = node.inputs
                return self._distance(a, b, depth, plus=False)
            case "negative":
                return tuple([_negative(term, self._one(node)) for term in inside(node.inputs[0])])
            case "square":
                return _products(inside(node.inputs[0]), inside(node.inputs[0]))
            case "multiply":
                return _products(inside(node.inputs[0]), inside(node.inputs[1]))
            case "divide" | "quotient":  # `quotients.py`: by the same divisor
                divisor = still(node.inputs[1], self.shape, self.axes)
                if divisor is None:
                    raise NoTermsError
                return tuple([self._divided(term, divisor) for term in inside(node.inputs[0])])
            case "exp":
                return (Term(None, (), (self._exponential(node, inside(node.inputs[0])),)),)
            case "cast" if node.inputs[0].op.name == "equal":
                return (Term(None, (), (self._equality(node.inputs[0]),)),)
        raise NoTermsError

    def _one(self, node: Node) -> Node:
        return literal(1, node.dtype, kept_shape(self.shape, self.axes))

    def _distance(self, a: Node, b: Node, depth: int, *, plus: bool) -> tuple[Term, ...]:
        """The terms of a ± b: how far data lie from a centre, where one of the two does not vary."""
        for x, other, swapped in ((a, b, False), (b, a, True)):
            centre = None if self.moves(x) or not self.moves(other) else still(other, self.shape, self.axes)
            if centre is None:
                continue
            term = Term(None, (), (Factor(Law.DISTANCE, x, apply(OPS["negative"], centre) if plus else centre),))
            return (_negative(term, self._one(x)) if swapped and not plus else term,)
        second = self.terms(b, depth + 1)
        if not plus:
            second = tuple([_negative(term, self._one(b)) for term in second])
        return self.terms(a, depth + 1) + second

    def _divided(self, term: Term, divisor: Node) -> Term:
        before = term.before if term.before is not None else literal(1, divisor.dtype, divisor.shape)
        return Term(apply(OPS["divide"], before, divisor), term.data, term.factors)

    def _exponential(self, node: Node, terms: tuple[Term, ...]) -> Factor:
        if len(terms) == 1 and terms[0].before is None and not terms[0].data and len(terms[0].factors) == 1:
            (factor,) = terms[0].factors
            if factor.law is Law.DISTANCE and _is_largest(factor.centre, factor.x):
                return Factor(Law.EXPONENTIAL, factor.x, factor.centre, node)
        raise NoTermsError

    def _equality(self, node: Node) -> Factor:
        for x, other in (node.inputs, node.inputs[::-1]):
            centre = None if self.moves(x) else still(other, self.shape, self.axes)
            if centre is not None and _is_largest(centre, x):
                return Factor(Law.EQUALITY, x, centre)
        raise NoTermsError


def _negative(term: Term, one: Node) -> Term:
    before = one if term.before is None else term.before
    return Term(apply(OPS["negative"], before), term.data, term.factors)


def _products(some: Sequence[Term], others: Sequence[Term]) -> tuple[Term, ...]:
    if len(some) * len(others) > _MOST_TERMS:
        raise NoTermsError
    return tuple([a.times(b) for a in some for b in others])


_PASSED_ON = frozenset({"reshape", "broadcast", "where", "isfinite", "mark", "stop_gradient"})


def _is_largest(centre: Node, x: Node) -> bool:
    """Is the centre the largest of the data, or a number where that is not finite? Then no exponential overflows."""
    stack, tops = [centre], 0
    while stack:
        node = stack.pop()
        if node.op.name == "max" and node.inputs[0] is x:
            tops += 1
        elif node.op.name in _PASSED_ON:
            stack.extend(node.inputs)
        elif node.op is not LITERAL:
            return False
    return tops > 0


# ------------------------------------------------------------------ what does not vary
def still(node: Node, shape: tuple[int, ...], axes: tuple[int, ...], depth: int = 0) -> Node | None:
    """A value of this shape that does not vary along the axes, with size 1 along them; None where it varies."""
    kept = kept_shape(shape, axes)
    if node.op is LITERAL:
        return literal(literal_value(node), node.dtype, kept)
    if node.op.name == "broadcast":
        (x,) = node.inputs
        padded = (1,) * (len(shape) - x.ndim) + x.shape
        if any(padded[axis] != 1 for axis in axes):
            return None
        return broadcast(reshape(x, padded), kept)
    if not is_scalar(node) or depth > _DEPTH:
        return None
    found = [still(x, shape, axes, depth + 1) if x.shape == shape else None for x in node.inputs]
    inputs = [x for x in found if x is not None]
    return make(node.op, tuple(inputs), node.params) if inputs and len(inputs) == len(found) else None
