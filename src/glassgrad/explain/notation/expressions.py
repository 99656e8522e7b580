"""How each kind of Python expression is laid out: one case a node, and the operators."""

import ast

from glassgrad.explain.notation import signs
from glassgrad.explain.notation.access import (
    compose_attribute,
    compose_sequence,
    compose_slice,
    compose_subscript,
)
from glassgrad.explain.notation.atoms import (
    compose_constant,
    compose_name,
    negated,
    verbatim,
    whole_number,
)
from glassgrad.explain.notation.calls import compose_call, raised_function
from glassgrad.explain.notation.choices import compose_choice
from glassgrad.explain.notation.layout import (
    Edge,
    Level,
    Page,
    Piece,
    base_of,
    bracketed,
    fitted,
    joined_rank,
    numeric,
    product_sign,
)
from glassgrad.explain.notation.signs import Column, Spelling
from glassgrad.explain.notation.walk import Steps, spine, walk

_COMPARISONS: dict[type[ast.cmpop], Spelling] = {
    ast.Eq: signs.EQUAL, ast.NotEq: signs.NOT_EQUAL, ast.Lt: signs.LESS, ast.LtE: signs.LESS_EQUAL,
    ast.Gt: signs.GREATER, ast.GtE: signs.GREATER_EQUAL, ast.In: signs.IN, ast.NotIn: signs.NOT_IN,
    ast.Is: signs.IS, ast.IsNot: signs.IS_NOT,
}  # fmt: skip
# The sign of a bitwise operator, and its level in Python and in mathematics.
_BITWISE: dict[type[ast.operator], tuple[Spelling, Level, Level]] = {
    ast.BitAnd: (signs.BIT_AND, Level.BIT_AND, Level.AND),
    ast.BitOr: (signs.BIT_OR, Level.BIT_OR, Level.OR),
    ast.BitXor: (signs.BIT_XOR, Level.BIT_XOR, Level.OR),
    ast.LShift: (signs.SHIFT_LEFT, Level.SHIFT, Level.SHIFT),
    ast.RShift: (signs.SHIFT_RIGHT, Level.SHIFT, Level.SHIFT),
}


def compose(node: ast.expr, page: Page, *, inline: bool) -> Steps:
    """The steps that lay out one node; every node type ends somewhere, if only as verbatim code."""
    match node:
        case ast.Name(id=identifier):
            return (yield from compose_name(identifier, page))
        case ast.Constant(value=value):
            return (yield from compose_constant(value, page, inline=inline))
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            return (yield from _sum(node, page, inline=inline))
        case ast.BinOp(op=ast.Mult()):
            return (yield from _product(node, page, inline=inline))
        case ast.BinOp(op=ast.Div()):
            return (yield from _quotient(node, page, inline=inline))
        case ast.BinOp(op=ast.MatMult()):
            return (yield from _matmul(node, page, inline=inline))
        case ast.BinOp(op=ast.Pow()):
            return (yield from _power(node, page, inline=inline))
        case ast.BinOp(op=ast.FloorDiv() | ast.Mod()):
            return (yield from _modulo(node, page, inline=inline))
        case ast.BinOp(op=op) if type(op) in _BITWISE:
            return (yield from _bitwise(node, page, inline=inline))
        case ast.UnaryOp():
            return (yield from _unary(node, page, inline=inline))
        case ast.Compare():
            return (yield from _compare(node, page, inline=inline))
        case ast.BoolOp():
            return (yield from _logic(node, page, inline=inline))
        case ast.IfExp():
            return (yield from compose_choice(node, page))
        case ast.Call():
            return (yield from compose_call(node, page, inline=inline))
        case ast.Attribute():
            return (yield from compose_attribute(node, page))
        case ast.Subscript():
            return (yield from compose_subscript(node, page))
        case ast.Slice():
            return (yield from compose_slice(node, page))
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return (yield from compose_sequence(items, page, is_tuple=isinstance(node, ast.Tuple)))
        case _:
            return verbatim(node, page)


