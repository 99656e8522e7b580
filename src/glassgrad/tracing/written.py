"""How the person wrote a value: an expression with holes, and what stands in them. Floor 3.

`Written` is the shape that a row's NumPy text takes too, so source and explanation print both in the same way.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from glassgrad.graph.node import Node

HOLE = "\0"  # no name of Python's starts with it


@dataclass(frozen=True, eq=False, slots=True)
class Fixed:
    """A value that is not traced (`n = x.shape[0]`, `eps`): known when the function was traced.

    `name` is the variable that holds it; `parameter` says that this is an argument of the function itself.
    """

    value: Any
    written: "Written | None" = None
    name: str | None = None
    parameter: bool = False


Operand: TypeAlias = Node | Fixed


@dataclass(frozen=True, eq=False, slots=True)
class Written:
    r"""An expression whose holes are filled by operands: `\\0 @ \\1 + 2`."""

    expression: ast.expr
    operands: tuple[Operand, ...] = ()


def hole(index: int) -> ast.Name:
    """The hole for operand `index`."""
    return ast.Name(id=f"{HOLE}{index}", ctx=ast.Load())


def hole_index(node: ast.AST) -> int | None:
    """Which operand stands here, if this is a hole."""
    if isinstance(node, ast.Name) and node.id.startswith(HOLE):
        return int(node.id[1:])
    return None


def holes_of(expression: ast.expr) -> list[int]:
    """The operands in the order in which they stand, each as often as it does."""
    found = [hole_index(part) for part in ast.walk(expression)]
    return [index for index in found if index is not None]


def holes_in_arithmetic(expression: ast.expr) -> frozenset[int]:
    """The holes beside which an operand stands that decides the dtype."""
    found: set[int] = set()
    for part in ast.walk(expression):
        sides = (
            [part.left, part.right]
            if isinstance(part, ast.BinOp)
            else ([part.left, *part.comparators] if isinstance(part, ast.Compare) else [])
        )
        found.update(index for side in sides if (index := hole_index(side)) is not None)
    return frozenset(found)


def fill(expression: ast.expr, part: Callable[[int], ast.expr]) -> ast.expr:
    """The expression with its holes filled: every node above a hole is new, the rest is shared."""
    index = hole_index(expression)
    if index is not None:
        return part(index)
    return _Filler(part).visit(_copy(expression))  # type: ignore[no-any-return]  # an expression stays one


class _Filler(ast.NodeTransformer):
    """Puts expressions into holes; what was put in is not looked into."""

    def __init__(self, part: Callable[[int], ast.expr]) -> None:
        self.part = part

    def visit_Name(self, node: ast.Name) -> ast.expr:
        index = hole_index(node)
        return node if index is None else self.part(index)


def _copy(node: Any) -> Any:
    """A copy of the syntax (`copy.deepcopy` would also do, ten times slower)."""
    if isinstance(node, list):
        return [_copy(part) for part in node]
    if not isinstance(node, ast.AST):
        return node
    if isinstance(node, ast.expr_context | ast.operator | ast.unaryop | ast.cmpop):
        return node
    return type(node)(**{name: _copy(getattr(node, name)) for name in node._fields if hasattr(node, name)})


class _AsSpelled(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Name(node.kind, ast.Load()) if node.kind and node.kind != "u" else node


def text_of(expression: ast.expr) -> str:
    """The expression as text; numbers as the person spelled them."""
    own = any(type(part) is ast.Constant and part.kind for part in ast.walk(expression))
    return ast.unparse(_AsSpelled().visit(_copy(expression)) if own else expression)


# ------------------------------------------------------------------ values as text
def spelled(value: Any) -> ast.expr | None:
    """A number, a string, a dtype, a small tuple … as an expression; None for what has no short spelling."""
    match value:
        case bool() | None | str() | bytes():
            return ast.Constant(value)
        case np.bool_():
            return ast.Constant(bool(value))
        case int() | float() | complex():
            return _number(value)
        case np.integer() | np.floating() | np.complexfloating():
            return _numpy_scalar(value)
        case np.dtype():
            return _dtype(value)
        case tuple() | list() if len(value) <= 100:
            parts = [spelled(part) for part in value]
            kind = ast.Tuple if isinstance(value, tuple) else ast.List
            known = [part for part in parts if part is not None]
            return kind(elts=known, ctx=ast.Load()) if len(known) == len(parts) else None
        case slice():
            return ast.Call(
                ast.Name("slice", ast.Load()), [_must(value.start), _must(value.stop), _must(value.step)], []
            )
        case type() if value in (bool, int, float, complex):
            return ast.Name(value.__name__, ast.Load())
        case type() if issubclass(value, np.generic):
            return numpy_name(value.__name__)
        case _ if value is Ellipsis:
            return ast.Constant(...)
    return None


def _must(value: Any) -> ast.expr:
    found = spelled(value)
    return ast.Constant(None) if found is None else found


def _number(value: Any) -> ast.expr:
    if isinstance(value, complex):
        if value.real == 0:
            return ast.Constant(value)
        return ast.BinOp(_number(value.real), ast.Add(), ast.Constant(complex(0, value.imag)))
    if np.isnan(value):
        return numpy_name("nan")
    if value in (float("inf"), float("-inf")):
        return numpy_name("inf") if value > 0 else ast.UnaryOp(ast.USub(), numpy_name("inf"))
    known = {np.pi: "pi", np.e: "e"}.get(value)
    if known is not None:
        return numpy_name(known)
    negative = value < 0 or (value == 0 and str(value)[0] == "-")
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if negative else ast.Constant(value)


def _numpy_scalar(value: np.generic) -> ast.expr:
    plain = _number(value.item())
    if value.dtype in (np.dtype(float), np.dtype(int), np.dtype(complex)):
        return plain
    shown = float(str(value)) if value.dtype.kind == "f" and np.isfinite(value) else value.item()
    return ast.Call(numpy_name(value.dtype.name), [_number(shown)], [])


def _dtype(dtype: np.dtype) -> ast.expr:
    plain = {"float64": "float", "int64": "int", "bool": "bool", "complex128": "complex"}.get(dtype.name)
    return ast.Name(plain, ast.Load()) if plain else numpy_name(dtype.name)


def numpy_name(name: str) -> ast.expr:
    """`np.name`, where the name may have dots."""
    result: ast.expr = ast.Name("np", ast.Load())
    for part in name.split("."):
        result = ast.Attribute(result, part, ast.Load())
    return result
