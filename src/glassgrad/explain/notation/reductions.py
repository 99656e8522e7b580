"""Reductions over axes, and norms: Σ and Π with the axis below, max and mean with it at their name, ‖x‖."""

import ast

from glassgrad.explain.notation import signs
from glassgrad.explain.notation.callee import Called, axes_of, head_of, plain_call, remaining_rank
from glassgrad.explain.notation.forms import Fence, Reduction
from glassgrad.explain.notation.layout import Level, Page, Piece, Rope, fitted, numeric
from glassgrad.explain.notation.signs import Spelling
from glassgrad.explain.notation.walk import Steps, source_of

# What says how the result is stored, not what it is.
_STORAGE = frozenset({"axis", "keepdims", "dtype"})
_NORM = Fence(Spelling("", "‖", r"\left\|", "‖", ""), Spelling("", "‖", r"\right\|", "‖", ""))
# np.linalg.norm's names for orders, in signs.
_ORDERS = {"fro": "F", "nuc": "*"}


def compose_reduction(called: Called, page: Page, form: Reduction, *, inline: bool) -> Steps:
    """A reduction on a page; text and code keep NumPy's call."""
    is_of_many = not called.is_library and len(called.arguments) > 1  # max(a, b), softmax(z, 1)
    if page.typesetting is None or not called.arguments or is_of_many:
        return (yield from plain_call(called, page))
    axes = axes_of(called)
    below = _axis_words(axes, page)
    positional = axes is not None and called.keyword("axis") is None
    is_plain = _STORAGE.issuperset(keyword.arg for keyword in called.keywords)
    if form.sign is not None and is_plain and len(called.arguments) == 1 + positional:
        body = numeric(page, (yield called.arguments[0], inline))
        inner = fitted(page, body, Level.BIG, is_first=False).rope
        rank = remaining_rank(called, body.rank, axes)
        return Piece(page.typesetting.big(form.sign, below, inner), Level.BIG, rank=rank)
    head = head_of(called, page)
    marked = head if below is None else page.typesetting.scripts(head, below, None)
    arguments = (called.arguments[0], *called.arguments[1 + positional :])
    return (yield from plain_call(called, page, head=marked, arguments=arguments, without=_STORAGE))


def compose_norm(called: Called, page: Page, *, inline: bool) -> Steps:
    """‖x‖, on a page with its order and axis below."""
    order = called.arguments[1] if len(called.arguments) > 1 else called.keyword("ord")
    axes = called.keyword("axis")
    is_marked = order is not None or axes is not None
    if page.drawing is None or not called.arguments or (page.typesetting is None and is_marked):
        return (yield from plain_call(called, page))
    body = yield called.arguments[0], inline
    rope = page.drawing.fence(_NORM, "norm", body.rope)
    rank = remaining_rank(called, body.rank, axes)
    if page.typesetting is None or not is_marked:
        return Piece(rope, Level.CALL, rank=rank)
    marks: list[Rope] = []
    if order is not None:
        marks.append((yield from _order(order, page)).rope)
    words = _axis_words(axes, page)
    if words is not None:
        marks.append(words)
    below = page.backend.infix(marks, [signs.COMMA] * (len(marks) - 1))
    return Piece(page.typesetting.scripts(rope, below, None), Level.CALL, has_subscript=True, rank=rank)


def _order(order: ast.expr, page: Page) -> Steps:
    match order:
        case ast.Constant(value=str(name)) if name in _ORDERS and page.typesetting is not None:
            return Piece(page.typesetting.words(_ORDERS[name]))
        case _:
            return (yield order, True)


def _axis_words(axes: ast.expr | None, page: Page) -> Rope | None:
    """`axis 0` or `axes 0, 1` as words; None when no axis is named."""
    if page.typesetting is None:
        return None
    match axes:
        case None | ast.Constant(value=None):
            return None
        case ast.Tuple(elts=several) | ast.List(elts=several) if len(several) > 1:
            return page.typesetting.words("axes " + ", ".join(source_of(axis) for axis in several))
        case ast.Tuple(elts=[only]) | ast.List(elts=[only]):
            return page.typesetting.words(f"axis {source_of(only)}")
        case _:
            return page.typesetting.words(f"axis {source_of(axes)}")
