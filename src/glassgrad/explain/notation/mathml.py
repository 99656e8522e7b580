"""MathML Core for a Python expression: what browsers draw without any script."""

import ast
from collections.abc import Mapping, Sequence
from itertools import chain

from glassgrad.explain.notation.escape import xml
from glassgrad.explain.notation.expressions import layout
from glassgrad.explain.notation.forms import Fence
from glassgrad.explain.notation.latex import to_latex
from glassgrad.explain.notation.layout import Edge, Level, Page, Piece, Rope, flatten, ranks_of
from glassgrad.explain.notation.signs import Column, Spelling
from glassgrad.explain.notation.symbols import Symbol

_SQUARE = 2


def to_mathml(
    expression: ast.expr,
    symbols: Mapping[str, Symbol] | None = None,
    *,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    inline: bool = False,
) -> str:
    """The expression as one MathML element, for inside `<math>`.

    >>> to_mathml(ast.parse("x**2 + 1", mode="eval").body)
    '<mrow><msup><mi>x</mi><mn>2</mn></msup><mo>+</mo><mn>1</mn></mrow>'
    """
    backend = _MathmlBackend()
    page = Page(backend, backend, backend, backend, symbols or {}, ranks_of(shapes))
    return flatten(layout(expression, page, inline=inline).rope)


def math_element(
    expression: ast.expr,
    symbols: Mapping[str, Symbol] | None = None,
    *,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    latex: bool = True,
    display: bool = True,
) -> str:
    """The expression as a whole `<math>` element; `latex` adds its LaTeX as an annotation, for copying."""
    fragment = to_mathml(expression, symbols, shapes=shapes)
    return wrap_math(fragment, to_latex(expression, symbols, shapes=shapes) if latex else None, display=display)


def wrap_math(fragment: str, latex: str | None = None, *, display: bool = True) -> str:
    """A MathML fragment in a `<math>` element, with LaTeX as an annotation where given."""
    opening = '<math display="block">' if display else "<math>"
    if latex is None:
        return f"{opening}{fragment}</math>"
    note = f'<annotation encoding="application/x-tex">{xml(latex)}</annotation>'
    return f"{opening}<semantics>{fragment}{note}</semantics></math>"


