"""Canonical trees and the nodes of rules as terms. Floor 6."""

import ast
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import pi, sqrt
from types import MappingProxyType

import numpy as np

from glassgrad.explain.deriving.terms import Algebra, Kind, Term, number_of
from glassgrad.frontends.formula.graph import name_of
from glassgrad.frontends.formula.nodes import dotted_name, in_order
from glassgrad.graph.node import Node, reachable
from glassgrad.ops.leaves import LITERAL, literal_value
from glassgrad.ops.select import WHERE

_SIGNS: Mapping[type[ast.cmpop], str] = MappingProxyType(
    {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
)
_LARGEST_DENOMINATOR = 1000


# ---------------------------------------------------------------------- trees
def read_tree(algebra: Algebra, tree: ast.expr, *, by_person: bool = True) -> dict[ast.expr, Term]:
    """The terms of a canonical tree's nodes; only the top of a chain of sums has one.

    Of a tree `by_person`, each term remembers the first node that it was read from, to be written so again.
    """
    terms: dict[ast.expr, Term] = {}
    inner = inner_sums(tree)
    for node in in_order(tree):
        if node in inner:
            continue
        term = terms[node] = _read_node(algebra, node, terms)
        if by_person and not isinstance(node, ast.Name | ast.Constant | ast.Attribute) and term.kind is not Kind.NUMBER:
            algebra.written.setdefault(term, node)
    return terms


def _read_node(algebra: Algebra, node: ast.expr, terms: Mapping[ast.expr, Term]) -> Term:
    match node:
        case ast.Name(id=identifier):
            return algebra.name(identifier)
        case ast.Constant(value=bool(value)):
            return algebra.constant(str(value))
        case ast.Constant(value=value):
            assert isinstance(value, int | float)
            return read_number(algebra, value)
        case ast.Attribute():
            return algebra.constant(dotted_name(node) or "")
        case ast.UnaryOp() | ast.BinOp(op=ast.Add() | ast.Sub()):
            signed = ((terms[part], sign) for part, sign in summands(node))
            return algebra.sum(term if sign > 0 else algebra.negative(term) for term, sign in signed)
        case ast.BinOp(left=left, right=right):
            return applied(algebra, node, [terms[left], terms[right]])
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return algebra.comparison(_SIGNS[type(sign)], terms[left], terms[right])
        case ast.Call(args=arguments):
            return applied(algebra, node, [terms[argument] for argument in arguments])
    raise AssertionError(f"a canonical tree has no {type(node).__name__}")


def applied(algebra: Algebra, node: ast.expr, operands: Sequence[Term]) -> Term:
    """The operator (but sums) or the function of a canonical node, applied to these operands."""
    match node:
        case ast.BinOp(op=ast.Mult()):
            return algebra.product(operands)
        case ast.BinOp(op=ast.Div()):
            return algebra.quotient(*operands)
        case ast.BinOp(op=ast.Pow()):
            return algebra.power(*operands)
        case ast.BinOp(op=ast.Mod()):
            return algebra.call("%", operands)
        case ast.BinOp(op=ast.FloorDiv()):
            return algebra.call("//", operands)
        case ast.Call(func=function):
            return call_of(algebra, dotted_name(function) or "", operands)
    raise AssertionError(f"{type(node).__name__} is applied to nothing")


def summands(node: ast.expr) -> list[tuple[ast.expr, int]]:
    """The terms of a chain of sums, differences and signs, left to right, each with its sign."""
    found: list[tuple[ast.expr, int]] = []
    stack = [(node, 1)]
    while stack:
        part, sign = stack.pop()
        match part:
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as operator, right=right):
                stack += [(right, -sign if isinstance(operator, ast.Sub) else sign), (left, sign)]
            case ast.UnaryOp(operand=operand):
                stack.append((operand, -sign))
            case _:
                found.append((part, sign))
    return found


def inner_sums(tree: ast.expr) -> frozenset[ast.expr]:
    """The sums and signs that are only part of a larger sum."""
    users: dict[ast.expr, list[ast.expr]] = {}
    for node in in_order(tree):
        for part in _chained(node):
            users.setdefault(part, []).append(node)
    others = {part for node in in_order(tree) if not is_sum(node) for part in ast.iter_child_nodes(node)}
    return frozenset(part for part in users if part is not tree and part not in others)


