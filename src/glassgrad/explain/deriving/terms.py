"""Expressions in a tidy form: sums and products of factors, equal ones one object. Floor 6.

An `Algebra` makes them. Numbers stay recognisable: small whole numbers are reckoned together, measured constants
such as 9.8 or 101325 stay apart as factors. The first way in which a term was written is remembered.
"""

import ast
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from fractions import Fraction

_RECKONED = 1000  # whole numbers below are multiplied out; larger ones are somebody's constant
_HIGHEST = 12  # exponents of numbers that are reckoned
_WILD = 10**12  # numerators and denominators from here on are written as decimal fractions
_BRACKET = 3  # the rank of a bracket in a product; numbers, constants and names come before
_LONGEST_DECIMAL = 24  # characters of a decimal fraction that is written out


class Kind(Enum):
    """What a term is made of."""

    NUMBER = auto()  # head: (value, is it written as a decimal fraction)
    CONSTANT = auto()  # head: "np.pi"
    NAME = auto()  # head: the identifier
    SUM = auto()  # parts: two terms or more, none of them a sum
    PRODUCT = auto()  # head: a small rational coefficient; parts: factors
    POWER = auto()  # parts: base and exponent
    CALL = auto()  # head: the function's canonical name; parts: arguments
    COMPARISON = auto()  # head: "<"; parts: both sides


class Term:
    """One expression; within an algebra equal terms are one object."""

    __slots__ = ("head", "kind", "parts", "serial")

    def __init__(self, kind: Kind, head: object, parts: "tuple[Term, ...]", serial: int) -> None:
        self.kind = kind
        self.head = head
        self.parts = parts
        self.serial = serial  # parts have smaller ones than what they are part of

    def __repr__(self) -> str:
        return f"<{self.kind.name.lower()} {self.head if self.head is not None else ''} #{self.serial}>"


