"""How a call is laid out, by the form that the table of notations gives to its function."""

import ast
from functools import lru_cache

from glassgrad.explain.notation import signs
from glassgrad.explain.notation.callee import Called, head_of, identify, is_sympy, opaque, plain_call
from glassgrad.explain.notation.choices import choice_rows, compose_choice
from glassgrad.explain.notation.contraction import compose_einsum
from glassgrad.explain.notation.forms import (
    Fence,
    Form,
    Function,
    Indexed,
    Infix,
    Mark,
    Reduction,
    Rewrite,
    Root,
)
from glassgrad.explain.notation.layout import (
    Edge,
    Level,
    Page,
    Piece,
    base_of,
    fitted,
    joined_rank,
    numeric,
)
from glassgrad.explain.notation.reductions import compose_norm, compose_reduction
from glassgrad.explain.notation.symbols import function_symbol
from glassgrad.explain.notation.table import CONSTANTS, NOTATIONS, OWN_WITHOUT_MODULE
from glassgrad.explain.notation.walk import Steps, is_short, source_of

_PLACEHOLDERS = "abc"
_HIGHEST_RAISED = 9  # sin²(x) … sin⁹(x)


def compose_call(node: ast.Call, page: Page, *, inline: bool) -> Steps:
    """The steps that lay out a call."""
    called = identify(node, page)
    if is_sympy(page):
        return (yield from _sympy_call(called, page))
    if called.notation is None:
        return (yield from plain_call(called, page))
    match called.notation.shape:
        case Rewrite(template=template, page_only=page_only):
            if (page.typesetting is None and page_only) or not _fits(template, called):
                return (yield from plain_call(called, page))
            return (yield _filled(template, called), inline)
        case Reduction() as form:
            return (yield from compose_reduction(called, page, form, inline=inline))
        case Form() as form:
            return (yield from _own_form(form, called, page, inline=inline))
        case form if page.drawing is not None and not called.keywords:
            return (yield from _drawn(form, called, page, inline=inline))
        case Mark() if called.notation.spelling.ascii == ".T" and len(called.arguments) == 1:
            return (yield from transposed(called.arguments[0], page))
        case _:
            return (yield from plain_call(called, page))


def transposed(operand: ast.expr, page: Page) -> Steps:
    """The transpose: Aᵀ, A.T in code, opaque for SymPy."""
    if is_sympy(page):
        return Piece(page.backend.verbatim(source_of(ast.Attribute(operand, "T"))))
    base = base_of(page, (yield operand, False))
    spelling = NOTATIONS["transpose"].spelling
    if page.drawing is None:
        if base.is_number:
            base = Piece(page.backend.brackets(base.rope))
        return Piece((base.rope, spelling.ascii), Level.CALL, base.lead, rank=base.rank)
    rope = page.drawing.mark(base.rope, spelling, is_raised=True)
    return Piece(rope, Level.POWER, base.lead, Edge.LETTER, has_superscript=True, rank=base.rank)


def raised_function(node: ast.BinOp, page: Page) -> Steps | None:
    """The steps of sin²(x) for a power of a function that is written so; None for any other power."""
    match node.left, node.right:
        case ast.Call() as call, ast.Constant(value=int(exponent)) if 1 < exponent <= _HIGHEST_RAISED:
            called = identify(call, page)
            if called.notation is not None and called.notation.shape == Function(raisable=True):
                return _raised(called, node.right, page)
    return None


def _raised(called: Called, exponent: ast.expr, page: Page) -> Steps:
    raised = yield exponent, True
    head = head_of(called, page)
    if page.typesetting is not None:
        head = page.typesetting.scripts(head, None, raised.rope)
    return (yield from plain_call(called, page, head=head))


