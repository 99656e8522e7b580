"""One expression in each notation, with what is known of the names in it. Floor 6."""

import ast
from collections.abc import Mapping

from glassgrad.explain.notation import Symbol, to_latex, to_mathml, to_text

Shapes = Mapping[str, tuple[int, ...]]
Symbols = Mapping[str, Symbol]


def shown_text(expression: ast.expr, symbols: Symbols, shapes: Shapes) -> str:
    """One line of text."""
    return to_text(expression, symbols, shapes=_of(expression, shapes))


def shown_latex(expression: ast.expr, symbols: Symbols, shapes: Shapes, *, inline: bool = False) -> str:
    """LaTeX."""
    return to_latex(expression, symbols, shapes=_of(expression, shapes), inline=inline)


def shown_mathml(expression: ast.expr, symbols: Symbols, shapes: Shapes, *, inline: bool = False) -> str:
    """One MathML element."""
    return to_mathml(expression, symbols, shapes=_of(expression, shapes), inline=inline)


def _of(expression: ast.expr, shapes: Shapes) -> Shapes:
    """The shapes of the names that stand in the expression (a page may have thousands of others)."""
    names = [part.id for part in ast.walk(expression) if isinstance(part, ast.Name)]
    return {name: shapes[name] for name in names if name in shapes}
