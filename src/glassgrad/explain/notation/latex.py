"""LaTeX for a Python expression."""

import ast
from collections.abc import Mapping, Sequence

from glassgrad.explain.notation.escape import latex_text, latex_word
from glassgrad.explain.notation.expressions import layout
from glassgrad.explain.notation.forms import Fence
from glassgrad.explain.notation.layout import Edge, Level, Page, Piece, Rope, flatten, ranks_of
from glassgrad.explain.notation.signs import Column, Spelling
from glassgrad.explain.notation.symbols import Symbol


def to_latex(
    expression: ast.expr,
    symbols: Mapping[str, Symbol] | None = None,
    *,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    inline: bool = False,
) -> str:
    r"""The expression as LaTeX (amsmath), constants and order as written.

    `symbols` displays names, `shapes` tells which names are arrays, `inline` writes quotients with a slash.

    >>> to_latex(ast.parse("0.5*9.8*t**2 / x1", mode="eval").body)
    '\\frac{0.5 \\cdot 9.8 \\, t^{2}}{x_{1}}'
    """
    backend = _LatexBackend()
    page = Page(backend, backend, backend, backend, symbols or {}, ranks_of(shapes))
    return flatten(layout(expression, page, inline=inline).rope)


class _LatexBackend:
    """Draws every construct in LaTeX. Arguments arrive bracketed."""

    column = Column.LATEX

    def name(self, identifier: str, symbol: Symbol) -> Rope:
        return symbol.latex

    def function(self, identifier: str, symbol: Symbol) -> Rope:
        return symbol.latex

    def number(self, digits: str) -> Rope:
        return digits

    def scientific(self, mantissa: str, exponent: str) -> Piece:
        if mantissa == "1":
            return Piece(f"10^{{{exponent}}}", Level.POWER, Edge.NUMBER, Edge.LETTER, rank=0)
        return Piece(rf"{mantissa} \cdot 10^{{{exponent}}}", Level.PRODUCT, Edge.NUMBER, Edge.LETTER, rank=0)

    def verbatim(self, source: str) -> Rope:
        return rf"\texttt{{{latex_text(source)}}}"

    def spelled(self, spelling: Spelling) -> Rope:
        return spelling.latex

    def brackets(self, body: Rope) -> Rope:
        return (r"\left(", body, r"\right)")

    def infix(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        ropes: list[Rope] = [parts[0]]
        for sign, part in zip(between, parts[1:], strict=True):
            ropes += [sign.latex, part]
        return tuple(ropes)

    def compare(self, parts: Sequence[Rope], between: Sequence[Spelling]) -> Rope:
        return self.infix(parts, between)

    def prefix(self, sign: Spelling, body: Rope) -> Rope:
        return (sign.latex, body)

    def power(self, base: Rope, exponent: Piece, integer: int | None) -> Rope:
        return self.scripts(base, None, exponent.rope)

    def call(self, head: Rope, arguments: Sequence[Rope]) -> Rope:
        return (head, self.brackets(_commas(arguments)))

    def keyword(self, name: str, value: Rope) -> Rope:
        return (latex_word(name), " = ", value)

    def sequence(self, items: Sequence[Rope], *, is_tuple: bool) -> Rope:
        left, right = (r"\left(", r"\right)") if is_tuple else (r"\left[", r"\right]")
        return (left, _commas(items), right)

    def index(self, base: Rope, indices: Sequence[Rope]) -> Rope:
        return self.scripts(base, _commas(indices, r",\, "), None)

    def attribute(self, base: Rope, name: str) -> Rope:
        return (base, ".", latex_word(name))

    def cases(self, rows: Sequence[tuple[Piece, Piece | None]]) -> Piece:
        lines: list[Rope] = []
        for value, condition in rows:
            when: Rope = r"\text{otherwise}" if condition is None else (r"\text{if } ", condition.rope)
            lines += [r" \\ " if lines else "", value.rope, " & ", when]
        return Piece((r"\begin{cases} ", *lines, r" \end{cases}"), Level.CASES)

    def indicator(self, condition: Rope) -> Rope:
        return (r"\left[", condition, r"\right]")

    def fence(self, fence: Fence, name: str, body: Rope) -> Rope:
        return (fence.left.latex, body, fence.right.latex)

    def root(self, degree: int, body: Piece) -> Piece:
        index = "" if degree == 2 else f"[{degree}]"
        return Piece((rf"\sqrt{index}{{", body.rope, "}"), Level.POWER, rank=body.rank)

    def mark(self, base: Rope, mark: Spelling, *, is_raised: bool) -> Rope:
        return (base, mark.latex)

    def index_sum(self, indices: str, factors: Sequence[tuple[Rope, str]]) -> Rope:
        product: list[Rope] = []
        for base, marks in factors:
            product += [r" \, " if product else "", base, f"_{{{marks}}}" if marks else ""]
        return (rf"\sum_{{{','.join(indices)}}} " if indices else "", tuple(product))

    def fraction(self, above: Rope, below: Rope) -> Rope:
        return (r"\frac{", above, "}{", below, "}")

    def scripts(self, base: Rope, below: Rope | None, above: Rope | None) -> Rope:
        lower: Rope = "" if below is None else ("_{", below, "}")
        upper: Rope = "" if above is None else ("^{", above, "}")
        return (base, lower, upper)

    def big(self, sign: Spelling, below: Rope | None, body: Rope) -> Rope:
        return (self.scripts(sign.latex, below, None), " ", body)

    def words(self, text: str) -> Rope:
        return rf"\text{{{latex_text(text)}}}" if " " in text else (rf"\{text}" if text == "log" else text)

    def overline(self, body: Rope) -> Rope:
        return (r"\overline{", body, "}")

    def matrix(self, rows: Sequence[Sequence[Rope]]) -> Rope:
        lines: list[Rope] = []
        for row in rows:
            lines += [r" \\ " if lines else "", _commas(row, " & ")]
        return (r"\begin{bmatrix} ", *lines, r" \end{bmatrix}")


def _commas(items: Sequence[Rope], between: str = ", ") -> Rope:
    ropes: list[Rope] = []
    for item in items:
        ropes += [between, item] if ropes else [item]
    return tuple(ropes)
