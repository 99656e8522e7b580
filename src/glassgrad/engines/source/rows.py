"""One node as an expression of NumPy with holes for its inputs, as a person would write it. Floor 4.

The row's own text is the rule; the exceptions are where NumPy says it shorter: broadcasting happens by itself, a sum
that keeps its axes says `keepdims`, a contraction is a matrix product.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from glassgrad.base.errors import DtypeError
from glassgrad.engines.kernels import numpy_text
from glassgrad.engines.source.products import product_expression
from glassgrad.graph.node import Node
from glassgrad.graph.notes import Backward
from glassgrad.graph.op import Op
from glassgrad.ops.contract import CONTRACT
from glassgrad.ops.elementwise import ADD, MULTIPLY
from glassgrad.ops.index import INDEX
from glassgrad.ops.leaves import LITERAL, Held, array_leaf, literal, literal_value
from glassgrad.ops.lifting import loop_dtypes
from glassgrad.ops.structure import BROADCAST, CAST, RESHAPE, TRANSPOSE, kept_shape
from glassgrad.tracing.written import Operand, Written, hole, numpy_name, spelled


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a node's text may lean on: how often each node is used, where backward nodes come from, and which forward
    values are at hand under a name (their `.shape` says more than a number).
    """

    uses: Mapping[Node, int]
    origins: Mapping[Node, Any]
    boundary: int
    at_hand: Callable[[Node], bool]


def rule_of(node: Node, origins: Mapping[Node, Any], boundary: int) -> Backward | None:
    """Which input of which forward node a backward node is for (through the inside of a rule that is transposed)."""
    origin = origins.get(node)
    while isinstance(origin, Backward) and origin.of.serial >= boundary:
        origin = origins.get(origin.of)
    return origin if isinstance(origin, Backward) else None


def row_written(node: Node, around: Surroundings) -> Written:
    """The node by its row."""
    special = _SPECIAL.get(node.op)
    found = special(node, around) if special is not None else None
    if found is not None:
        return found
    if node.op is MULTIPLY and node.inputs[0] is node.inputs[1]:
        return Written(ast.BinOp(hole(0), ast.Pow(), ast.Constant(2)), node.inputs[:1])
    if node.op is ADD and node.inputs[0] is node.inputs[1]:
        return Written(ast.BinOp(ast.Constant(2), ast.Mult(), hole(0)), node.inputs[:1])
    operands = _without_broadcasts(node) if node.op.ufunc is not None or node.op.name == "where" else list(node.inputs)
    return by_text(node, operands)


# ------------------------------------------------------------------ the row's own text
def by_text(node: Node, operands: Sequence[Node]) -> Written:
    """The row's NumPy text with holes for the inputs and the static parameters filled in."""
    op = node.op
    text = numpy_text(op, tuple([x.aval for x in node.inputs]), node.params)
    names, taken = _names_of(node, operands)
    return Written(_Names(names).visit(_parsed(text)), tuple(taken))


def _names_of(node: Node, operands: Sequence[Node]) -> tuple[dict[str, ast.expr], list[Operand]]:
    """What stands for the names in a row's text: holes for inputs, static parameters spelled out."""
    taken: list[Operand] = list(operands)
    names = _input_holes(node.op, len(operands))
    for name, value in node.params:
        names[name] = _static(value, taken)
    return names, taken


@dataclass(frozen=True, slots=True)
class Change:
    """A row that changes its first input: `target operator value`; no target where a function does it."""

    target: ast.expr | None
    operator: str
    value: ast.expr
    operands: tuple[Operand, ...]