def _own_form(form: Form, called: Called, page: Page, *, inline: bool) -> Steps:
    match form:
        case Form.EXPONENTIAL if page.typesetting is not None and len(called.arguments) == 1:
            return (yield from _exponential(called, page))
        case Form.LOGARITHM if len(called.arguments) > 1:
            return (yield from _logarithm(called, page))
        case Form.NORM:
            return (yield from compose_norm(called, page, inline=inline))
        case Form.OVERLINE if page.typesetting is not None and len(called.arguments) == 1 and not called.keywords:
            body = yield called.arguments[0], inline
            return Piece(page.typesetting.overline(body.rope), has_superscript=True, rank=body.rank)
        case Form.WHERE | Form.SELECT | Form.NUMPY_PIECEWISE | Form.PIECEWISE if choice_rows(called.node):
            return (yield from compose_choice(called.node, page))
        case Form.EINSUM:
            return (yield from compose_einsum(called, page))
        case Form.ARRAY if called.arguments:
            return (yield from _array(called.arguments[0], page))
        case Form.IDENTITY if called.arguments:
            return numeric(page, (yield called.arguments[0], inline))
        case _:
            return (yield from plain_call(called, page))


def _drawn(form: object, called: Called, page: Page, *, inline: bool) -> Steps:
    """The forms that have signs of their own in mathematics."""
    match form, page.drawing, called.arguments:
        case Fence() as fence, drawing, [_, *_] if drawing is not None:
            parts: list[Piece] = []
            for argument in called.arguments:
                parts.append((yield argument, inline))  # noqa: PERF401 (a yield cannot be in a comprehension)
            body = page.backend.infix([part.rope for part in parts], [signs.COMMA] * (len(parts) - 1))
            name = called.notation.spelling.ascii if called.notation else called.name
            rank = parts[0].rank if len(parts) == 1 else None
            return Piece(drawing.fence(fence, name, body if len(parts) > 1 else parts[0].rope), Level.CALL, rank=rank)
        case Root(degree=degree), drawing, [argument] if drawing is not None:
            piece = yield argument, inline
            return drawing.root(degree, piece)
        case Mark(is_raised), drawing, [argument] if drawing is not None and called.notation is not None:
            base = base_of(page, (yield argument, False))
            rope = drawing.mark(base.rope, called.notation.spelling, is_raised=is_raised)
            return Piece(rope, Level.POWER, base.lead, Edge.LETTER, has_superscript=is_raised, rank=base.rank)
        case Infix(sign), _, [first, second]:
            left = fitted(page, (yield first, inline), Level.FRACTION)
            right = fitted(page, (yield second, inline), Level.FRACTION)
            rope = page.backend.infix([left.rope, right.rope], [sign])
            return Piece(
                rope,
                Level.PRODUCT,
                left.lead,
                right.trail,
                is_matmul=True,
                rank=joined_rank([left.rank, right.rank]),
            )
        case Indexed(raised), _, [_, _, *_]:
            return (yield from _indexed(called, page, is_raised=raised))
        case _:
            return (yield from plain_call(called, page))


def _exponential(called: Called, page: Page) -> Steps:
    """e^u for a short u, exp(…) for a long one."""
    argument = called.arguments[0]
    if page.typesetting is None or not is_short(argument) or called.keywords:
        return (yield from plain_call(called, page))
    exponent = numeric(page, (yield argument, True))
    rope = page.typesetting.scripts(page.backend.spelled(CONSTANTS["e"]), None, exponent.rope)
    return Piece(rope, Level.POWER, Edge.LETTER, Edge.LETTER, has_superscript=True, rank=exponent.rank)


def _logarithm(called: Called, page: Page) -> Steps:
    """Log of x to a base: `log(x, b)` in text, the base below on a page."""
    if page.typesetting is None:
        return (yield from plain_call(called, page, head="log"))
    base = yield called.arguments[1], True
    head = page.typesetting.scripts(page.typesetting.words("log"), base.rope, None)
    return (yield from plain_call(called, page, head=head, arguments=called.arguments[:1]))


def _indexed(called: Called, page: Page, *, is_raised: bool) -> Steps:
    """The first argument at the name: J_n(x), ψ^(n)(x); text keeps it among the arguments."""
    if page.typesetting is None:
        name = called.notation.name if called.notation else called.name
        return (yield from plain_call(called, page, head=name))
    order = yield called.arguments[0], True
    mark = page.backend.brackets(order.rope) if is_raised else order.rope
    head = head_of(called, page)
    above, below = (mark, None) if is_raised else (None, mark)
    head = page.typesetting.scripts(head, below, above)
    return (yield from plain_call(called, page, head=head, arguments=called.arguments[1:]))