class Algebra:
    """Makes terms, tidily: 0 and 1 vanish, equal factors become powers, like terms are collected."""

    def __init__(self) -> None:
        self._known: dict[tuple[Kind, object, tuple[int, ...]], Term] = {}
        self.written: dict[Term, ast.expr] = {}  # how a term was first written by the person
        self.kept: set[Term] = set()  # sums that stay in brackets: y·(1 - y)
        self.expanding = False  # are products with sums that nobody wrote multiplied out, whatever the factors are?
        self.zero = self.number(0)
        self.one = self.number(1)
        self.minus_one = self.number(-1)

    def _make(self, kind: Kind, head: object, parts: tuple[Term, ...] = ()) -> Term:
        serials = [part.serial for part in parts]
        if kind is Kind.SUM:  # a + b and b + a are one sum, in the order that came first
            serials.sort()
        key = (kind, head, tuple(serials))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Term(kind, head, parts, len(self._known))
        return found

    # ------------------------------------------------------------------ leaves
    def number(self, value: float | Fraction, *, decimal: bool = False) -> Term:
        """A number; `decimal` for one that is written 0.5 rather than 1/2."""
        exact = _tame(value if isinstance(value, Fraction) else Fraction(repr(value)))
        decimal = decimal or not _is_tame(exact)
        is_decimal = decimal and exact not in (0, 1, -1) and _is_short_decimal(exact)
        return self._make(Kind.NUMBER, (exact, is_decimal))

    def constant(self, path: str) -> Term:
        """A constant by its name: `np.pi`."""
        return self._make(Kind.CONSTANT, path)

    def name(self, identifier: str) -> Term:
        """A variable."""
        return self._make(Kind.NAME, identifier)

    def call(self, function: str, arguments: Sequence[Term]) -> Term:
        """A function of the canonical list applied to arguments."""
        return self._make(Kind.CALL, function, tuple(arguments))

    def comparison(self, sign: str, left: Term, right: Term) -> Term:
        """A condition."""
        return self._make(Kind.COMPARISON, sign, (left, right))

    # ------------------------------------------------------------------ sums
    def sum(self, terms: Iterable[Term]) -> Term:
        """The sum, like terms collected in the order of their first appearance."""
        collected: dict[Term, Fraction] = {}
        number, is_decimal, place = Fraction(0), False, -1
        for term in self._flat_sum(terms):
            if term.kind is Kind.NUMBER:
                value, decimal = number_of(term)
                place = len(collected) if place < 0 else place
                number, is_decimal = number + value, is_decimal or decimal
            else:
                coefficient, rest = self._split(term)
                collected[rest] = collected.get(rest, Fraction(0)) + coefficient
        parts = [self.scaled(rest, coefficient) for rest, coefficient in collected.items()]
        if place >= 0:
            parts.insert(place, self.number(number, decimal=is_decimal))
        parts = [part for part in parts if part is not self.zero]
        if len(parts) < 2:
            return parts[0] if parts else self.zero
        return self._make(Kind.SUM, None, tuple(parts))

    def _flat_sum(self, terms: Iterable[Term]) -> Iterable[Term]:
        for term in terms:
            if term.kind is Kind.SUM:
                yield from term.parts
            elif term.kind is Kind.PRODUCT and term.head == -1 and term.parts[0].kind is Kind.SUM:
                yield from (self.negative(part) for part in term.parts[0].parts) if len(term.parts) == 1 else (term,)
            else:
                yield term

    def _split(self, term: Term) -> tuple[Fraction, Term]:
        """The coefficient and what it multiplies."""
        if term.kind is not Kind.PRODUCT or term.head == 1:
            return Fraction(1), term
        coefficient = coefficient_of(term)
        rest = term.parts[0] if len(term.parts) == 1 else self._make(Kind.PRODUCT, Fraction(1), term.parts)
        return coefficient, rest

    def scaled(self, term: Term, coefficient: Fraction) -> Term:
        """The term times a number; the number 1 leaves it as it is."""
        return term if coefficient == 1 else self.product([self.number(coefficient), term])

    def negative(self, term: Term) -> Term:
        """The term with the other sign."""
        return self.product([self.minus_one, term])

    # ------------------------------------------------------------------ products and powers
    def product(self, factors: Iterable[Term]) -> Term:
        """The product: numbers first, then constants, names, brackets and functions; equal bases become powers."""
        coefficient, exponents = Fraction(1), dict[Term, list[Term]]()
        waiting = list(factors)[::-1]
        while waiting:
            factor = waiting.pop()
            if factor.kind is Kind.PRODUCT:
                coefficient *= coefficient_of(factor)
                waiting.extend(reversed(factor.parts))
            elif _is_reckoned(factor):
                coefficient *= number_of(factor)[0]
            else:
                base, exponent = self._base(factor)
                exponents.setdefault(base, []).append(exponent)
        if coefficient == 0:
            return self.zero
        parts = [self.power(base, self.sum(many)) for base, many in exponents.items()]
        if any(part.kind is Kind.PRODUCT or _is_reckoned(part) for part in parts):
            return self.product([self._make(Kind.PRODUCT, coefficient), *parts])
        coefficient, parts = self._reckon(coefficient, parts)
        return self._expanded(coefficient, parts) or self._assembled(coefficient, parts)

    def _base(self, factor: Term) -> tuple[Term, Term]:
        """The base and the exponent of a factor; exp(-2x) is a power of exp(x), exp(-x/2) one of exp(x/2)."""
        if factor.kind is Kind.POWER:
            return factor.parts[0], factor.parts[1]
        if factor.kind is Kind.CALL and factor.head == "np.exp":
            coefficient, rest = self._split(factor.parts[0])
            whole = self.scaled(rest, Fraction(1, coefficient.denominator))
            return self.call("np.exp", [whole]), self.number(coefficient.numerator)
        return factor, self.one

    def _expanded(self, coefficient: Fraction, parts: list[Term]) -> Term | None:
        """The product multiplied out over a sum that nobody wrote, so that like terms meet."""
        for index, part in enumerate(parts):
            others = parts[:index] + parts[index + 1 :]
            stays = part.kind is not Kind.SUM or part in self.written or part in self.kept
            if stays or not (others or coefficient != 1):
                continue
            if self.expanding or all(_rank(other) < _BRACKET for other in others):
                return self.sum(self.product([self._make(Kind.PRODUCT, coefficient), *others, x]) for x in part.parts)
        return None

    def _assembled(self, coefficient: Fraction, parts: list[Term]) -> Term:
        if not _is_tame(coefficient):
            sign = Fraction(1 if coefficient > 0 else -1)
            parts, coefficient = [self.number(abs(coefficient)), *parts], sign
        parts.sort(key=lambda part: (_rank(part), part.serial))
        if coefficient == 1 and len(parts) == 1:
            return parts[0]
        return self._make(Kind.PRODUCT, coefficient, tuple(parts)) if parts else self.number(coefficient)

    def _reckon(self, coefficient: Fraction, parts: Iterable[Term]) -> tuple[Fraction, list[Term]]:
        """2 · 0.5 is 1: a measured constant that a small number makes whole goes with it; signs go to the front."""
        kept = []
        for part in parts:
            if part.kind is not Kind.NUMBER:
                kept.append(part)
                continue
            value, decimal = number_of(part)
            together = coefficient * value
            if coefficient not in (1, -1) and together.denominator == 1 and abs(together) < _RECKONED:
                coefficient = together
            else:
                coefficient *= 1 if value > 0 else -1
                kept.append(self.number(abs(value), decimal=decimal))
        return coefficient, kept

    def power(self, base: Term, exponent: Term) -> Term:
        """The power; exponents of powers are multiplied only where that holds for every real base."""
        if exponent is self.zero or base is self.one:
            return self.one
        if exponent is self.one:
            return base
        if _is_whole(exponent):
            if _is_reckoned(base) and (result := _small_power(number_of(base)[0], number_of(exponent)[0])) is not None:
                return self.number(result)
            if base.kind is Kind.POWER:
                return self.power(base.parts[0], self.product([base.parts[1], exponent]))
            if base.kind is Kind.CALL and base.head == "np.exp":
                return self.call("np.exp", [self.product([exponent, base.parts[0]])])
            if base.kind is Kind.PRODUCT:
                parts = (self.number(coefficient_of(base)), *base.parts)
                return self.product([self.power(part, exponent) for part in parts])
        return self._make(Kind.POWER, None, (base, exponent))

    def reciprocal(self, term: Term) -> Term:
        """1 / term."""
        return self.power(term, self.minus_one)

    def quotient(self, numerator: Term, denominator: Term) -> Term:
        """The numerator over the denominator."""
        return self.product([numerator, self.reciprocal(denominator)])

    def with_parts(self, term: Term, parts: Sequence[Term]) -> Term:
        """The same kind of term over other parts."""
        match term.kind:
            case Kind.SUM:
                return self.sum(parts)
            case Kind.PRODUCT:
                return self.product([self._make(Kind.PRODUCT, term.head), *parts])
            case Kind.POWER:
                return self.power(parts[0], parts[1])
            case Kind.CALL:
                return self.call(str(term.head), parts)
            case Kind.COMPARISON:
                return self.comparison(str(term.head), parts[0], parts[1])
        return term

    # ------------------------------------------------------------------ choices
    def choice(self, condition: Term, then: Term, otherwise: Term) -> Term:
        """One value where the condition holds, another elsewhere."""
        return then if then is otherwise else self.call("np.where", (condition, then, otherwise))