def is_sum(node: ast.AST) -> bool:
    """Is this a sum, a difference or a sign before something?"""
    return isinstance(node, ast.UnaryOp) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub))


def _chained(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return [part for part in (left, right) if is_sum(part)]
        case ast.UnaryOp(operand=operand):
            return [operand] if is_sum(operand) else []
    return []


# ---------------------------------------------------------------------- numbers
def read_number(algebra: Algebra, value: float) -> Term:
    """A number as the person wrote it."""
    if not np.isfinite(value):
        return algebra.constant("np.nan" if np.isnan(value) else "np.inf")
    return algebra.number(value, decimal=isinstance(value, float))


def _constants(algebra: Algebra) -> dict[float, Term]:
    """Numbers that rules have as floats, by the name that a person gives them."""
    root, circle = algebra.power, algebra.constant("np.pi")
    half = algebra.number(Fraction(1, 2))
    root_circle, root_two = root(circle, half), root(algebra.number(2), half)
    two = algebra.number(2)
    log_two, log_ten = (algebra.call("np.log", [algebra.number(base)]) for base in (2, 10))
    quotient = algebra.quotient
    return {
        pi: circle,
        pi / 2: quotient(circle, two),
        2 * pi: algebra.product([two, circle]),
        pi / 8: quotient(circle, algebra.number(8)),
        pi / 180: quotient(circle, algebra.number(180)),
        180 / pi: quotient(algebra.number(180), circle),
        2 / sqrt(pi): quotient(two, root_circle),
        sqrt(2 * pi): algebra.product([root_two, root_circle]),
        2 * sqrt(2 * pi): algebra.product([two, root_two, root_circle]),
        sqrt(2 / pi): quotient(root_two, root_circle),
        sqrt(2): root_two,
        float(np.log(2)): log_two,
        float(np.log(10)): log_ten,
    }


def _literal(algebra: Algebra, value: float, constants: Mapping[float, Term]) -> Term:
    """A number of a rule: a known constant, a simple fraction, or as it is."""
    if not np.isfinite(value):
        return read_number(algebra, value)
    for sign in (1, -1):
        if sign * value in constants:
            found = constants[sign * value]
            return found if sign > 0 else algebra.negative(found)
    simple = Fraction(value).limit_denominator(_LARGEST_DENOMINATOR)
    if abs(float(simple) - value) <= 4e-16 * abs(value):  # 1/3 - 1, reckoned by a rule, is one digit off
        return algebra.number(simple)
    return algebra.number(value, decimal=True)


# ---------------------------------------------------------------------- the nodes of rules
_ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "negative", "positive", "power", "square", "ratio"})
_RELATIONS = MappingProxyType(
    {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!="}
)


class RuleReader:
    """Reads what a row's rule says as a term.

    Rules guard the places where a formula is 0/0 or loses digits: `where(x == 0, limit, formula)`. A textbook writes
    the formula; with `guarded` the guards are kept.
    """

    def __init__(self, algebra: Algebra, *, guarded: bool) -> None:
        self.algebra = algebra
        self.guarded = guarded
        self.constants = _constants(algebra)
        self._choosing: set[Term] = set()  # conditions that say which of two numbers was chosen

    def read(self, result: Node, leaves: Mapping[Node, Term]) -> Term:
        """The term of a rule's result, with these terms for the placeholders."""
        terms = dict(leaves)
        for node in reachable([result]):
            if node not in terms:
                parts = [terms[x] for x in node.inputs]
                if node.op is WHERE and node.inputs[0] not in leaves:
                    terms[node] = self._choice(*parts)
                else:
                    terms[node] = self._read(node, parts)
        return terms[result]

    def _read(self, node: Node, parts: list[Term]) -> Term:
        algebra, name = self.algebra, node.op.name
        if node.op is LITERAL:
            value = literal_value(node)
            if node.dtype.kind == "b":
                return algebra.constant(str(bool(value)))
            return _literal(algebra, float(value), self.constants)
        if name in ("cast", "broadcast", "reshape", "stop_gradient"):
            return parts[0]
        if name in _ARITHMETIC:
            return _arithmetic(algebra, name, parts)
        if name in _RELATIONS:
            return self._relation(_RELATIONS[name], *parts)
        if name == "sinc_derivative":
            return self._sinc_slope(parts[0], node.param("order"))
        params = [_literal(algebra, float(value), {}) for _, value in node.params]
        return call_of(algebra, name_of(node.op), [*parts, *params])

    def _relation(self, sign: str, left: Term, right: Term) -> Term:
        """A condition; that a number is the larger of two says that it is larger than the other."""
        for own, chosen in ((left, right), (right, left)):
            if sign == "==" and chosen.kind is Kind.CALL and own in chosen.parts and len(chosen.parts) == 2:
                other = chosen.parts[1] if chosen.parts[0] is own else chosen.parts[0]
                if chosen.head in ("np.maximum", "np.minimum"):
                    found = self.algebra.comparison(">" if chosen.head == "np.maximum" else "<", own, other)
                    self._choosing.add(found)
                    return found
        return self.algebra.comparison(sign, left, right)

    def _choice(self, condition: Term, then: Term, otherwise: Term) -> Term:
        match _truth(condition):
            case True:
                return then
            case False:
                return otherwise
        if not self.guarded and condition not in self._choosing and _is_guard(condition):
            return then if condition.head == "!=" else otherwise
        return self.algebra.choice(condition, then, otherwise)

    def _sinc_slope(self, x: Term, order: int) -> Term:
        """The derivative of sin(x)/x of this order, by x·f = sin x: fₙ = (sin⁽ⁿ⁾ x - n·fₙ₋₁) / x."""
        algebra = self.algebra
        sine, cosine = algebra.call("np.sin", [x]), algebra.call("np.cos", [x])
        turned = (sine, cosine, algebra.negative(sine), algebra.negative(cosine))
        value = algebra.quotient(sine, x)
        for n in range(1, order + 1):
            value = algebra.quotient(algebra.sum([turned[n % 4], algebra.scaled(value, Fraction(-n))]), x)
        if not self.guarded:
            return value
        limit = Fraction(0) if order % 2 else Fraction((-1) ** (order // 2), order + 1)
        return algebra.choice(algebra.comparison("==", x, algebra.zero), algebra.number(limit), value)


def _arithmetic(algebra: Algebra, name: str, parts: list[Term]) -> Term:
    match name, parts:
        case "add", _:
            return algebra.sum(parts)
        case "subtract", [left, right]:
            return algebra.sum([left, algebra.negative(right)])
        case "multiply", _:
            return algebra.product(parts)
        case (("divide" | "ratio"), [left, right]):
            return algebra.quotient(left, right)
        case "power", [base, exponent]:
            return algebra.power(base, exponent)
        case "square", [base]:
            return algebra.power(base, algebra.number(2))
        case "negative", [part]:
            return algebra.negative(part)
    return parts[0]


def _truth(condition: Term) -> bool | None:
    """Whether a condition between numbers holds; None where it depends on something."""
    if condition.kind is Kind.CONSTANT:
        return condition.head == "True"
    if condition.kind is Kind.COMPARISON and all(part.kind is Kind.NUMBER for part in condition.parts):
        left, right = (number_of(part)[0] for part in condition.parts)
        signs = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
        return signs.get(str(condition.head), (left == right) is (condition.head == "=="))
    return None


def _is_guard(condition: Term) -> bool:
    """Is this the condition of a guard: an equation, or nearness to a number?"""
    if condition.kind is Kind.CALL:
        return condition.head in ("np.logical_and", "np.logical_or", "isinf", "np.isinf")
    if condition.head in ("==", "!="):
        return True
    return condition.head == "<" and condition.parts[1].kind is Kind.NUMBER


def call_of(algebra: Algebra, function: str, arguments: Sequence[Term]) -> Term:
    """A function's term; roots are powers, and functions without a name in the formula language are spelled out."""
    half = Fraction(1, 2)
    match function, arguments:
        case "np.sqrt", [x]:
            return algebra.power(x, algebra.number(half))
        case (("reciprocal" | "np.reciprocal"), [x]):
            return algebra.reciprocal(x)
        case "np.floor_divide", _:
            return algebra.call("//", arguments)
        case "np.remainder", _:
            return algebra.call("%", arguments)
        case "special.unnormalised_sinc", [x]:
            return algebra.call("special.sinc", [x])
        case "scipy.special.ive", [order, x]:
            decay = algebra.call("np.exp", [algebra.negative(algebra.call("np.abs", [x]))])
            return algebra.product([algebra.call("scipy.special.iv", [order, x]), decay])
        case "np.where", [condition, then, otherwise]:
            return algebra.choice(condition, then, otherwise)
    return algebra.call(function, arguments)