def _sum(node: ast.BinOp, page: Page, *, inline: bool) -> Steps:
    parts: list[Piece] = []
    between: list[Spelling] = []
    for operator, term in spine(node, (ast.Add, ast.Sub)):
        piece = numeric(page, (yield term, inline))
        if operator is None:
            parts.append(fitted(page, piece, Level.SUM))
            continue
        is_minus = isinstance(operator, ast.Sub)
        loosest = Level.BIG if is_minus or page.is_exact else Level.SUM
        parts.append(fitted(page, piece, loosest, is_first=False))
        between.append(signs.MINUS if is_minus else signs.PLUS)
    rope = page.backend.infix([part.rope for part in parts], between)
    return Piece(rope, Level.SUM, is_signed=parts[0].is_signed, rank=joined_rank([part.rank for part in parts]))


def _product(node: ast.BinOp, page: Page, *, inline: bool) -> Steps:
    pieces: list[Piece] = []
    for _, factor in spine(node, (ast.Mult,)):
        pieces.append(numeric(page, (yield factor, inline)))
    parts: list[Piece] = []
    between: list[Spelling] = []
    rank: int | None = None
    for position, piece in enumerate(pieces):
        loosest = Level.FRACTION if position and page.is_exact else Level.PRODUCT
        part = bracketed(page, piece) if piece.is_matmul else fitted(page, piece, loosest, is_first=position == 0)
        if parts:
            left = Piece("", trail=parts[-1].trail, is_number=parts[-1].is_number, rank=rank)
            between.append(product_sign(left, part))
        rank = joined_rank([rank, part.rank]) if parts else part.rank
        parts.append(part)
    rope = page.backend.infix([part.rope for part in parts], between)
    first, last = parts[0], parts[-1]
    return Piece(rope, Level.PRODUCT, first.lead, last.trail, is_signed=first.is_signed, rank=rank)


def _quotient(node: ast.BinOp, page: Page, *, inline: bool) -> Steps:
    above = numeric(page, (yield node.left, inline))
    below = numeric(page, (yield node.right, inline))
    rank = joined_rank([above.rank, below.rank])
    if page.typesetting is not None and not inline:
        rope = page.typesetting.fraction(above.rope, below.rope)
        return Piece(rope, Level.FRACTION, Edge.FRACTION, Edge.FRACTION, rank=rank)
    above = bracketed(page, above) if above.is_matmul or above.has_slash else fitted(page, above, Level.PRODUCT)
    is_open = below.level is Level.FRACTION and page.typesetting is not None  # a drawn ∂L/∂z below a slash
    below = bracketed(page, below) if is_open else fitted(page, below, Level.FRACTION, is_first=False)
    rope = page.backend.infix([above.rope, below.rope], [signs.DIVIDE])
    return Piece(rope, Level.PRODUCT, above.lead, is_signed=above.is_signed, rank=rank)


def _matmul(node: ast.BinOp, page: Page, *, inline: bool) -> Steps:
    if not signs.MATMUL.of(page.column):
        return verbatim(node, page)
    parts: list[Piece] = []
    for operator, factor in spine(node, (ast.MatMult,)):
        piece = numeric(page, (yield factor, inline))
        parts.append(fitted(page, piece, Level.FRACTION, is_first=operator is None))
    rope = page.backend.infix([part.rope for part in parts], [signs.MATMUL] * (len(parts) - 1))
    ranks = [part.rank for part in parts]
    rank = None if None in ranks else sum(filter(None, ranks)) - 2 * (len(ranks) - 1)
    return Piece(rope, Level.PRODUCT, parts[0].lead, parts[-1].trail, is_matmul=True, rank=rank)


def _power(node: ast.BinOp, page: Page, *, inline: bool) -> Steps:
    if page.typesetting is not None:
        raised = raised_function(node, page)
        if raised is not None:
            return (yield from raised)
    base = base_of(page, numeric(page, (yield node.left, inline)))
    exponent = numeric(page, (yield node.right, True))
    if page.typesetting is None:
        exponent = fitted(page, exponent, Level.POWER, is_first=False)
    rope = page.backend.power(base.rope, exponent, whole_number(node.right))
    rank = joined_rank([base.rank, exponent.rank])
    return Piece(
        rope,
        Level.POWER,
        base.lead,
        Edge.LETTER,
        has_superscript=True,
        has_subscript=base.has_subscript,
        rank=rank,
    )


