"""The smallest parts of an expression: names, numbers and other literals, signs in front, verbatim code."""

import ast
from numbers import Real

from glassgrad.explain.notation import signs
from glassgrad.explain.notation.layout import Edge, Level, Page, Piece, bracketed
from glassgrad.explain.notation.signs import Column, Spelling
from glassgrad.explain.notation.table import CONSTANTS, LITERALS
from glassgrad.explain.notation.walk import Steps, source_of


def verbatim(node: ast.AST, page: Page) -> Piece:
    """Code as it stands, for what has no mathematical form."""
    source = source_of(node)
    is_closed = page.column is Column.SYMPY or not page.is_exact or source[:1] in "[{*"
    return Piece(page.backend.verbatim(source), Level.ATOM if is_closed else Level.COMMA)


def compose_name(identifier: str, page: Page) -> Steps:
    """A name by its symbol; what its symbol looks like decides its neighbouring signs and brackets."""
    yield from ()
    if identifier == "pi" and identifier not in page.symbols:
        return Piece(page.backend.spelled(CONSTANTS["pi"]), lead=Edge.LETTER, trail=Edge.LETTER, rank=0)
    symbol = page.symbol(identifier)
    rope = page.backend.name(identifier, symbol)
    rank = page.ranks.get(identifier)
    if not symbol.atomic and not page.is_exact:
        level = Level.PRODUCT if page.typesetting is None else Level.FRACTION
        return Piece(rope, level, Edge.WORD, Edge.WORD, has_slash=page.typesetting is None, rank=rank)
    edge = Edge.WORD if symbol.latex.startswith((r"\mathrm", r"\text")) else Edge.LETTER
    below, above = _scripts(symbol.latex)
    return Piece(rope, lead=edge, trail=edge, has_subscript=below, has_superscript=above, rank=rank)


def _scripts(latex: str) -> tuple[bool, bool]:
    """Whether a symbol carries marks below and above, outside of any braces."""
    depth, found = 0, {"_": False, "^": False, "'": False}
    for before, character in zip(" " + latex, latex, strict=False):
        depth += (character == "{") - (character == "}")
        if depth == 0 and character in found and before != "\\":
            found[character] = True
    return found["_"], found["^"] or found["'"]


def compose_constant(value: object, page: Page, *, inline: bool) -> Steps:
    """A literal: numbers as the shortest decimal of their value, everything else as Python writes it."""
    match value:
        case bool() | None:
            return Piece(page.backend.spelled(LITERALS[str(value)]), lead=Edge.WORD, trail=Edge.WORD, rank=0)
        case Real():
            return _number(_digits(value), page)
        case complex():
            return (yield from _complex(value, page, inline=inline))
        case _ if value is ...:
            return Piece(page.backend.spelled(LITERALS["..."]))
        case _:
            return Piece(page.backend.verbatim(repr(value)))


def _digits(value: object) -> str:
    """The shortest decimal that reads back as the value; hexadecimal where Python refuses a huge integer."""
    try:
        return str(value)
    except ValueError:
        return f"{value:#x}"


def _complex(value: complex, page: Page, *, inline: bool) -> Steps:
    if value.real:
        whole = ast.BinOp(ast.Constant(_plain(value.real)), ast.Add(), ast.Constant(complex(0, value.imag)))
        return (yield whole, inline)
    if value.imag == 1:
        return Piece(page.backend.spelled(LITERALS["i"]), lead=Edge.LETTER, trail=Edge.LETTER, rank=0)
    if page.column is Column.ASCII:
        return _number(f"{_plain(value.imag)}j", page)
    return (yield ast.BinOp(ast.Constant(_plain(value.imag)), ast.Mult(), ast.Constant(1j)), inline)


def _plain(value: float) -> float:
    """A whole float as an integer, so that it prints without .0."""
    return int(value) if value.is_integer() and abs(value) < 1e16 else value


def _number(digits: str, page: Page) -> Piece:
    if digits.startswith("-"):
        return negated(_number(digits[1:], page), page)
    if digits in {"inf", "nan"}:
        return Piece(page.backend.spelled(CONSTANTS[digits]), rank=0)
    mantissa, _, exponent = digits.partition("e")
    if exponent and not digits.startswith("0x"):
        return page.backend.scientific(mantissa, str(int(exponent)))
    return Piece(page.backend.number(digits), lead=Edge.NUMBER, trail=Edge.NUMBER, is_number=True, rank=0)


def negated(piece: Piece, page: Page, sign: Spelling = signs.NEGATIVE) -> Piece:
    """A sign in front of a product or anything tighter; never in front of another sign."""
    fits = (piece.level >= Level.PRODUCT or piece.level is Level.BIG) and not piece.is_signed
    inner = piece if fits else bracketed(page, piece)
    rope = page.backend.prefix(sign, inner.rope)
    level = min(inner.level, Level.PRODUCT)
    return Piece(
        rope,
        level,
        trail=inner.trail,
        is_signed=True,
        is_number=inner.is_number,
        is_matmul=inner.is_matmul,
        has_slash=inner.has_slash,
        rank=inner.rank,
    )


def whole_number(node: ast.expr) -> int | None:
    """The value of a literal whole number, signed or not."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case _:
            return None
