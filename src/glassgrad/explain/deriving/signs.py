"""Which parts of a formula cannot be negative or zero, whatever the variables are: 1 + x**2, exp(x). Floor 6.

What is sure to hold need not be said aloud. Only the plainest cases are known; of all others nothing is claimed.
"""

import ast
from enum import IntEnum

from glassgrad.frontends.formula.nodes import dotted_name, in_order


class Sign(IntEnum):
    """What is known of a real number's sign."""

    UNKNOWN = 0
    NOT_NEGATIVE = 1
    POSITIVE = 2


_POSITIVE = frozenset({"np.exp", "np.exp2", "np.cosh", "scipy.special.expit", "special.softplus", "scipy.special.ndtr"})
_NOT_NEGATIVE = frozenset({"np.abs", "np.sqrt", "np.hypot"})


def signs_of(tree: ast.expr) -> dict[ast.expr, Sign]:
    """The sign of each part."""
    found: dict[ast.expr, Sign] = {}
    for part in in_order(tree):
        found[part] = _sign(part, found)
    return found


def _sign(part: ast.expr, known: dict[ast.expr, Sign]) -> Sign:
    match part:
        case ast.Constant(value=bool()):
            return Sign.UNKNOWN
        case ast.Constant(value=int() | float() as value):
            return Sign.POSITIVE if value > 0 else Sign.NOT_NEGATIVE if value == 0 else Sign.UNKNOWN
        case ast.Attribute():
            return Sign.POSITIVE if dotted_name(part) in ("np.pi", "np.e") else Sign.UNKNOWN
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            both = (known[left], known[right])
            return max(both) if min(both) > Sign.UNKNOWN else Sign.UNKNOWN
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            if isinstance(left, ast.Name) and isinstance(right, ast.Name) and left.id == right.id:
                return Sign.NOT_NEGATIVE
            return min(known[left], known[right])
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return known[left] if known[right] is Sign.POSITIVE else Sign.UNKNOWN
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as exponent)) if exponent % 2 == 0:
            return max(known[left], Sign.NOT_NEGATIVE) if exponent > 0 else known[left]
        case ast.BinOp(left=left, op=ast.Pow()):
            return Sign.POSITIVE if known[left] is Sign.POSITIVE else Sign.UNKNOWN
        case ast.Call(func=function):
            return _of_call(part, dotted_name(function) or "", known)
    return Sign.UNKNOWN


def _of_call(part: ast.Call, function: str, known: dict[ast.expr, Sign]) -> Sign:
    if function in _POSITIVE:
        return Sign.POSITIVE
    if function in _NOT_NEGATIVE:
        return max(Sign.NOT_NEGATIVE, min(known[argument] for argument in part.args))
    if function == "np.maximum":
        return max(known[argument] for argument in part.args)
    return Sign.UNKNOWN
