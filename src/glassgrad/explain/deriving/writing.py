"""Terms as canonical trees: as the person wrote them where they did, else the way a textbook has it. Floor 6."""

import ast
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from glassgrad.explain.deriving.terms import Algebra, Kind, Term, coefficient_of, in_order, number_of
from glassgrad.frontends.formula.nodes import call, dotted, name, number, place

_HERE = (0, 0)
_SIGNS: Mapping[str, type[ast.cmpop]] = MappingProxyType(
    {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq}
)
_HALF = Fraction(1, 2)


class Writer:
    """Writes the terms of an algebra; a term that occurs twice is one tree."""

    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra
        self._trees: dict[Term, ast.expr] = {}

    def tree(self, term: Term) -> ast.expr:
        """The canonical tree of a term."""
        for part in in_order(term):
            if part not in self._trees:
                self._trees[part] = self.algebra.written.get(part) or self._write(part)
        return self._trees[term]

    def _write(self, term: Term) -> ast.expr:
        trees = [self._trees[part] for part in term.parts]
        match term.kind:
            case Kind.NUMBER:
                return write_number(*number_of(term))
            case Kind.CONSTANT:
                text = str(term.head)
                return number(text == "True", _HERE) if text in ("True", "False") else dotted(text, _HERE)
            case Kind.NAME:
                return name(str(term.head), _HERE)
            case Kind.SUM:
                return self._sum(term)
            case Kind.PRODUCT:
                return self._product(coefficient_of(term), term.parts)
            case Kind.POWER:
                return self._product(Fraction(1), (term,))
            case Kind.COMPARISON:
                return place(ast.Compare(trees[0], [_SIGNS[str(term.head)]()], [trees[1]]), _HERE)
            case Kind.CALL if term.head in ("%", "//"):
                sign = ast.Mod() if term.head == "%" else ast.FloorDiv()
                return _binary(trees[0], sign, trees[1])
        return call(str(term.head), trees, _HERE)

    def _sum(self, term: Term) -> ast.expr:
        """The terms with their signs; one that is positive goes first."""
        signed = [self._signed(part) for part in term.parts]
        if signed[0][1] < 0:
            first = next((index for index, (_, sign) in enumerate(signed) if sign > 0), 0)
            signed.insert(0, signed.pop(first))
        result, sign = signed[0]
        if sign < 0:
            result = self._trees[term.parts[0]]
        for tree, sign in signed[1:]:
            result = _binary(result, ast.Add() if sign > 0 else ast.Sub(), tree)
        return result

    def _signed(self, part: Term) -> tuple[ast.expr, int]:
        """The tree without its sign, and the sign."""
        if part.kind is Kind.NUMBER and number_of(part)[0] < 0:
            value, decimal = number_of(part)
            return write_number(-value, decimal), -1
        if part.kind is Kind.PRODUCT and coefficient_of(part) < 0:
            positive = self.algebra.negative(part)
            return self.algebra.written.get(positive) or self._product(-coefficient_of(part), part.parts), -1
        return self._trees[part], 1

    # ------------------------------------------------------------------ products
    def _product(self, coefficient: Fraction, parts: Sequence[Term]) -> ast.expr:
        """Numerator over denominator; the sign is at the first number."""
        above: list[ast.expr] = []
        below: list[ast.expr] = []
        if abs(coefficient.numerator) != 1:
            above.append(number(abs(coefficient.numerator), _HERE))
        if coefficient.denominator != 1:
            below.append(number(coefficient.denominator, _HERE))
        for part in parts:
            base, exponent = part.parts if part.kind is Kind.POWER else (part, self.algebra.one)
            written = self.algebra.written.get(part)
            sign, positive = self._magnitude(exponent)
            if written is not None and (sign > 0 or part is parts[0] is parts[-1]):
                above.append(written)
            elif sign > 0:
                above.append(self._trees[part] if part.kind is not Kind.POWER else self._power(base, positive))
            else:
                below.append(self._power(base, positive))
        result = _joined(above) if above else number(1, _HERE)
        if coefficient < 0:
            result = _with_sign(above, result)
        return _binary(result, ast.Div(), _joined(below)) if below else result

    def _magnitude(self, exponent: Term) -> tuple[int, Term]:
        """The sign of an exponent and the exponent without it."""
        if exponent.kind is Kind.NUMBER and number_of(exponent)[0] < 0:
            value, decimal = number_of(exponent)
            return -1, self.algebra.number(-value, decimal=decimal)
        return 1, exponent

    def _power(self, base: Term, exponent: Term) -> ast.expr:
        body = self._trees[base]
        if exponent is self.algebra.one:
            return body
        if exponent.kind is Kind.NUMBER and number_of(exponent)[0] == _HALF:
            return call("np.sqrt", [body], _HERE)
        written = self.algebra.written.get(self.algebra.power(base, exponent))
        return written or _binary(body, ast.Pow(), self.tree(exponent))


def _joined(factors: Sequence[ast.expr]) -> ast.expr:
    result = factors[0]
    for factor in factors[1:]:
        result = _binary(result, ast.Mult(), factor)
    return result


def _with_sign(above: list[ast.expr], result: ast.expr) -> ast.expr:
    """The product with a minus at its first factor."""
    if not above:
        return place(ast.UnaryOp(ast.USub(), result), _HERE)
    first = place(ast.UnaryOp(ast.USub(), above[0]), _HERE)
    return _joined([first, *above[1:]])


def write_number(value: Fraction, decimal: bool) -> ast.expr:
    """A number as a tree: 0.5 where it is written so, else 1/2."""
    if value < 0:
        return place(ast.UnaryOp(ast.USub(), write_number(-value, decimal)), _HERE)
    if decimal:
        return number(float(value), _HERE)
    if value.denominator == 1:
        return number(value.numerator, _HERE)
    return _binary(number(value.numerator, _HERE), ast.Div(), number(value.denominator, _HERE))


def _binary(left: ast.expr, operator: ast.operator, right: ast.expr) -> ast.expr:
    return place(ast.BinOp(left, operator, right), _HERE)
