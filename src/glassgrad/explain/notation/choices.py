"""Choices laid out as cases: conditional expressions, np.where, np.select, np.piecewise and Piecewise."""

import ast
from collections.abc import Sequence

from glassgrad.explain.notation.forms import Form
from glassgrad.explain.notation.layout import Page, Piece, joined_rank
from glassgrad.explain.notation.table import NOTATIONS
from glassgrad.explain.notation.walk import Steps, dotted

# One row: the value, and its condition (None: otherwise).
Row = tuple[ast.expr, ast.expr | None]


def compose_choice(node: ast.expr, page: Page) -> Steps:
    """The cases of a choice; a choice in the last row continues the list."""
    rows: list[Row] = []
    rest: ast.expr | None = node
    while rest is not None:
        more = choice_rows(rest)
        if more is None:
            rows.append((rest, None))
            break
        rows += more
        rest = None
        if rows[-1][1] is None:
            rest = rows.pop()[0]
    pieces: list[tuple[Piece, Piece | None]] = []
    for value, condition in rows:
        shown = yield value, False
        when = None if condition is None else (yield condition, False)
        pieces.append((shown, when))
    drawn = page.backend.cases(pieces)
    ranks = [part.rank for pair in pieces for part in pair if part is not None]
    return Piece(drawn.rope, drawn.level, rank=joined_rank(ranks))


def choice_rows(node: ast.expr) -> list[Row] | None:
    """The rows of a choice of any spelling; None if the expression is not one."""
    match node:
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return [(body, test), (orelse, None)]
        case ast.Call(func=function, args=arguments, keywords=keywords):
            names = dotted(function)
            notation = NOTATIONS.get(names[-1]) if names else None
            if notation is None:
                return None
            named = {keyword.arg: keyword.value for keyword in keywords}
            return _rows(notation.shape, arguments, named)
        case _:
            return None


def _rows(form: object, arguments: Sequence[ast.expr], named: dict[str | None, ast.expr]) -> list[Row] | None:
    match form, arguments:
        case Form.WHERE, [condition, yes, no] if not named:
            return [(yes, condition), (no, None)]
        case Form.SELECT, [ast.List() | ast.Tuple() as conditions, ast.List() | ast.Tuple() as values, *rest]:
            default = rest[0] if rest else named.get("default", ast.Constant(0))
            return _paired(conditions.elts, values.elts, default)
        case Form.NUMPY_PIECEWISE, [
            _,
            ast.List() | ast.Tuple() as conditions,
            ast.List() | ast.Tuple() as values,
        ]:
            has_default = len(values.elts) == len(conditions.elts) + 1
            default = values.elts[-1] if has_default else ast.Constant(0)
            return _paired(conditions.elts, values.elts[: len(conditions.elts)], default)
        case Form.PIECEWISE, [*pairs] if pairs:
            return _sympy_rows(pairs)
        case _:
            return None


def _paired(conditions: Sequence[ast.expr], values: Sequence[ast.expr], default: ast.expr) -> list[Row] | None:
    if not conditions or len(conditions) != len(values):
        return None
    return [*zip(values, conditions, strict=True), (default, None)]


def _sympy_rows(pairs: Sequence[ast.expr]) -> list[Row] | None:
    """The rows of Piecewise((a, c), (b, True))."""
    rows: list[Row] = []
    for pair in pairs:
        match pair:
            case ast.Tuple(elts=[value, ast.Constant(value=True)]):
                return [*rows, (value, None)]
            case ast.Tuple(elts=[value, condition]):
                rows.append((value, condition))
            case _:
                return None
    return rows
