"""The spelling that SymPy's parser reads: asin, Abs, Max, Piecewise((a, c), (b, True))."""

import ast
import builtins
import keyword
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import BuiltinFunctionType

from glassgrad.explain.notation.expressions import layout
from glassgrad.explain.notation.layout import Edge, Level, Page, Piece, Rope, flatten
from glassgrad.explain.notation.signs import Column, Spelling
from glassgrad.explain.notation.symbols import Symbol
from glassgrad.explain.notation.sympy_names import NAMES

# Names that a formula may mean as SymPy's constants.
_CONSTANTS = frozenset({"pi", "E"})


def to_sympy(expression: ast.expr, variables: Collection[str] | None = None) -> str:
    """The expression as `sympy.parse_expr` reads it, grouping and numbers as written.

    A name that means something else to SymPy (`beta`, `S`) is spelled `Symbol('beta')`; `E` is Euler's number
    unless `variables` names it. What SymPy cannot say (arrays, `@`, axes) becomes a symbol named by it.

    >>> to_sympy(ast.parse("np.where(x > 0, np.arcsin(x), 1e-4*beta)", mode="eval").body)
    "Piecewise((asin(x), x > 0), (0.0001*Symbol('beta'), True))"
    """
    page = Page(_SympyBackend(frozenset(variables or ())), None, None, None, {}, {})
    return flatten(layout(expression, page, inline=True).rope)


@dataclass(frozen=True, slots=True)
class _SympyBackend:
    """SymPy's spelling. Arguments arrive bracketed."""

    variables: frozenset[str]

    @property
    def column(self) -> Column:
        return Column.SYMPY

    def name(self, identifier: str, symbol: Symbol) -> Rope:
        is_free = not _means_something(identifier)
        if is_free or (identifier in _CONSTANTS and identifier not in self.variables):
            return identifier
        return f"Symbol({identifier!r})"

    def function(self, identifier: str, symbol: Symbol) -> Rope:
        return f"Function({identifier!r})" if _means_something(identifier) else identifier

    def number(self, digits: str) -> Rope:
        return digits

    def scientific(self, mantissa: str, exponent: str) -> Piece:
        return Piece(f"{mantissa}e{exponent}", lead=Edge.NUMBER, trail=Edge.NUMBER, is_number=True, rank=0)

    def verbatim(self, source: str) -> Rope:
        return f"Symbol({source!r})"

    def spelled(self, spelling: Spelling) -> Rope:
        return spelling.sympy

    def brackets(self, body: Rope) -> Rope:
        return ("(", body, ")")

    def infix(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        """Signs between the parts; a sign made of letters is a function of them."""
        if between and between[0].sympy.isalpha():
            return self.call(between[0].sympy, parts)
        ropes: list[Rope] = [parts[0]]
        for sign, part in zip(between, parts[1:], strict=True):
            ropes += [sign.sympy, part]
        return tuple(ropes)

    def compare(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        pairs = [
            self.infix([left, right], [sign]) for left, sign, right in zip(parts[:-1], between, parts[1:], strict=True)
        ]
        return pairs[0] if len(pairs) == 1 else self.call("And", pairs)

    def prefix(self, sign: Spelling, body: Rope) -> Rope:
        return (sign.sympy, body)

    def power(self, base: Rope, exponent: Piece, integer: int | None) -> Rope:
        return (base, "**", exponent.rope)

    def call(self, head: Rope, arguments: Sequence[Rope]) -> Rope:
        ropes: list[Rope] = []
        for argument in arguments:
            ropes += [", ", argument] if ropes else [argument]
        return (head, "(", *ropes, ")")

    def sequence(self, items: Sequence[Rope], *, is_tuple: bool) -> Rope:
        return self.call("Tuple", items)

    def cases(self, rows: Sequence[tuple[Piece, Piece | None]]) -> Piece:
        pairs = [
            ("(", value.rope, ", ", "True" if condition is None else condition.rope, ")") for value, condition in rows
        ]
        return Piece(self.call("Piecewise", pairs), Level.CALL)

    def indicator(self, condition: Rope) -> Rope:
        return ("Piecewise((1, ", condition, "), (0, True))")


@lru_cache(maxsize=4096)
def _means_something(identifier: str) -> bool:
    """Whether SymPy's parser would read the name as something other than a free symbol."""
    if len(identifier) == 1 and identifier not in "CEINOQS":
        return False
    if keyword.iskeyword(identifier) or not identifier.isidentifier():
        return True
    if isinstance(getattr(builtins, identifier, None), BuiltinFunctionType | type):
        return True
    return identifier in NAMES
