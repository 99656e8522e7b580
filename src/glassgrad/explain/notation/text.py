"""Text for a Python expression: mathematics in Unicode for a terminal, or ASCII that Python reads back."""

import ast
from collections.abc import Mapping, Sequence

from glassgrad.explain.notation.expressions import layout
from glassgrad.explain.notation.forms import Fence
from glassgrad.explain.notation.layout import Edge, Level, Page, Piece, Rope, flatten, ranks_of
from glassgrad.explain.notation.signs import Column, Spelling
from glassgrad.explain.notation.symbols import Symbol, superscript

_LONGEST_FENCED = 40  # parts; behind more, a closing bar is hard to match by eye


def to_text(
    expression: ast.expr,
    symbols: Mapping[str, Symbol] | None = None,
    *,
    unicode: bool = True,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    subscripts: bool = False,
) -> str:
    """The expression as one line of text, constants and order as written.

    With `unicode=False` it is ASCII in Python's operators, names as they are; it parses to the same value.
    `subscripts` shows z₁ for z1.

    >>> to_text(ast.parse("101325*exp(-(0.5*9.8*t**2))", mode="eval").body)
    '101325 exp(-0.5 · 9.8 t²)'
    >>> to_text(ast.parse("a/(b*c) - (d - 1)", mode="eval").body, unicode=False)
    'a / (b * c) - (d - 1)'
    """
    if unicode:
        backend = _UnicodeBackend()
        page = Page(backend, backend, backend, None, symbols or {}, ranks_of(shapes), subscripts)
    else:
        ascii_backend = _AsciiBackend()
        page = Page(ascii_backend, ascii_backend, None, None, symbols or {}, ranks_of(shapes))
    return flatten(layout(expression, page, inline=True).rope)


