"""The one walk over an expression: an explicit stack, so that depth is limited by memory only."""

import ast
from collections.abc import Callable, Generator

from glassgrad.explain.notation.layout import Piece

# A step asks for the piece of a part (and whether its fractions are written on the line) and is sent it.
Request = tuple[ast.expr, bool]
Steps = Generator[Request, Piece, Piece]

_LONGEST_DOTTED = 12  # a longer chain is walked part by part


def walk(expression: ast.expr, compose: Callable[[ast.expr, bool], Steps], *, inline: bool) -> Piece:
    """Runs `compose` for the expression and for every part that it asks for."""
    stack = [compose(expression, inline)]
    answer: Piece | None = None
    while True:
        try:
            part, part_inline = next(stack[-1]) if answer is None else stack[-1].send(answer)
        except StopIteration as done:
            stack.pop()
            answer = done.value
            if not stack:
                return done.value  # type: ignore[no-any-return]  # StopIteration carries Any
        else:
            stack.append(compose(part, part_inline))
            answer = None


def spine(node: ast.expr, operators: tuple[type[ast.operator], ...]) -> list[tuple[ast.operator | None, ast.expr]]:
    """A chain grouped to the left, taken apart: a + b - c gives (None, a), (Add, b), (Sub, c)."""
    links: list[tuple[ast.operator | None, ast.expr]] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, operators):
        links.append((node.op, node.right))
        node = node.left
    links.append((None, node))
    return links[::-1]


def dotted(node: ast.expr) -> tuple[str, ...] | None:
    """The names of `np.linalg.inv`; None if the expression is not a few names joined by dots."""
    names: list[str] = []
    while isinstance(node, ast.Attribute) and len(names) < _LONGEST_DOTTED:
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return (node.id, *names[::-1])


def source_of(node: ast.AST) -> str:
    """The node as Python, or what can be said of it where Python's own printer gives up."""
    try:
        return ast.unparse(node) or f"<{type(node).__name__}>"
    except (RecursionError, AttributeError, TypeError, ValueError):
        return f"<{type(node).__name__}>"


def is_short(node: ast.expr, leaves: int = 4) -> bool:
    """Whether an exponent is small enough to be written raised: few leaves, nothing tall or raised inside."""
    stack: list[ast.expr] = [node]
    while stack:
        part = stack.pop()
        match part:
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant()):
                stack.append(left)
            case ast.BinOp(op=ast.Pow() | ast.FloorDiv()):
                return False
            case ast.BinOp(left=left, right=right):
                stack += [left, right]
            case ast.UnaryOp(operand=operand):
                stack.append(operand)
            case ast.Name() | ast.Constant():
                leaves -= 1
            case ast.Attribute() | ast.Subscript():
                leaves -= 2
            case _:
                return False
        if leaves < 0:
            return False
    return True