def _modulo(node: ast.BinOp, page: Page, *, inline: bool) -> Steps:
    is_floor = isinstance(node.op, ast.FloorDiv)
    if is_floor and page.column is not Column.ASCII:
        floor = ast.Attribute(ast.Name("np"), "floor")
        return (yield ast.Call(floor, [ast.BinOp(node.left, ast.Div(), node.right)], []), inline)
    level = Level.FLOORED if page.is_exact else Level.MODULO
    left = fitted(page, numeric(page, (yield node.left, inline)), Level.PRODUCT)
    right = fitted(page, numeric(page, (yield node.right, inline)), Level.FRACTION, is_first=False)
    sign = signs.FLOOR_DIVIDE if is_floor else signs.MODULO
    rope = page.backend.infix([left.rope, right.rope], [sign])
    is_call = page.column is Column.SYMPY
    return Piece(
        rope,
        Level.CALL if is_call else level,
        is_signed=left.is_signed and not is_call,
        rank=joined_rank([left.rank, right.rank]),
    )


def _bitwise(node: ast.BinOp, page: Page, *, inline: bool) -> Steps:
    sign, code_level, math_level = _BITWISE[type(node.op)]
    if not sign.of(page.column):
        return verbatim(node, page)
    level = code_level if page.is_exact else math_level
    left = yield node.left, inline
    right = yield node.right, inline
    tighter = Level(level + 1)
    parts = [fitted(page, left, level).rope, fitted(page, right, tighter, is_first=False).rope]
    rope = page.backend.infix(parts, [sign])
    is_boolean = left.is_boolean and right.is_boolean
    is_call = page.column is Column.SYMPY
    return Piece(
        rope,
        Level.CALL if is_call else level,
        is_boolean=is_boolean,
        rank=joined_rank([left.rank, right.rank]),
    )


def _unary(node: ast.UnaryOp, page: Page, *, inline: bool) -> Steps:
    operand = yield node.operand, inline
    if isinstance(node.op, ast.USub | ast.UAdd):
        sign = signs.NEGATIVE if isinstance(node.op, ast.USub) else signs.POSITIVE
        return negated(numeric(page, operand), page, sign)
    is_not = isinstance(node.op, ast.Not)
    if page.column is Column.SYMPY:
        rope = page.backend.call("Not", [operand.rope])
        return Piece(rope, Level.CALL, is_boolean=True, rank=operand.rank)
    loosest = Level.NOT if is_not and page.is_exact else Level.POWER
    rope = page.backend.prefix(signs.NOT if is_not else signs.COMPLEMENT, fitted(page, operand, loosest).rope)
    level = Level.NOT if is_not else Level.PRODUCT
    return Piece(rope, level, is_signed=not is_not, is_boolean=is_not or operand.is_boolean, rank=operand.rank)


def _compare(node: ast.Compare, page: Page, *, inline: bool) -> Steps:
    parts: list[Piece] = []
    for operand in (node.left, *node.comparators):
        piece = yield operand, inline
        parts.append(fitted(page, piece, Level(Level.COMPARE + 1)))
    between = [_COMPARISONS[type(op)] for op in node.ops]
    if not all(sign.of(page.column) for sign in between):
        return verbatim(node, page)
    rope = page.backend.compare([part.rope for part in parts], between)
    level = Level.CALL if page.column is Column.SYMPY and len(between) > 1 else Level.COMPARE
    return Piece(rope, level, is_boolean=True, rank=joined_rank([part.rank for part in parts]))


def _logic(node: ast.BoolOp, page: Page, *, inline: bool) -> Steps:
    is_and = isinstance(node.op, ast.And)
    level = Level.AND if is_and else Level.OR
    parts: list[Piece] = []
    for value in node.values:
        piece = yield value, inline
        parts.append(fitted(page, piece, Level(level + 1)))
    sign = signs.AND if is_and else signs.OR
    rope = page.backend.infix([part.rope for part in parts], [sign] * (len(parts) - 1))
    is_call = page.column is Column.SYMPY
    return Piece(
        rope,
        Level.CALL if is_call else level,
        is_boolean=True,
        rank=joined_rank([part.rank for part in parts]),
    )


def layout(expression: ast.expr, page: Page, *, inline: bool) -> Piece:
    """The whole expression, laid out."""
    return walk(expression, lambda node, is_inline: compose(node, page, inline=is_inline), inline=inline)
