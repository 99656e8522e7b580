"""How large expressions are, and large ones cut down to what a reader can take in. Floor 6.

An expression may share its parts, so that it is short to hold and endless to print: sizes are counted without printing.
"""

import ast

from glassgrad.frontends.formula.nodes import name, operands, place

LONGEST = 60_000  # parts of an expression that is still printed in full for a program
READABLE = 150  # parts of an expression that is still printed in full on a page
_HERE = (0, 0)


def is_longer(tree: ast.expr, limit: int) -> bool:
    """Has the expression more than `limit` parts when it is printed? Looks at no more of them than that."""
    waiting, left = [tree], limit
    while waiting:
        if left == 0:
            return True
        left -= 1
        waiting.extend(operands(waiting.pop()))
    return False


def is_shorter(tree: ast.expr, other: ast.expr) -> bool:
    """Has the first expression fewer parts when it is printed than the second?"""
    waiting, waiting_too = [tree], [other]
    while waiting and waiting_too:
        waiting.extend(operands(waiting.pop()))
        waiting_too.extend(operands(waiting_too.pop()))
    return not waiting and bool(waiting_too)


def abridged(tree: ast.expr, limit: int = READABLE) -> ast.expr:
    """The expression with its deepest parts left out where it has more than `limit`."""
    if not is_longer(tree, limit):
        return tree
    level, kept = [tree], 0
    depth = 0
    while level and kept + len(level) <= limit:
        kept += len(level)
        level = [part for node in level for part in operands(node)]
        depth += 1
    return _cut(tree, max(depth, 2))


def _cut(tree: ast.expr, depth: int) -> ast.expr:
    """The expression down to this depth; what is below is `…`. Recursive: depths are small."""
    parts = operands(tree)
    if not parts:
        return tree
    if depth <= 1:
        return name("…", _HERE)
    inner = [_cut(part, depth - 1) for part in parts]
    match tree:
        case ast.BinOp(op=operator):
            return place(ast.BinOp(inner[0], operator, inner[1]), _HERE)
        case ast.UnaryOp(op=sign):
            return place(ast.UnaryOp(sign, inner[0]), _HERE)
        case ast.Compare(ops=signs):
            return place(ast.Compare(inner[0], signs, inner[1:]), _HERE)
        case ast.Call(func=function):
            return place(ast.Call(function, inner, []), _HERE)
    return tree
