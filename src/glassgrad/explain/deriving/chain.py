"""The chain of a problem: each named value, and its derivative with respect to each name in it. Floor 6."""

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from glassgrad.explain.deriving.differentiating import Differentiated, differentiate
from glassgrad.explain.deriving.reading import RuleReader
from glassgrad.explain.deriving.terms import Algebra, Kind, Term, in_order, number_of
from glassgrad.frontends.formula import Problem
from glassgrad.frontends.formula.nodes import call, operands, place
from glassgrad.frontends.formula.nodes import in_order as parts_in_order


@dataclass(frozen=True, slots=True)
class Named:
    """A named value: a let or the formula itself."""

    name: str
    tree: ast.expr
    moving: tuple[str, ...]  # the names in it that depend on the variable, or are it


@dataclass(frozen=True, slots=True)
class LocalLink:
    """The derivative of a named value with respect to one name in it, the others held."""

    named: Named
    of: str
    derivative: Term
    done: Differentiated


def named_values(problem: Problem) -> tuple[Named, ...]:
    """The lets and the formula, in order of dependence."""
    moving = {problem.wrt}
    found = []
    for formula in (*problem.lets, problem.formula):
        name = problem.name if formula is problem.formula else formula.name or ""
        if name == problem.wrt:  # a let that is the variable itself: what it is made of is held
            found.append(Named(name, formula.tree, ()))
            continue
        inside = tuple(free for free in formula.free if free in moving)
        if inside:
            moving.add(name)
        found.append(Named(name, formula.tree, inside))
    return tuple(found)


def local_links(reader: RuleReader, chain: Sequence[Named]) -> list[LocalLink]:
    """The links in order; derivatives are written with the value's own name where it occurs in them."""
    algebra = reader.algebra
    links = []
    for named in chain:
        for of in named.moving:
            done = differentiate(reader, named.tree, {of: algebra.one})
            derivative = done.derivative or algebra.zero
            definition = done.terms[named.tree]
            links.append(LocalLink(named, of, by_name(algebra, derivative, definition, named.name), done))
    return links


def by_name(algebra: Algebra, derivative: Term, definition: Term, name: str) -> Term:
    """A derivative in which the value itself occurs, with its name in that place: 101325·e^(-h)·(-1) is -p."""
    if definition.kind not in (Kind.CALL, Kind.PRODUCT, Kind.POWER) or not _has_function(definition):
        return derivative
    own = algebra.name(name)
    if definition.kind is Kind.CALL:
        return _replaced(algebra, derivative, definition, own)
    if derivative.kind is Kind.SUM:
        return algebra.sum(_factored(algebra, part, definition, own) for part in derivative.parts)
    return _logistic(algebra, derivative, definition, own) or _factored(algebra, derivative, definition, own)


def _has_function(definition: Term) -> bool:
    """Has the value a function in it, so that its name is shorter and says more?"""
    return any(part.kind is Kind.CALL for part in in_order(definition))


def _replaced(algebra: Algebra, term: Term, definition: Term, own: Term) -> Term:
    """The term with the name wherever the definition, a function's value, stands in it."""
    new = {definition: own}
    for part in in_order(term):
        if part not in new:
            parts = [new[inner] for inner in part.parts]
            new[part] = part if parts == list(part.parts) else _bracketed(algebra, algebra.with_parts(part, parts))
    return new[term]


def _bracketed(algebra: Algebra, term: Term) -> Term:
    """The term; a sum stays in brackets when it is a factor."""
    if term.kind is Kind.SUM:
        algebra.kept.add(term)
    return term


def _factored(algebra: Algebra, term: Term, definition: Term, own: Term) -> Term:
    """A product that contains all factors of the definition, with the name instead of them."""
    wanted, present = _exponents(algebra, definition), _exponents(algebra, term)
    for base, exponent in wanted.items():
        if base not in present:
            return term
        if present[base] is not exponent and not _is_multiple(present[base], exponent):
            return term
    times = min(_times(present[base], exponent) for base, exponent in wanted.items())
    power = algebra.power(own, algebra.number(times))
    return algebra.product([power, algebra.quotient(term, algebra.power(definition, algebra.number(times)))])