class _AsciiBackend:
    """Python's own spelling, without module names. Arguments arrive bracketed."""

    column = Column.ASCII

    def name(self, identifier: str, symbol: Symbol) -> Rope:
        return identifier

    def function(self, identifier: str, symbol: Symbol) -> Rope:
        return identifier

    def number(self, digits: str) -> Rope:
        return digits

    def scientific(self, mantissa: str, exponent: str) -> Piece:
        return _scientific(mantissa, exponent, Level.ATOM)

    def verbatim(self, source: str) -> Rope:
        return source

    def spelled(self, spelling: Spelling) -> Rope:
        return spelling.ascii

    def brackets(self, body: Rope) -> Rope:
        return ("(", body, ")")

    def infix(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        return _interleaved(parts, [sign.ascii for sign in between])

    def compare(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        return self.infix(parts, between)

    def prefix(self, sign: Spelling, body: Rope) -> Rope:
        return (sign.ascii, body)

    def power(self, base: Rope, exponent: Piece, integer: int | None) -> Rope:
        return (base, "**", exponent.rope)

    def call(self, head: Rope, arguments: Sequence[Rope]) -> Rope:
        return (head, "(", _commas(arguments), ")")

    def keyword(self, name: str, value: Rope) -> Rope:
        return (name, "=", value)

    def sequence(self, items: Sequence[Rope], *, is_tuple: bool) -> Rope:
        return _sequence(items, is_tuple=is_tuple)

    def index(self, base: Rope, indices: Sequence[Rope]) -> Rope:
        return (base, "[", _commas(indices), "]")

    def attribute(self, base: Rope, name: str) -> Rope:
        return (base, ".", name)

    def cases(self, rows: Sequence[tuple[Piece, Piece | None]]) -> Piece:
        """`a if c else b if d else e`; without a last value, nan as SymPy has it."""
        ropes: list[Rope] = []
        for value, condition in rows:
            shown = self._operand(value)
            ropes += [shown] if condition is None else [shown, " if ", self._operand(condition), " else "]
        if rows[-1][1] is not None:
            ropes.append("nan")
        return Piece(tuple(ropes), Level.CASES)

    def indicator(self, condition: Rope) -> Rope:
        return self.brackets(condition)

    def _operand(self, piece: Piece) -> Rope:
        return piece.rope if piece.level > Level.CASES else self.brackets(piece.rope)


class _UnicodeBackend:
    """Mathematics on one line in Unicode signs. Arguments arrive bracketed."""

    column = Column.TEXT

    def name(self, identifier: str, symbol: Symbol) -> Rope:
        return symbol.text

    def function(self, identifier: str, symbol: Symbol) -> Rope:
        return symbol.text

    def number(self, digits: str) -> Rope:
        return digits

    def scientific(self, mantissa: str, exponent: str) -> Piece:
        return _scientific(mantissa, exponent, Level.POWER)

    def verbatim(self, source: str) -> Rope:
        return source

    def spelled(self, spelling: Spelling) -> Rope:
        return spelling.text

    def brackets(self, body: Rope) -> Rope:
        return ("(", body, ")")

    def infix(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        return _interleaved(parts, [sign.text for sign in between])

    def compare(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        return self.infix(parts, between)

    def prefix(self, sign: Spelling, body: Rope) -> Rope:
        return (sign.text, body)

    def power(self, base: Rope, exponent: Piece, integer: int | None) -> Rope:
        return (base, "^", exponent.rope) if integer is None else (base, superscript(integer))

    def call(self, head: Rope, arguments: Sequence[Rope]) -> Rope:
        return (head, "(", _commas(arguments), ")")

    def keyword(self, name: str, value: Rope) -> Rope:
        return (name, "=", value)

    def sequence(self, items: Sequence[Rope], *, is_tuple: bool) -> Rope:
        return _sequence(items, is_tuple=is_tuple)

    def index(self, base: Rope, indices: Sequence[Rope]) -> Rope:
        return (base, "[", _commas(indices), "]")

    def attribute(self, base: Rope, name: str) -> Rope:
        return (base, ".", name)

    def cases(self, rows: Sequence[tuple[Piece, Piece | None]]) -> Piece:
        ropes: list[Rope] = []
        for value, condition in rows:
            when: Rope = " otherwise" if condition is None else (" if ", condition.rope)
            ropes.append(("; " if ropes else "", value.rope, when))
        return Piece(("{", *ropes, "}"))

    def indicator(self, condition: Rope) -> Rope:
        return ("[", condition, "]")

    def fence(self, fence: Fence, name: str, body: Rope) -> Rope:
        left, right = fence.left.text, fence.right.text
        if left == right and not _is_clear(body, left):
            return (name, "(", body, ")")
        return (left, body, right)

    def root(self, degree: int, body: Piece) -> Piece:
        sign = "√" if degree == 2 else "∛"
        is_bare = body.level is Level.ATOM and body.lead in {Edge.LETTER, Edge.NUMBER, Edge.WORD}
        return Piece((sign, body.rope if is_bare else ("(", body.rope, ")")), Level.POWER, rank=body.rank)

    def mark(self, base: Rope, mark: Spelling, *, is_raised: bool) -> Rope:
        return (base, mark.text)

    def index_sum(self, indices: str, factors: Sequence[tuple[Rope, str]]) -> Rope:
        product: list[Rope] = []
        for base, marks in factors:
            product += [" · " if product else "", base, f"[{','.join(marks)}]" if marks else ""]
        return (f"Σ_{','.join(indices)} " if indices else "", tuple(product))


def _scientific(mantissa: str, exponent: str, level: Level) -> Piece:
    return Piece(f"{mantissa}e{exponent}", level, lead=Edge.NUMBER, trail=Edge.NUMBER, is_number=True, rank=0)


def _interleaved(parts: Sequence[Rope], between: Sequence[str]) -> Rope:
    ropes: list[Rope] = [parts[0]]
    for sign, part in zip(between, parts[1:], strict=True):
        ropes += [sign, part]
    return tuple(ropes)


def _commas(items: Sequence[Rope]) -> Rope:
    return _interleaved(items, [", "] * (len(items) - 1)) if items else ""


def _sequence(items: Sequence[Rope], *, is_tuple: bool) -> Rope:
    if not is_tuple:
        return ("[", _commas(items), "]")
    return ("(", _commas(items), ",)" if len(items) == 1 else ")")


def _is_clear(body: Rope, sign: str) -> bool:
    """Whether a body is short and free of the sign, so that the sign on both sides is not misread."""
    stack: list[Rope] = [body]
    left = _LONGEST_FENCED
    while stack and left:
        part = stack.pop()
        left -= 1
        if isinstance(part, tuple):
            stack.extend(part)
        elif sign in part:
            return False
    return not stack
