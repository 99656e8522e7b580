"""Questions about expressions: signs in front of products, new arrays, names in them. Floor 4."""

import ast

from glassgrad.tracing.written import Fixed


def without_sign(expression: ast.expr) -> ast.expr | None:
    """`a * b` for `-a * b`; None where no sign stands in front."""
    negative, rest = _sign_of(expression)
    return rest if negative else None


def _sign_of(expression: ast.expr) -> tuple[bool, ast.expr]:
    """Is a product negative, and what it is without its signs."""
    match expression:
        case ast.UnaryOp(ast.USub(), operand):
            negative, rest = _sign_of(operand)
            return not negative, rest
        case ast.BinOp(left, ast.Mult() | ast.Div() as op, right):
            (first, one), (second, two) = _sign_of(left), _sign_of(right)
            return first ^ second, (expression if one is left and two is right else ast.BinOp(one, op, two))
        case ast.Constant(int() | float() as value) if value < 0:
            return True, ast.Constant(-value)
    return False, expression


def with_signs(expression: ast.expr) -> ast.expr:
    """`a - b` for `a + -b`, `a + b` for `a - -b`, one sign in front of a product."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add | ast.Sub):
        positive = without_sign(expression.right)
        if positive is not None:
            op = ast.Sub() if isinstance(expression.op, ast.Add) else ast.Add()
            return with_signs(ast.BinOp(expression.left, op, positive))
        first = without_sign(expression.left) if isinstance(expression.op, ast.Add) else None
        return expression if first is None else ast.BinOp(expression.right, ast.Sub(), first)
    negative, rest = _sign_of(expression)
    return _negated(rest) if negative else rest


def _negated(expression: ast.expr) -> ast.expr:
    """A sign in front of the first factor."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Mult | ast.Div):
        return ast.BinOp(_negated(expression.left), expression.op, expression.right)
    return ast.UnaryOp(ast.USub(), expression)


def is_fresh(expression: ast.expr) -> bool:
    """Is this a new array, which nobody else holds (no name, no view)?"""
    match expression:
        case ast.BinOp() | ast.Compare() | ast.UnaryOp():
            return True
        case ast.Call(ast.Attribute(attr=name)):
            return name not in (
                "broadcast_to",
                "reshape",
                "ravel",
                "transpose",
                "swapaxes",
                "real",
                "imag",
                "squeeze",
                "moveaxis",
                "asarray",
                "diagonal",
                "flip",
                "atleast_1d",
                "atleast_2d",
                "diag",
                "expand_dims",
            )
    return False


def has_bare_value(fixed: Fixed) -> bool:
    """Is this reckoned from a value that is only known as a number (the variable of a loop)?"""
    if fixed.written is None:
        return not fixed.parameter
    return any(isinstance(part, Fixed) and has_bare_value(part) for part in fixed.written.operands)


def mentions(expression: ast.expr, name: str) -> bool:
    """Does the expression read this variable?"""
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(expression))