def change_written(node: Node) -> Change | None:
    """The row as a change of its first input (`x[1:3] += v`), where it is one."""
    op = node.op
    if op.statement is None:
        return None
    avals = [x.aval for x in node.inputs]
    text = op.statement if isinstance(op.statement, str) else op.statement(*avals, **dict(node.params))
    x, written, *rest = node.inputs
    names, taken = _names_of(node, [x, _spread_anyway(written), *rest])
    names = {name: part for name, part in names.items() if name in op.inputs or name == op.inputs[-1].lstrip("*")}
    fill_in = _Names(names)
    match ast.parse(text).body[0]:
        case ast.Assign([target], value):
            return Change(fill_in.visit(target), "=", fill_in.visit(value), tuple(taken))
        case ast.AugAssign(target, ast.Add(), value):
            return Change(fill_in.visit(target), "+=", fill_in.visit(value), tuple(taken))
        case ast.Expr(value):
            return Change(None, "", fill_in.visit(value), tuple(taken))
    raise AssertionError(f"the statement of {op.name} is no change of an array: {text}")


def _input_holes(op: Op, count: int) -> dict[str, ast.expr]:
    fixed = len(op.inputs) - op.variadic
    names: dict[str, ast.expr] = {name: hole(index) for index, name in enumerate(op.inputs[:fixed])}
    if op.variadic:
        names[op.inputs[-1][1:]] = ast.List([hole(index) for index in range(fixed, count)], ast.Load())
    return names


def _static(value: Any, taken: list[Operand]) -> ast.expr:
    """A static parameter as text; an array among them becomes an operand."""
    array = value.array if isinstance(value, Held) else value
    if isinstance(array, np.ndarray):
        taken.append(array_leaf(array))
        return hole(len(taken) - 1)
    if isinstance(value, tuple) and any(isinstance(part, Held | np.ndarray) for part in value):
        return ast.Tuple([_static(part, taken) for part in value], ast.Load())
    shown = spelled(value)
    return ast.Constant(str(value)) if shown is None else shown


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class _Names(ast.NodeTransformer):
    """Puts expressions for names; slices inside brackets are spelled with colons."""

    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.names.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A function's name is no parameter (`sum`, `shape`); starred lists are opened."""
        arguments: list[ast.expr] = []
        for argument in node.args:
            part = self.visit(argument)
            opened = isinstance(part, ast.Starred) and isinstance(part.value, ast.List | ast.Tuple)
            arguments.extend(part.value.elts if opened else [part])
        function = node.func if isinstance(node.func, ast.Name) else self.visit(node.func)
        return ast.Call(function, arguments, [ast.keyword(word.arg, self.visit(word.value)) for word in node.keywords])

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        value, key = self.visit(node.value), self.visit(node.slice)
        if isinstance(value, ast.List) and isinstance(key, ast.Constant):  # one of `*indices`
            assert isinstance(key.value, int)
            return value.elts[key.value]
        return ast.Subscript(value, with_colons(key), ast.Load())


def with_colons(key: ast.expr) -> ast.expr:
    """`slice(0, 2, None)` inside brackets as `0:2`."""
    match key:
        case ast.Call(ast.Name("slice"), [start, stop, step]):
            return ast.Slice(*[None if _is_none(part) else part for part in (start, stop, step)])
        case ast.Tuple(parts) if parts:
            return ast.Tuple([with_colons(part) for part in parts], ast.Load())
    return key