# ---------------------------------------------------------------------- questions about terms
def number_of(term: Term) -> tuple[Fraction, bool]:
    """The value of a number, and whether it is written as a decimal fraction."""
    return term.head  # type: ignore[return-value]  # as `Algebra.number` makes it


def coefficient_of(product: Term) -> Fraction:
    """The small number in front of a product."""
    return product.head  # type: ignore[return-value]  # as `Algebra.product` makes it


def in_order(*terms: Term) -> list[Term]:
    """Every term below these once, parts before what they are part of."""
    seen, stack = set(terms), list(terms)
    while stack:
        for part in stack.pop().parts:
            if part not in seen:
                seen.add(part)
                stack.append(part)
    return sorted(seen, key=lambda term: term.serial)


def names_in(term: Term) -> frozenset[str]:
    """The names that occur in a term."""
    return frozenset(str(part.head) for part in in_order(term) if part.kind is Kind.NAME)


def _small_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    """The power where it is a small number, else None."""
    if abs(exponent) > _HIGHEST or (base == 0 and exponent < 0):
        return None
    result = base ** int(exponent)
    return result if max(abs(result.numerator), result.denominator) < _RECKONED else None


def _is_whole(term: Term) -> bool:
    return term.kind is Kind.NUMBER and number_of(term)[0].denominator == 1


def _is_reckoned(term: Term) -> bool:
    """Is this a number that is multiplied out: small and not written as a decimal fraction?"""
    if term.kind is not Kind.NUMBER:
        return False
    value, decimal = number_of(term)
    return not decimal and max(abs(value.numerator), value.denominator) < _RECKONED


def _is_tame(value: Fraction) -> bool:
    """Has the fraction few enough digits to be written as one?"""
    return abs(value.numerator) < _WILD and value.denominator < _WILD


def _tame(value: Fraction) -> Fraction:
    """The fraction, or the nearest float where it has too many digits."""
    return value if _is_tame(value) else Fraction(repr(float(value)))


def _is_short_decimal(value: Fraction) -> bool:
    """Has the number a decimal fraction that is exactly what a float prints?"""
    return Fraction(repr(float(value))) == value and len(repr(float(value))) <= _LONGEST_DECIMAL


def _rank(part: Term) -> int:
    """Where a factor stands in a product."""
    base, exponent = part.parts if part.kind is Kind.POWER else (part, None)
    if exponent is not None and exponent.kind is not Kind.NUMBER:
        return _BRACKET
    match base.kind:
        case Kind.NUMBER:
            return 0
        case Kind.CONSTANT:
            return 1
        case Kind.NAME:
            return 2
        case Kind.CALL if base.head == "np.where":
            return 5
        case Kind.CALL:
            return 4
    return _BRACKET
