"""A chain of products, quotients and signs of the backward pass as one product: `2 * (a - y) / n`. Floor 4.

The sign and the numbers come first, then the derivative that arrives and the local factors, then what it is divided
by. Numbers that the person wrote as `n` or that count elements are written so again.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from glassgrad.engines.source.rows import Surroundings, literal_expression, rule_of
from glassgrad.graph.node import Node
from glassgrad.ops.elementwise import ADD, DIVIDE, MULTIPLY, NEGATIVE
from glassgrad.ops.leaves import LITERAL, is_literal, literal, literal_value
from glassgrad.ops.structure import BROADCAST, CAST, RESHAPE
from glassgrad.tracing.observation import Operation
from glassgrad.tracing.written import Fixed, Operand, Written, hole, spelled


@dataclass(slots=True)
class _Factors:
    """sign · numbers · over / (divisors · under)."""

    negative: bool = False
    numbers: list[float] = field(default_factory=list)
    divisors: list[float] = field(default_factory=list)
    over: list[Operand] = field(default_factory=list)
    under: list[Operand] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Context:
    """What decides how far a product reaches: it ends at forward values and at values with a name."""

    around: Surroundings
    boundary: int
    ends: Callable[[Node], bool]
    operations: Mapping[Node, Operation]
    products: Mapping[Node, Sequence[tuple[Node, Node | float]]]  # factor -> named product and its other factor


def named_products(names: Iterable[Node]) -> dict[Node, list[tuple[Node, Node | float]]]:
    """The products that have a name, by their factors: p = 101325 · e is found by e."""
    found: dict[Node, list[tuple[Node, Node | float]]] = {}
    for node in names:
        if node.op is not MULTIPLY or node.dtype.kind != "f":
            continue
        first, second = (_unspread(x) for x in node.inputs)
        for one, other in ((first, second), (second, first)):
            if one.op is not LITERAL:
                known: Node | float = float(str(literal_value(other))) if other.op is LITERAL else other
                found.setdefault(one, []).append((node, known))
    return found


def _unspread(node: Node) -> Node:
    while node.op is BROADCAST or (node.op is CAST and node.inputs[0].dtype == node.dtype):
        node = node.inputs[0]
    return node


def product_written(node: Node, context: Context) -> Written | None:
    """The product that ends in this node, or None where there is nothing to gather."""
    if not _is_product(node) or node.serial < context.boundary or node.dtype.kind not in "fc":
        return None
    factors = _Factors()
    stack = [(x, inverse, node) for x, inverse in reversed(_parts(node))]
    factors.negative = node.op is NEGATIVE
    while stack:
        part, inverse, user = stack.pop()
        inner = _bare(part, context)
        if inner.op is LITERAL:
            _take_number(factors, inner, user, context, inverse=inverse)
        elif _goes_on(inner, context):
            factors.negative ^= inner.op is NEGATIVE
            stack.extend((x, inverse ^ divides, inner) for x, divides in reversed(_parts(inner)))
        elif inverse:
            factors.under.append(inner)
        else:
            factors.over.append(inner)
    return _expression(node, factors, context)


def _parts(node: Node) -> list[tuple[Node, bool]]:
    """The factors of one product, with True for those that divide."""
    if node.op is ADD:
        return [(literal(2, node.dtype), False), (node.inputs[0], False)]
    if node.op is NEGATIVE:
        return [(node.inputs[0], False)]
    return [(node.inputs[0], False), (node.inputs[1], node.op is DIVIDE)]


def _goes_on(node: Node, context: Context) -> bool:
    alone = context.around.uses.get(node, 0) <= 1 and node.serial >= context.boundary
    return _is_product(node) and alone and not context.ends(node)


def _is_product(node: Node) -> bool:
    return node.op in (MULTIPLY, DIVIDE, NEGATIVE) or (node.op is ADD and node.inputs[0] is node.inputs[1])


def _bare(node: Node, context: Context) -> Node:
    """What a factor was before it was spread: NumPy spreads it again."""
    while True:
        if context.ends(node) or not node.inputs:
            return node
        (x, *_) = node.inputs
        leading = node.op is RESHAPE and node.shape[node.ndim - x.ndim :] == x.shape
        if node.op is BROADCAST or leading or (node.op is CAST and x.dtype == node.dtype):
            node = x
        else:
            return node


# ------------------------------------------------------------------ numbers
def _take_number(factors: _Factors, number: Node, user: Node, context: Context, *, inverse: bool) -> None:
    named = _named_number(number, user, context)
    side = factors.under if inverse else factors.over
    if named is not None:
        side.append(named)
        return
    value = literal_value(number)
    if number.dtype.kind != "f" or not np.isfinite(value) or value == 0:
        side.append(number)
        return
    plain = float(str(value))
    spread = _spread_count(plain, user, context)
    if spread is not None and not inverse:
        factors.numbers.append(2.0)
        factors.under.append(spread)
        return
    factors.negative ^= plain < 0
    (factors.divisors if inverse else factors.numbers).append(abs(plain))


def _named_number(number: Node, user: Node, context: Context) -> Operand | None:
    """The variable or the count of elements that this number is, by the forward operation it comes from."""
    origin = rule_of(user, context.around.origins, context.boundary)
    if origin is None or origin.of.op.name == "power":  # n·xⁿ⁻¹ is written for one n: 2·x is not n·x
        return None
    value = literal_value(number)
    operation = context.operations.get(origin.of)
    for operand in operation.written.operands if operation is not None else ():
        if isinstance(operand, Fixed) and (operand.name or operand.written) and _equal(operand.value, value):
            return operand if _tells_more(operand) else None
    return _count(origin.of, value, context)


def _tells_more(operand: Fixed) -> bool:
    """Is this more than a number written down?"""
    return (
        operand.parameter
        or operand.name is not None
        or (operand.written is not None and not isinstance(operand.written.expression, ast.Constant))
    )


def _equal(known: Any, value: Any) -> bool:
    return isinstance(known, int | float | np.number) and bool(known == value)


def _count(forward: Node, value: Any, context: Context) -> Fixed | None:
    """`x.size` or `x.shape[0]`, where the number counts what a mean was taken over."""
    if forward.op.name not in ("mean", "var") or not forward.inputs:
        return None
    x = forward.inputs[0]
    axes: tuple[int, ...] = forward.param("axes")
    count = int(np.prod([x.shape[axis] for axis in axes]))
    if count != value or count == 1:
        return None
    known = _same_shape(x, context)
    if known is None:
        return Fixed(count, Written(ast.Constant(count)))
    part = ast.Attribute(hole(0), "size", ast.Load())
    if len(axes) < x.ndim or len(axes) == 1:
        if len(axes) > 1:
            return Fixed(count, Written(ast.Constant(count)))
        shape = ast.Attribute(hole(0), "shape", ast.Load())
        part = ast.Subscript(shape, ast.Constant(axes[0]), ast.Load())  # type: ignore[assignment]  # both are expressions
    return Fixed(count, Written(part, (known,)))


def _spread_count(value: float, user: Node, context: Context) -> Operand | None:
    """N where the number is the 2/n of a variance."""
    origin = rule_of(user, context.around.origins, context.boundary)
    forward = None if origin is None else origin.of
    if forward is None or forward.op.name != "var":
        return None
    count = prod(forward.inputs[0].shape[axis] for axis in forward.param("axes"))
    degrees = count - forward.param("ddof")
    if not degrees or value != float(str(np.asarray(2 / degrees, forward.dtype)[()])):
        return None
    return _count(forward, count, context) if degrees == count else Fixed(degrees, Written(ast.Constant(degrees)))


def _same_shape(x: Node, context: Context) -> Node | None:
    """A value at hand of this shape, at or below `x`."""
    level = [x]
    for _ in range(4):
        for node in level:
            if node.shape == x.shape and context.around.at_hand(node):
                return node
        level = [below for node in level for below in node.inputs][:16]
    return None


# ------------------------------------------------------------------ the expression
def _expression(node: Node, factors: _Factors, context: Context) -> Written | None:
    operands: list[Operand] = []
    _use_products(factors, context)
    one_minus = _logistic(factors)
    if not factors.over and not factors.under and not one_minus:  # numbers alone
        value = prod(factors.numbers) / prod(factors.divisors) * (-1 if factors.negative else 1)
        return Written(literal_expression(literal(value, node.dtype, node.shape)))
    over = [_hole(operand, operands) for operand in factors.over]
    over.extend(ast.BinOp(ast.Constant(1), ast.Sub(), _hole(part, operands)) for part in one_minus)
    over = _with_squares(over)
    under = [_hole(operand, operands) for operand in factors.under]
    top, bottom = _reduced(prod(factors.numbers), prod(factors.divisors))
    if top != 1 or not over:
        over.insert(0, _number(top))
    if bottom != 1:
        under.insert(0, _number(bottom))
    nodes = [operand for operand in operands if isinstance(operand, Node)]
    if np.broadcast_shapes(*[x.shape for x in nodes], ()) != node.shape or any(x.dtype != node.dtype for x in nodes):
        return None
    if factors.negative:
        over[0] = ast.UnaryOp(ast.USub(), over[0])
    expression = _product(over)
    if under:
        expression = ast.BinOp(expression, ast.Div(), _product(under))
    return Written(expression, tuple(operands))


def _hole(operand: Operand, operands: list[Operand]) -> ast.expr:
    for index, known in enumerate(operands):
        if known is operand:
            return hole(index)
    operands.append(operand)
    return hole(len(operands) - 1)


def _product(parts: list[ast.expr]) -> ast.expr:
    result = parts[0]
    for part in parts[1:]:
        result = ast.BinOp(result, ast.Mult(), part)
    return result


def _with_squares(parts: list[ast.expr]) -> list[ast.expr]:
    """`x * x` as `x ** 2`."""
    result: list[ast.expr] = []
    for part in parts:
        dumped = ast.dump(part)
        twin = next((index for index, known in enumerate(result) if ast.dump(known) == dumped), None)
        if twin is None:
            result.append(part)
        else:
            result[twin] = ast.BinOp(part, ast.Pow(), ast.Constant(2))
    return result


def _use_products(factors: _Factors, context: Context) -> None:
    """Factors whose product has a name: 0.0001 · p for 0.0001 · 101325 · e."""
    for part in list(factors.over):
        for product, other in context.products.get(part, ()) if isinstance(part, Node) else ():
            if part not in factors.over or (part is other and factors.over.count(part) < 2):
                continue
            taken: list[Any] = factors.over if isinstance(other, Node) else factors.numbers
            size = abs(other) if isinstance(other, float) else other
            if size in taken:
                taken.remove(size)
                factors.over[factors.over.index(part)] = product
                factors.negative ^= isinstance(other, float) and other < 0


def _logistic(factors: _Factors) -> list[Node]:
    """Where a = 1 / (1 + e): e / (1 + e) is 1 - a, and a / (1 + e) is a²."""
    found: list[Node] = []
    for under in list(factors.under):
        if not isinstance(under, Node):
            continue
        a = next(
            (
                x
                for x in factors.over
                if isinstance(x, Node) and x.op is DIVIDE and x.inputs[1] is under and is_literal(x.inputs[0], 1)
            ),
            None,
        )
        if a is None:
            continue
        rest = [x for x in under.inputs if not is_literal(x, 1)] if under.op is ADD else []
        if len(rest) == 1 and rest[0] in factors.over:
            factors.over.remove(rest[0])
            found.append(a)
        else:
            factors.over.append(a)
        factors.under.remove(under)
    return found


def _reduced(top: float, bottom: float) -> tuple[float, float]:
    """A fraction of numbers, as one number where that is short."""
    quotient = top / bottom if bottom else np.inf
    if quotient == round(quotient, 3) and quotient * bottom == top and (bottom != 1 or top == quotient):
        return quotient, 1.0
    return top, bottom


def _number(value: float) -> ast.expr:
    shown = spelled(int(value) if value.is_integer() and abs(value) < 1e6 else value)
    assert shown is not None
    return shown