def _array(argument: ast.expr, page: Page) -> Steps:
    """A matrix for a list of equally long lists, otherwise the argument itself."""
    rows = [row.elts for row in argument.elts if isinstance(row, ast.List)] if isinstance(argument, ast.List) else []
    is_matrix = (
        isinstance(argument, ast.List) and len(rows) == len(argument.elts) and len({len(row) for row in rows}) == 1
    )
    if page.typesetting is None or not is_matrix or not rows[0]:
        return (yield argument, False)
    drawn: list[list[Piece]] = []
    for row in rows:
        drawn.append([])
        for element in row:
            drawn[-1].append((yield element, True))
    return Piece(page.typesetting.matrix([[piece.rope for piece in row] for row in drawn]), rank=2)


def _sympy_call(called: Called, page: Page) -> Steps:
    """The call in SymPy's spelling; opaque where SymPy has none or cannot say what a keyword says."""
    notation = called.notation
    if notation is None or (called.name in OWN_WITHOUT_MODULE and not called.is_library):
        if called.keywords or called.function is not None or called.is_library:
            return opaque(called, page)
        own = page.backend.function(called.name, function_symbol(called.name))
        return (yield from plain_call(called, page, head=own))
    spelling = notation.spelling.sympy
    match notation.shape:
        case Form.IDENTITY if called.arguments:
            return numeric(page, (yield called.arguments[0], False))
        case Form.WHERE | Form.SELECT | Form.NUMPY_PIECEWISE | Form.PIECEWISE if choice_rows(called.node):
            return (yield from compose_choice(called.node, page))
        case Rewrite(template=template, page_only=False) if _fits(template, called):
            return (yield _filled(template, called), False)
        case Reduction() if called.is_library or len(called.arguments) == 1:
            return opaque(called, page)
    if not spelling or called.keywords:
        return opaque(called, page)
    if spelling.isidentifier():
        return (yield from plain_call(called, page))
    if _fits(spelling, called):
        return (yield _filled(spelling, called), False)
    return opaque(called, page)


@lru_cache(maxsize=256)
def _parsed(template: str) -> ast.expr:
    return ast.parse(template, mode="eval").body


@lru_cache(maxsize=256)
def _arity(template: str) -> int:
    """How many placeholders a template has."""
    names = {part.id for part in ast.walk(_parsed(template)) if isinstance(part, ast.Name)}
    return len(names.intersection(_PLACEHOLDERS))


def _fits(template: str, called: Called) -> bool:
    is_starred = any(isinstance(argument, ast.Starred) for argument in called.arguments)
    return len(called.arguments) == _arity(template) and not called.keywords and not is_starred


def _filled(template: str, called: Called) -> ast.expr:
    """The template with the call's arguments in place of a, b, c."""
    return _substituted(_parsed(template), dict(zip(_PLACEHOLDERS, called.arguments, strict=False)))


def _substituted(part: ast.expr, arguments: dict[str, ast.expr]) -> ast.expr:
    """A copy of the template with names replaced; templates are small, so it may recurse."""
    match part:
        case ast.Name(id=name):
            return arguments.get(name, part)
        case ast.BinOp(left=left, op=operator, right=right):
            return ast.BinOp(_substituted(left, arguments), operator, _substituted(right, arguments))
        case ast.UnaryOp(op=sign, operand=operand):
            return ast.UnaryOp(sign, _substituted(operand, arguments))
        case ast.BoolOp(op=logic, values=values):
            return ast.BoolOp(logic, [_substituted(value, arguments) for value in values])
        case ast.Compare(left=left, ops=signs_between, comparators=rights):
            return ast.Compare(
                _substituted(left, arguments), signs_between, [_substituted(right, arguments) for right in rights]
            )
        case ast.Call(func=function, args=inner):
            return ast.Call(function, [_substituted(argument, arguments) for argument in inner], [])
        case _:
            return part