class _MathmlBackend:
    """Draws every construct in MathML Core. Every rope is exactly one element."""

    column = Column.MATHML

    def name(self, identifier: str, symbol: Symbol) -> Rope:
        return symbol.mathml

    def function(self, identifier: str, symbol: Symbol) -> Rope:
        return symbol.mathml

    def number(self, digits: str) -> Rope:
        return f"<mn>{xml(digits)}</mn>"

    def scientific(self, mantissa: str, exponent: str) -> Piece:
        digits = exponent.removeprefix("-")
        raised = f"<mrow><mo>−</mo><mn>{digits}</mn></mrow>" if exponent != digits else f"<mn>{digits}</mn>"
        power = f"<msup><mn>10</mn>{raised}</msup>"
        if mantissa == "1":
            return Piece(power, Level.POWER, Edge.NUMBER, Edge.LETTER, rank=0)
        rope = f"<mrow><mn>{xml(mantissa)}</mn><mo>⋅</mo>{power}</mrow>"
        return Piece(rope, Level.PRODUCT, Edge.NUMBER, Edge.LETTER, rank=0)

    def verbatim(self, source: str) -> Rope:
        return f'<mtext style="font-family: monospace">{xml(source)}</mtext>'

    def spelled(self, spelling: Spelling) -> Rope:
        return _identifier(spelling.mathml)

    def brackets(self, body: Rope) -> Rope:
        return _row("<mo>(</mo>", body, "<mo>)</mo>")

    def infix(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        if len(parts) == 1:
            return parts[0]
        ropes: list[Rope] = [parts[0]]
        for sign, part in zip(between, parts[1:], strict=True):
            ropes += [_operator(sign.mathml), part]
        return _row(*ropes)

    def compare(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        return self.infix(parts, between)

    def prefix(self, sign: Spelling, body: Rope) -> Rope:
        return _row(f'<mo form="prefix">{sign.mathml}</mo>', body)

    def power(self, base: Rope, exponent: Piece, integer: int | None) -> Rope:
        return self.scripts(base, None, exponent.rope)

    def call(self, head: Rope, arguments: Sequence[Rope]) -> Rope:
        return _row(head, "<mo>\u2061</mo>", self.brackets(_commas(arguments)))

    def keyword(self, name: str, value: Rope) -> Rope:
        return _row(_identifier(xml(name)), "<mo>=</mo>", value)

    def sequence(self, items: Sequence[Rope], *, is_tuple: bool) -> Rope:
        left, right = "()" if is_tuple else "[]"
        return _row(f"<mo>{left}</mo>", _commas(items), f"<mo>{right}</mo>")

    def index(self, base: Rope, indices: Sequence[Rope]) -> Rope:
        return self.scripts(base, _commas(indices), None)

    def attribute(self, base: Rope, name: str) -> Rope:
        return _row(base, '<mo lspace="0" rspace="0">.</mo>', _identifier(xml(name)))

    def cases(self, rows: Sequence[tuple[Piece, Piece | None]]) -> Piece:
        lines: list[Rope] = []
        for value, condition in rows:
            when: Rope = "<mtext>otherwise</mtext>"
            if condition is not None:
                when = _row("<mtext>if\u00a0</mtext>", condition.rope)
            lines.append(("<mtr>", _LEFT_CELL, value.rope, "</mtd>", _LEFT_CELL, when, "</mtd></mtr>"))
        return Piece(_row("<mo>{</mo>", "<mtable>", *lines, "</mtable>"), Level.CASES)

    def indicator(self, condition: Rope) -> Rope:
        return _row("<mo>[</mo>", condition, "<mo>]</mo>")

    def fence(self, fence: Fence, name: str, body: Rope) -> Rope:
        left = f'<mo fence="true" form="prefix" stretchy="true">{fence.left.mathml}</mo>'
        right = f'<mo fence="true" form="postfix" stretchy="true">{fence.right.mathml}</mo>'
        return _row(left, body, right)

    def root(self, degree: int, body: Piece) -> Piece:
        if degree == _SQUARE:
            return Piece(("<msqrt>", body.rope, "</msqrt>"), Level.POWER, rank=body.rank)
        return Piece(("<mroot>", body.rope, f"<mn>{degree}</mn></mroot>"), Level.POWER, rank=body.rank)

    def mark(self, base: Rope, mark: Spelling, *, is_raised: bool) -> Rope:
        sign = mark.mathml if mark.mathml.startswith("<") else f"<mo>{mark.mathml}</mo>"
        return ("<msup>", base, sign, "</msup>") if is_raised else _row(base, sign)

    def index_sum(self, indices: str, factors: Sequence[tuple[Rope, str]]) -> Rope:
        product: list[Rope] = []
        for base, marks in factors:
            marked = self.scripts(base, _row(*(f"<mi>{mark}</mi>" for mark in marks)), None) if marks else base
            product += [_operator("\u2062 "), marked] if product else [marked]
        if not indices:
            return _row(*product)
        below = _commas([f"<mi>{index}</mi>" for index in indices])
        return _row("<munder><mo>∑</mo>", below, "</munder>", *product)

    def fraction(self, above: Rope, below: Rope) -> Rope:
        return ("<mfrac>", above, below, "</mfrac>")

    def scripts(self, base: Rope, below: Rope | None, above: Rope | None) -> Rope:
        if below is not None and above is not None:
            return ("<msubsup>", base, below, above, "</msubsup>")
        if below is not None:
            return ("<msub>", base, below, "</msub>")
        return base if above is None else ("<msup>", base, above, "</msup>")

    def big(self, sign: Spelling, below: Rope | None, body: Rope) -> Rope:
        operator = f"<mo>{sign.mathml}</mo>"
        return _row(operator if below is None else ("<munder>", operator, below, "</munder>"), body)

    def words(self, text: str) -> Rope:
        return f"<mtext>{xml(text.replace('-', '−'))}</mtext>" if " " in text else _identifier(xml(text))

    def overline(self, body: Rope) -> Rope:
        return ('<mover accent="true">', body, "<mo>¯</mo></mover>")

    def matrix(self, rows: Sequence[Sequence[Rope]]) -> Rope:
        lines: list[Rope] = []
        for row in rows:
            cells: list[Rope] = [("<mtd>", cell, "</mtd>") for cell in row]
            lines.append(("<mtr>", *cells, "</mtr>"))
        return _row("<mo>[</mo>", "<mtable>", *lines, "</mtable>", "<mo>]</mo>")


_LEFT_CELL = '<mtd style="text-align: left">'


def _row(*parts: Rope) -> Rope:
    return ("<mrow>", *parts, "</mrow>")


def _identifier(spelled: str) -> Rope:
    """A name from the tables: one that begins with `<` is an element already."""
    return spelled if spelled.startswith("<") else f"<mi>{spelled}</mi>"


def _operator(sign: str) -> Rope:
    """The element of a sign (which may be one already); a trailing space asks for a thin space behind it."""
    if sign.startswith("<"):
        return sign
    if sign.endswith(" "):
        return f'<mo>{sign[:-1]}</mo><mspace width="0.167em"/>'
    return f"<mo>{sign}</mo>"


def _commas(items: Sequence[Rope]) -> Rope:
    if len(items) == 1:
        return items[0]
    return _row(*chain.from_iterable(("<mo>,</mo>", item) if place else (item,) for place, item in enumerate(items)))
