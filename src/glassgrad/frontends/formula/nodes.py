"""Makers and readers of canonical syntax trees, and our own canonical text filled with arguments. Floor 5.

Nodes carry the character columns of the text they come from. A tree may use one node twice (`silu(x)` is
`x * expit(x)`), so whoever walks it remembers nodes by identity.
"""

import ast
from collections.abc import Mapping
from functools import lru_cache

Span = tuple[int, int]


def place(node: ast.expr, span: Span) -> ast.expr:
    """The node, with its place in the source."""
    node.lineno = node.end_lineno = 1
    node.col_offset, node.end_col_offset = span
    return node


def name(identifier: str, span: Span) -> ast.expr:
    """A variable."""
    return place(ast.Name(identifier, ast.Load()), span)


def number(value: float, span: Span) -> ast.expr:
    """A number as written, or a condition's True and False."""
    return place(ast.Constant(value), span)


def dotted(path: str, span: Span) -> ast.expr:
    """`np.pi`, `scipy.special.erf`."""
    first, *more = path.split(".")
    node = name(first, span)
    for part in more:
        node = place(ast.Attribute(node, part, ast.Load()), span)
    return node


def call(function: str, arguments: list[ast.expr], span: Span) -> ast.expr:
    """A call of a function from the closed list."""
    return place(ast.Call(dotted(function, span), arguments, []), span)


def dotted_name(node: ast.expr) -> str | None:
    """`np.sin` of the node that stands for it; None if the node is no name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def is_condition(node: ast.expr) -> bool:
    """Is the value of this canonical node true or false, rather than a number?"""
    match node:
        case ast.Compare():
            return True
        case ast.Constant(value=value):
            return isinstance(value, bool)
        case ast.Call(func=function):
            return (dotted_name(function) or "").startswith("np.logical_")
    return False


def operands(node: ast.expr) -> list[ast.expr]:
    """The canonical nodes that this one is computed from, left to right."""
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.Call(args=arguments):
            return list(arguments)
    return []


def in_order(tree: ast.expr) -> list[ast.expr]:
    """Every node of a canonical tree once, operands before their users; without recursion."""
    order: list[ast.expr] = []
    seen: set[int] = set()
    stack: list[tuple[ast.expr, bool]] = [(tree, False)]
    while stack:
        node, are_operands_done = stack.pop()
        if are_operands_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(operands(node)))
    return order


def variables(tree: ast.expr) -> tuple[str, ...]:
    """The names of the variables of a canonical tree, in the order in which they appear in the source."""
    names = [node for node in in_order(tree) if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(node.id for node in sorted(names, key=lambda node: node.col_offset)))


def fill(template: str, arguments: Mapping[str, ast.expr], span: Span) -> ast.expr:
    """Our own canonical text, with the arguments in the places of its names."""
    return _fill(_template(template), arguments, span)


@lru_cache(maxsize=512)
def _template(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _fill(node: ast.expr, arguments: Mapping[str, ast.expr], span: Span) -> ast.expr:
    """Recursive: templates are one line of ours each."""
    match node:
        case ast.Name(id=identifier):
            return arguments[identifier]
        case ast.Constant(value=value):
            assert isinstance(value, int | float)
            return number(value, span)
        case ast.Attribute():
            return dotted(dotted_name(node) or "", span)
        case ast.BinOp(left=left, op=operator, right=right):
            return place(ast.BinOp(_fill(left, arguments, span), operator, _fill(right, arguments, span)), span)
        case ast.UnaryOp(op=sign, operand=operand):
            return place(ast.UnaryOp(sign, _fill(operand, arguments, span)), span)
        case ast.Compare(left=left, ops=signs, comparators=[right]):
            return place(ast.Compare(_fill(left, arguments, span), signs, [_fill(right, arguments, span)]), span)
        case ast.Call(func=function, args=inner):
            filled = [_fill(argument, arguments, span) for argument in inner]
            return call(dotted_name(function) or "", filled, span)
    raise AssertionError(f"a canonical template has no {type(node).__name__}")