def _is_none(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value is None


# ------------------------------------------------------------------ what NumPy does by itself
def _without_broadcasts(node: Node) -> list[Node]:
    """The inputs of an elementwise node before they were broadcast and cast, where NumPy does that by itself."""
    plain = [_undone(x) for x in node.inputs]
    plain = [literal(literal_value(x), x.dtype) if x.op is LITERAL else x for x in plain]
    for index, (x, bare) in enumerate(zip(node.inputs, plain, strict=True)):
        if bare is not x and np.broadcast_shapes(*[part.shape for part in plain]) != node.shape:
            plain[index] = x
    if np.broadcast_shapes(*[part.shape for part in plain]) != node.shape:
        plain = list(node.inputs)
    if _same_loop(node, plain):
        return plain
    kept = [x if x.op is CAST or bare.dtype != x.dtype else bare for x, bare in zip(node.inputs, plain, strict=True)]
    return kept if np.broadcast_shapes(*[part.shape for part in kept]) == node.shape else list(node.inputs)


def _undone(x: Node) -> Node:
    while (
        x.op is BROADCAST or _leads(x) or (x.op is CAST and x.inputs[0].dtype.kind in "biuf" and x.dtype.kind in "fc")
    ):
        x = x.inputs[0]
    return x


def _spread_anyway(x: Node) -> Node:
    """What is written into a part of an array is spread over it."""
    while x.op is BROADCAST or _leads(x):
        x = x.inputs[0]
    return literal(literal_value(x), x.dtype) if x.op is LITERAL else x


def _leads(x: Node) -> bool:
    """Does this only put axes of size 1 in front?"""
    if x.op is not RESHAPE:
        return False
    before = x.inputs[0].shape
    return x.shape[len(x.shape) - len(before) :] == before


def _same_loop(node: Node, plain: Sequence[Node]) -> bool:
    """Would NumPy compute at the node's dtype from these operands?"""
    if node.op.ufunc is None:
        return all(x.dtype == y.dtype for x, y in zip(node.inputs, plain, strict=True) if y.op is not LITERAL)
    kinds: list[Any] = [_python_type(x.dtype) if x.op is LITERAL else x.dtype for x in plain]
    if all(isinstance(kind, type) for kind in kinds):
        kinds = [np.dtype(kind) for kind in kinds]
    try:
        dtypes = loop_dtypes(node.op, tuple(kinds))
    except DtypeError:
        return False
    return [*dtypes] == [*[x.dtype for x in node.inputs], node.dtype]


def _python_type(dtype: np.dtype) -> Any:
    return {"f": float, "c": complex, "i": int, "u": int}.get(dtype.kind, dtype)


# ------------------------------------------------------------------ structure
def shape_expression(node: Node, around: Surroundings, taken: list[Operand]) -> ast.expr:
    """The node's shape: that of the forward value which it is the derivative of, where that one has a name."""
    origin = rule_of(node, around.origins, around.boundary)
    if origin is not None:
        for forward in (*origin.of.inputs[origin.position : origin.position + 1], origin.of):
            if forward.aval == node.aval and around.at_hand(forward):
                taken.append(forward)
                return ast.Attribute(hole(len(taken) - 1), "shape", ast.Load())
    shown = spelled(node.shape)
    assert shown is not None
    return shown


def _broadcast(node: Node, around: Surroundings) -> Written:
    (x,) = node.inputs
    taken: list[Operand] = [x]
    shape = shape_expression(node, around, taken)
    return Written(_call("broadcast_to", hole(0), shape), tuple(taken))


def _reshape(node: Node, around: Surroundings) -> Written | None:
    (x,) = node.inputs
    axes: tuple[int, ...] = dict(x.params).get("axes") or ()
    reduces = bool(axes) and len(x.inputs) == 1 and x.op.batching is not None and x.ndim < x.inputs[0].ndim
    if reduces and around.uses.get(x, 0) == 1 and kept_shape(x.inputs[0].shape, axes) == node.shape:
        inner = row_written(x, around)
        if isinstance(inner.expression, ast.Call):
            words = [*inner.expression.keywords, ast.keyword("keepdims", ast.Constant(True))]
            return Written(ast.Call(inner.expression.func, inner.expression.args, words), inner.operands)
    key = _new_axes(x.shape, node.shape)
    if key is not None:
        return Written(ast.Subscript(hole(0), key, ast.Load()), (x,))
    if node.ndim == 1:
        return Written(_call("ravel", hole(0)), (x,))
    taken: list[Operand] = [x]
    shape = shape_expression(node, around, taken)
    return Written(_call("reshape", hole(0), shape), tuple(taken))


def _new_axes(before: tuple[int, ...], after: tuple[int, ...]) -> ast.expr | None:
    """`[:, None]` where the shapes differ by axes of size 1 put in."""
    if not before or len(after) <= len(before) or 1 in before:
        return None
    parts: list[ast.expr] = []
    sizes = list(before)
    for size in after:
        if sizes and size == sizes[0]:
            sizes.pop(0)
            parts.append(ast.Slice())
        elif size == 1:
            parts.append(ast.Constant(None))
        else:
            return None
    return None if sizes else ast.Tuple(parts, ast.Load())


def _transpose(node: Node, around: Surroundings) -> Written:
    del around
    axes: tuple[int, ...] = node.param("axes")
    count = len(axes)
    if axes == tuple(range(count))[::-1]:
        return Written(ast.Attribute(hole(0), "T", ast.Load()), node.inputs)
    if axes == (*range(count - 2), count - 1, count - 2):
        last = [ast.UnaryOp(ast.USub(), ast.Constant(1)), ast.UnaryOp(ast.USub(), ast.Constant(2))]
        return Written(_call("swapaxes", hole(0), *last), node.inputs)
    shown = spelled(axes)
    assert shown is not None
    return Written(_call("transpose", hole(0), shown), node.inputs)


def _cast(node: Node, around: Surroundings) -> Written:
    del around
    dtype: np.dtype = node.param("dtype")
    shown = spelled(dtype)
    assert shown is not None
    if node.shape == ():
        return Written(ast.Call(numpy_name(dtype.name), [hole(0)], []), node.inputs)
    return Written(ast.Call(ast.Attribute(hole(0), "astype", ast.Load()), [shown], []), node.inputs)


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(numpy_name(name), list(arguments), [])


def _contract(node: Node, around: Surroundings) -> Written:
    del around
    a, b = node.inputs
    expression, parts = product_expression(node.param("spec"), a.shape, b.shape)
    return Written(expression, tuple([(a, b)[part] for part in parts]))


def _index(node: Node, around: Surroundings) -> Written | None:
    """A part of equal numbers is a number, or fewer of them."""
    del around
    x = node.inputs[0]
    if x.op is not LITERAL:
        return None
    return Written(literal_expression(literal(literal_value(x), node.dtype, node.shape)))


_SPECIAL: dict[Op, Callable[[Node, Surroundings], Written | None]] = {
    BROADCAST: _broadcast,
    RESHAPE: _reshape,
    TRANSPOSE: _transpose,
    CAST: _cast,
    CONTRACT: _contract,
    INDEX: _index,
}


# ------------------------------------------------------------------ constants
def number_expression(node: Node, *, in_arithmetic: bool) -> ast.expr:
    """A literal of no axes beside an operand that decides the dtype; a whole number in arithmetic needs no point."""
    plain = _plain(node)
    whole = isinstance(plain, float) and plain.is_integer() and abs(plain) < 1e6 and str(plain) != "-0.0"
    return _spelled(int(plain) if whole and in_arithmetic else plain)


def _plain(node: Node) -> Any:
    value = literal_value(node)
    if node.dtype.kind == "f" and node.dtype != np.dtype(float) and np.isfinite(value):
        return float(str(value))  # 0.1 as a float32 prints as 0.1
    return value.item()


def literal_expression(node: Node) -> ast.expr:
    """A literal as text, with its dtype and shape."""
    plain = _plain(node)
    shown = _spelled(plain)
    if node.shape == ():
        return (
            shown
            if node.dtype in (np.dtype(float), np.dtype(int), np.dtype(bool), np.dtype(complex))
            else (ast.Call(numpy_name(node.dtype.name), [shown], []))
        )
    words = [] if node.dtype == np.dtype(float) else [ast.keyword("dtype", _spelled(node.dtype))]
    shape = _spelled(node.shape if len(node.shape) > 1 else node.shape[0])
    if plain in (0, 1) and node.dtype.kind in "fc":
        return ast.Call(numpy_name("ones" if plain else "zeros"), [shape], words)
    return ast.Call(numpy_name("full"), [_spelled(node.shape), shown], words)


def _spelled(value: Any) -> ast.expr:
    shown = spelled(value)
    assert shown is not None
    return shown


@lru_cache(maxsize=256)
def helper_names(text: str) -> frozenset[str]:
    """The bare function names that a row's text calls."""
    return frozenset(
        part.func.id
        for part in ast.walk(ast.parse(text, mode="eval"))
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)
    )