def _is_multiple(exponent: Term, of: Term) -> bool:
    both = exponent.kind is Kind.NUMBER is of.kind
    return both and (number_of(exponent)[0] / number_of(of)[0]) >= 1


def _times(exponent: Term, of: Term) -> int:
    return int(number_of(exponent)[0] / number_of(of)[0]) if _is_multiple(exponent, of) else 1


def _logistic(algebra: Algebra, term: Term, definition: Term, own: Term) -> Term | None:
    """The derivative of y = 1/(c + E) in y alone: k·E·y² is k·y·(1 - c·y), as E is 1/y - c."""
    if definition.kind is not Kind.POWER or definition.parts[1] is not algebra.minus_one:
        return None
    below = definition.parts[0]
    if below.kind is not Kind.SUM or len(below.parts) != 2:
        return None
    constant, rest = sorted(below.parts, key=lambda part: part.kind is not Kind.NUMBER)
    if constant.kind is not Kind.NUMBER or rest.kind is not Kind.CALL:
        return None
    factor = algebra.quotient(term, algebra.product([rest, definition, definition]))
    if not {rest, below}.isdisjoint(_exponents(algebra, factor)):
        return None
    complement = algebra.sum([algebra.one, algebra.negative(algebra.product([constant, own]))])
    return algebra.product([factor, own, _bracketed(algebra, complement)])


def _exponents(algebra: Algebra, term: Term) -> dict[Term, Term]:
    """The exponent of each base of a product."""
    parts = term.parts if term.kind is Kind.PRODUCT else (term,)
    pairs = [(part.parts[0], part.parts[1]) if part.kind is Kind.POWER else (part, algebra.one) for part in parts]
    return dict(pairs)


# ---------------------------------------------------------------------- lets put into the formula
def expanded(problem: Problem) -> ast.expr:
    """The formula's tree with the lets put in; a let that is the variable keeps its name."""
    trees: dict[str, ast.expr] = {}
    for formula in problem.lets:
        if formula.name is not None and formula.name != problem.wrt:
            trees[formula.name] = put_in(formula.tree, trees)
    return put_in(problem.formula.tree, trees)


def put_in(tree: ast.expr, trees: Mapping[str, ast.expr]) -> ast.expr:
    """The tree with other trees in place of names."""
    new: dict[ast.expr, ast.expr] = {}
    for node in parts_in_order(tree):
        if isinstance(node, ast.Name):
            new[node] = trees.get(node.id, node)
        else:
            new[node] = _rebuilt(node, new)
    return new[tree]


def _rebuilt(node: ast.expr, new: Mapping[ast.expr, ast.expr]) -> ast.expr:
    if all(new[part] is part for part in operands(node)):
        return node
    span = (node.col_offset, node.end_col_offset or node.col_offset)
    match node:
        case ast.BinOp(left=left, op=operator, right=right):
            return place(ast.BinOp(new[left], operator, new[right]), span)
        case ast.UnaryOp(op=sign, operand=operand):
            return place(ast.UnaryOp(sign, new[operand]), span)
        case ast.Compare(left=left, ops=signs, comparators=[right]):
            return place(ast.Compare(new[left], signs, [new[right]]), span)
        case ast.Call(func=function, args=arguments):
            return place(ast.Call(function, [new[argument] for argument in arguments], []), span)
    raise AssertionError(f"a canonical tree has no {type(node).__name__}")


def is_straight(chain: Sequence[Named]) -> bool:
    """Does each moving value depend on the variable by one path only?"""
    return all(len(named.moving) <= 1 for named in chain)


def size_of(trees: Collection[ast.expr]) -> int:
    """How many parts trees have."""
    return sum(len(parts_in_order(tree)) for tree in trees)


__all__ = [
    "LocalLink",
    "Named",
    "by_name",
    "call",
    "expanded",
    "is_straight",
    "local_links",
    "named_values",
    "number_of",
]
