"""Forward mode over terms: the derivative of every part of a tree, by the op table's local derivatives. Floor 6."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from glassgrad.explain.deriving.local import local_derivative, operand_trees
from glassgrad.explain.deriving.reading import RuleReader, inner_sums, read_tree, summands
from glassgrad.explain.deriving.terms import Algebra, Kind, Term
from glassgrad.frontends.formula.nodes import in_order, is_condition
from glassgrad.ops.elementwise import ADD, NEGATIVE, SUBTRACT

_OPPOSITE = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


@dataclass(slots=True)
class Differentiated:
    """A tree with the terms of its parts and their derivatives; a part that stands still has no derivative."""

    tree: ast.expr
    terms: dict[ast.expr, Term]
    tangents: dict[ast.expr, Term] = field(default_factory=dict)

    @property
    def derivative(self) -> Term | None:
        """The derivative of the whole tree; None where it is zero by nature."""
        return self.tangents.get(self.tree)


def differentiate(
    reader: RuleReader, tree: ast.expr, moving: Mapping[str, Term], *, by_person: bool = True
) -> Differentiated:
    """The derivatives of a tree's parts, `moving` being the derivatives of the names that are not held."""
    algebra = reader.algebra
    done = Differentiated(tree, read_tree(algebra, tree, by_person=by_person))
    inner = inner_sums(tree)
    for node in in_order(tree):
        if node in inner or is_condition(node):
            continue
        tangent = _tangent(reader, node, done, moving)
        if tangent is not None and tangent is not algebra.zero:
            done.tangents[node] = tangent
    return done


def _tangent(reader: RuleReader, node: ast.expr, done: Differentiated, moving: Mapping[str, Term]) -> Term | None:
    match node:
        case ast.Name(id=identifier):
            return moving.get(identifier)
        case ast.UnaryOp() | ast.BinOp(op=ast.Add() | ast.Sub()):
            return _sum_tangent(reader.algebra, node, done)
    operands = operand_trees(node)
    moved = [index for index, operand in enumerate(operands) if operand in done.tangents]
    if not moved:
        return None
    terms = [done.terms[operand] for operand in operands]
    parts = []
    for index in moved:
        local = local_derivative(reader, node, terms, done.terms[node], index)
        if local is not None:
            parts.append(chained(reader.algebra, done.tangents[operands[index]], local))
    return added(reader.algebra, parts) if parts else None


def _sum_tangent(algebra: Algebra, node: ast.expr, done: Differentiated) -> Term | None:
    """The sum rule for a whole chain of sums and differences."""
    signed = [(done.tangents[part], sign) for part, sign in summands(node) if part in done.tangents]
    return (
        algebra.sum(tangent if sign > 0 else algebra.negative(tangent) for tangent, sign in signed) if signed else None
    )


def chained(algebra: Algebra, tangent: Term, local: Term) -> Term:
    """One factor of the chain rule: inner derivative times outer. A choice selects, it never multiplies."""
    if local.kind is Kind.CALL and local.head == "np.where":
        condition, then, otherwise = local.parts
        return algebra.choice(condition, chained(algebra, tangent, then), chained(algebra, tangent, otherwise))
    return algebra.product([tangent, local])


def added(algebra: Algebra, parts: Iterable[Term]) -> Term:
    """The sum over the paths; two choices that exclude each other become one."""
    kept: list[Term] = []
    for part in parts:
        for index, other in enumerate(kept):
            joined = _joined(algebra, other, part)
            if joined is not None:
                kept[index] = joined
                break
        else:
            kept.append(part)
    return algebra.sum(kept)


def _joined(algebra: Algebra, first: Term, second: Term) -> Term | None:
    """One choice for `(a where c, else 0) + (b where not c, else 0)`."""
    if not all(term.kind is Kind.CALL and term.head == "np.where" for term in (first, second)):
        return None
    (condition, then, otherwise), (other, then_too, otherwise_too) = first.parts, second.parts
    match _relation(condition, other):
        case "same":
            return algebra.choice(
                condition, added(algebra, [then, then_too]), added(algebra, [otherwise, otherwise_too])
            )
        case "opposite":
            return algebra.choice(
                condition, added(algebra, [then, otherwise_too]), added(algebra, [otherwise, then_too])
            )
    return None


def _relation(one: Term, other: Term) -> str:
    """Whether two conditions say the same, or the opposite of each other but for a tie."""
    if other is one:
        return "same"
    if not one.kind is Kind.COMPARISON is other.kind:
        return "unknown"
    is_turned, is_equal = other.parts == one.parts[::-1], other.head == one.head
    if is_turned and is_equal:
        return "same" if one.head in ("==", "!=") else "opposite"
    return "opposite" if other.parts == one.parts and _OPPOSITE.get(str(one.head)) == other.head else "unknown"


# The sum rule is the Linear forms of these rows: each term's own derivative, with the sign that it has.
SUM_ROWS = (ADD, SUBTRACT, NEGATIVE)
