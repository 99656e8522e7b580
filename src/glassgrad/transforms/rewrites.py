"""Local rewrites: each looks at one op and its inputs and gives something smaller with the same value. Floor 3.

A rewrite never multiplies by zero away (0 · inf is NaN), never changes the sign of a zero (-0.0 + 0.0 is 0.0; but of
products of matrices that cancel, and of sums of -0.0) and never changes dtype or shape. Where it reckons in another
order, nothing overflows or loses digits that did not before.
"""

from collections.abc import Callable
from math import prod
from typing import Any, TypeAlias

import numpy as np

from glassgrad.graph.graph import Graph, substitute
from glassgrad.graph.node import Node, make, reachable
from glassgrad.graph.op import Op
from glassgrad.ops.contract import CONTRACT, contract, parts
from glassgrad.ops.control import SCAN, WHILE
from glassgrad.ops.elementwise import (
    ADD,
    DIVIDE,
    MULTIPLY,
    NEGATIVE,
    SUBTRACT,
    add,
    divide,
    multiply,
    negative,
    subtract,
)
from glassgrad.ops.leaves import LITERAL, MARK, PROJECT, is_literal, literal, literal_value
from glassgrad.ops.select import WHERE, where
from glassgrad.ops.structure import (
    BROADCAST,
    CAST,
    REAL,
    RESHAPE,
    SUM,
    TRANSPOSE,
    broadcast,
    cast,
    kept_shape,
    reshape,
    sum_over,
    transpose,
)

Rewrite: TypeAlias = Callable[..., Node | None]
REWRITES: dict[Op, list[tuple[str, Rewrite]]] = {}
# Products and sums are most of every graph: their rewrites need one of these among the inputs.
NUMBERS = "numbers together"  # the rewrite that reckons; an explanation keeps numbers as they are written
TELLING: dict[Op, frozenset[Op]] = {}


def rewrites(op: Op, name: str) -> Callable[[Rewrite], Rewrite]:
    """Declares a rewrite of this op: called with the inputs and params, it gives the new node or None."""

    def declare(rule: Rewrite) -> Rewrite:
        REWRITES.setdefault(op, []).append((name, rule))
        return rule

    return declare


def _negated(x: Node) -> Node | None:
    """U where x is -u."""
    if x.op is NEGATIVE:
        return x.inputs[0]
    return None


def _is_neutral(number: Node, *, negative_zero: bool) -> bool:
    """Is this the zero that leaves all numbers as they are? That is -0.0 in x + 0, for -0.0 + 0.0 is 0.0."""
    if not is_literal(number, 0):
        return False
    value = literal_value(number)
    match number.dtype.kind:
        case "f":
            return bool(np.signbit(value)) is negative_zero
        case "c":
            return bool(np.signbit(value.real)) is bool(np.signbit(value.imag)) is negative_zero
        case _:
            return True


# ------------------------------------------------------------------ sums and differences
@rewrites(ADD, "x + 0 = x")
def add_zero(x: Node, y: Node) -> Node | None:
    if _is_neutral(x, negative_zero=True):
        return y
    return x if _is_neutral(y, negative_zero=True) else None


@rewrites(ADD, "x + (-y) = x - y")
def add_negative(x: Node, y: Node) -> Node | None:
    if (u := _negated(y)) is not None:
        return subtract(x, u)
    return subtract(y, u) if (u := _negated(x)) is not None else None


@rewrites(SUBTRACT, "x - 0 = x")
def subtract_zero(x: Node, y: Node) -> Node | None:
    if _is_neutral(y, negative_zero=False):
        return x
    return negative(y) if _is_neutral(x, negative_zero=True) else None


@rewrites(SUBTRACT, "x - (-y) = x + y")
def subtract_negative(x: Node, y: Node) -> Node | None:
    u = _negated(y)
    return None if u is None else add(x, u)


@rewrites(NEGATIVE, "-(-x) = x")
def negative_twice(x: Node) -> Node | None:
    return _negated(x)


@rewrites(NEGATIVE, "-(x - y) = y - x")
def negative_difference(x: Node) -> Node | None:
    """For whole numbers: of others 0.0 would become -0.0."""
    return subtract(x.inputs[1], x.inputs[0]) if x.op is SUBTRACT and x.dtype.kind in "iu" else None


@rewrites(NEGATIVE, "the negative of a number")
def negative_literal(x: Node) -> Node | None:
    return literal(-literal_value(x), x.dtype, x.shape) if x.op is LITERAL and x.dtype.kind in "fic" else None


# ------------------------------------------------------------------ products and quotients
@rewrites(MULTIPLY, "1 · x = x")
def multiply_one(x: Node, y: Node) -> Node | None:
    if x.dtype.kind == "c":  # (inf + 0i) · 1 is inf + NaN i
        return None
    return y if is_literal(x, 1) else x if is_literal(y, 1) else None


@rewrites(MULTIPLY, "(-1) · x = -x")
def multiply_minus_one(x: Node, y: Node) -> Node | None:
    if x.dtype.kind == "c":
        return None
    return negative(y) if is_literal(x, -1) else negative(x) if is_literal(y, -1) else None


@rewrites(MULTIPLY, "x · (-y) = -(x · y)")
def multiply_negative(x: Node, y: Node) -> Node | None:
    if x.op is LITERAL or y.op is LITERAL:
        other, number = (x, y) if y.op is LITERAL else (y, x)
        u = _negated(other)
        return None if u is None else multiply(negative_literal(number) or number, u)
    if (u := _negated(y)) is not None:
        return negative(multiply(x, u))
    return negative(multiply(u, y)) if (u := _negated(x)) is not None else None


@rewrites(MULTIPLY, "x · (1 / y) = x / y")
def multiply_reciprocal(x: Node, y: Node) -> Node | None:
    for a, b in ((x, y), (y, x)):
        if b.op is DIVIDE and is_literal(b.inputs[0], 1) and b.dtype.kind == "f":
            return divide(a, b.inputs[1])
    return None


@rewrites(MULTIPLY, NUMBERS)
def multiply_numbers(x: Node, y: Node) -> Node | None:
    for number, other in ((x, y), (y, x)):
        if number.op is LITERAL and other.op is MULTIPLY and number.dtype.kind == "f":
            for inner, rest in (other.inputs, other.inputs[::-1]):
                if inner.op is LITERAL:
                    value = _product(literal_value(number), literal_value(inner))
                    return None if value is None else multiply(literal(value, number.dtype, number.shape), rest)
    return None


def _product(a: Any, b: Any) -> Any:
    """The product of two numbers; None where it overflows or loses digits to underflow, which x may make up for."""
    with np.errstate(all="ignore"):
        value = a * b
    lost = abs(value) < np.finfo(value.dtype).tiny and a != 0 and b != 0
    return None if lost or not np.isfinite(value) else value


@rewrites(DIVIDE, "x / 1 = x")
def divide_one(x: Node, y: Node) -> Node | None:
    return x if is_literal(y, 1) and x.dtype.kind == "f" else None


@rewrites(DIVIDE, "(-x) / y = -(x / y)")
def divide_negative(x: Node, y: Node) -> Node | None:
    if (u := _negated(x)) is not None:
        return negative(divide(u, y))
    return negative(divide(x, u)) if (u := _negated(y)) is not None else None


# ------------------------------------------------------------------ structure
@rewrites(MARK, "a name for the same value")
def unmark(x: Node, name: object) -> Node:
    del name
    return x


@rewrites(CAST, "a change of dtype undone")
def cast_back(x: Node, dtype: np.dtype) -> Node | None:
    if x.op is CAST and x.inputs[0].dtype == dtype and _keeps_all(dtype, x.dtype):
        return x.inputs[0]
    return cast(x, dtype) if x.op is LITERAL and x.dtype.kind != "c" else None


def _keeps_all(dtype: np.dtype, wider: np.dtype) -> bool:
    """Is each value of the first a value of the second? NumPy calls int64 to float64 safe, which it is not."""
    if dtype.kind in "iu" and wider.kind in "fc":
        return 8 * dtype.itemsize - (dtype.kind == "i") <= np.finfo(wider).nmant + 1
    return bool(np.can_cast(dtype, wider))


@rewrites(REAL, "the real part of a real value")
def real_of_cast(x: Node) -> Node | None:
    if x.op is CAST and x.inputs[0].dtype.kind == "f" and np.empty(0, x.dtype).real.dtype == x.inputs[0].dtype:
        return x.inputs[0]
    return None


@rewrites(RESHAPE, "one reshape of two")
def reshape_twice(x: Node, shape: tuple[int, ...]) -> Node | None:
    return reshape(x.inputs[0], shape) if x.op is RESHAPE else x if x.shape == shape else None


@rewrites(RESHAPE, "a reshape undone around an elementwise op")
def reshape_elementwise(x: Node, shape: tuple[int, ...]) -> Node | None:
    """f(x reshaped, 2) reshaped back is f(x, 2); a sum reshaped to keep its axes keeps them where it is used."""
    if x.op.ufunc is None or not x.inputs or x.op.multiple:
        return None
    inputs = []
    for part in x.inputs:
        if part.op is LITERAL:
            inputs.append(literal(literal_value(part), part.dtype, shape))
        elif part.op is RESHAPE and part.inputs[0].shape == shape:
            inputs.append(part.inputs[0])
        elif part.op is SUM and kept_shape(part.inputs[0].shape, part.param("axes")) == shape:
            inputs.append(reshape(part, shape))
        else:
            return None
    return make(x.op, tuple(inputs), x.params) if any(part.op is not LITERAL for part in x.inputs) else None


@rewrites(TRANSPOSE, "one transpose of two")
def transpose_twice(x: Node, axes: tuple[int, ...]) -> Node | None:
    if x.op is not TRANSPOSE:
        return None
    inner: tuple[int, ...] = x.param("axes")
    return transpose(x.inputs[0], tuple([inner[axis] for axis in axes]))


@rewrites(TRANSPOSE, "the transpose of a product has its letters in another order")
def transpose_contract(x: Node, axes: tuple[int, ...]) -> Node | None:
    if x.op is not CONTRACT:
        return None
    a, b, out = parts(x.param("spec"))
    return contract(x.inputs[0], x.inputs[1], f"{a},{b}->{''.join(out[axis] for axis in axes)}")


@rewrites(TRANSPOSE, "the transpose of equal numbers")
def transpose_literal(x: Node, axes: tuple[int, ...]) -> Node | None:
    return literal(literal_value(x), x.dtype, tuple([x.shape[a] for a in axes])) if x.op is LITERAL else None


@rewrites(BROADCAST, "one broadcast of two")
def broadcast_twice(x: Node, shape: tuple[int, ...]) -> Node | None:
    return broadcast(x.inputs[0], shape) if x.op is BROADCAST else broadcast(x, shape) if x.op is LITERAL else None


# ------------------------------------------------------------------ sums over axes
@rewrites(SUM, "one sum of two")
def sum_twice(x: Node, axes: tuple[int, ...]) -> Node | None:
    if x.op is not SUM:
        return None
    inner: tuple[int, ...] = x.param("axes")
    left = [axis for axis in range(x.inputs[0].ndim) if axis not in inner]
    return sum_over(x.inputs[0], tuple(sorted((*inner, *[left[axis] for axis in axes]))))


@rewrites(SUM, "the sum of negatives is the negative of the sum")
def sum_of_negative(x: Node, axes: tuple[int, ...]) -> Node | None:
    """For whole numbers: a sum that cancels is 0.0."""
    u = _negated(x) if x.dtype.kind in "iu" else None
    return None if u is None else negative(sum_over(u, axes))


@rewrites(SUM, "the sum of equal numbers is their number times one of them")
def sum_of_broadcast(x: Node, axes: tuple[int, ...]) -> Node | None:
    count = prod(x.shape[axis] for axis in axes)
    if x.dtype.kind not in "fc" or not 0 < count <= np.finfo(x.dtype).max:
        return None
    if x.op is LITERAL:
        kept = tuple([size for axis, size in enumerate(x.shape) if axis not in axes])
        with np.errstate(all="ignore"):
            return literal(literal_value(x) * x.dtype.type(count), x.dtype, kept)
    if x.op is not BROADCAST:
        return None
    inner = x.inputs[0]
    missing = x.ndim - inner.ndim
    repeated = all(axis < missing or inner.shape[axis - missing] == 1 for axis in axes)
    if not repeated:
        return None
    kept = tuple([size for axis, size in enumerate(x.shape) if axis not in axes])
    ones_out = tuple([1 if axis in axes else size for axis, size in enumerate(kept_shape(x.shape, axes))])
    smaller = broadcast(inner, ones_out) if prod(ones_out) != inner.aval.size else reshape(inner, ones_out)
    return multiply(reshape(smaller, kept), literal(count, x.dtype, kept))


# ------------------------------------------------------------------ products of matrices
@rewrites(CONTRACT, "a transpose is read in the letters")
def contract_transpose(a: Node, b: Node, spec: str) -> Node | None:
    left, right, out = parts(spec)
    if a.op is TRANSPOSE:
        return contract(a.inputs[0], b, f"{_untransposed(left, a)},{right}->{out}")
    if b.op is TRANSPOSE:
        return contract(a, b.inputs[0], f"{left},{_untransposed(right, b)}->{out}")
    return None


def _untransposed(letters: str, node: Node) -> str:
    """The letters of what a transpose was made from."""
    axes: tuple[int, ...] = node.param("axes")
    return "".join(letters[axes.index(axis)] for axis in range(len(axes)))


@rewrites(CONTRACT, "(-a) · b = -(a · b)")
def contract_negative(a: Node, b: Node, spec: str) -> Node | None:
    if (u := _negated(a)) is not None:
        return negative(contract(u, b, spec))
    return negative(contract(a, u, spec)) if (u := _negated(b)) is not None else None


@rewrites(CONTRACT, "a product with equal numbers is a sum")
def contract_literal(a: Node, b: Node, spec: str) -> Node | None:
    left, right, out = parts(spec)
    for number, other, own, theirs in ((a, b, left, right), (b, a, right, left)):
        if number.op is LITERAL and number.dtype.kind in "fc":
            summed = tuple(axis for axis, c in enumerate(theirs) if c not in out)
            kept = [c for c in theirs if c in out]
            factor = literal(literal_value(number), number.dtype, other.shape)
            is_one = is_literal(number, 1) and number.dtype.kind == "f"
            total = sum_over(other if is_one else multiply(other, factor), summed)
            sizes = dict(zip(own, number.shape, strict=True)) | dict(zip(theirs, other.shape, strict=True))
            ordered = transpose(total, tuple(kept.index(c) for c in out if c in kept))
            shape = tuple([sizes[c] for c in out])
            return broadcast(reshape(ordered, tuple([sizes[c] if c in kept else 1 for c in out])), shape)
    return None


@rewrites(WHERE, "a choice that is always the same")
def where_always(c: Node, x: Node, y: Node) -> Node | None:
    return None if c.op is not LITERAL else x if literal_value(c) else y


@rewrites(WHERE, "the same choice made twice")
def where_twice(c: Node, x: Node, y: Node) -> Node | None:
    if x.op is WHERE and x.inputs[0] is c:
        return where(c, x.inputs[1], y)
    if y.op is WHERE and y.inputs[0] is c:
        return where(c, x, y.inputs[2])
    return x if x is y else None


@rewrites(SCAN, "a recorded constant is read as the constant")
def scan_recorded_literal(*operands: Node, **params: Any) -> Node | None:
    """Where a sequence is what a loop recorded and each step recorded the same number, the body has the number."""
    carries, sequences, body = params["carries"], params["sequences"], params["body"]
    numbers: dict[Node, Node] = {}
    for index in range(carries, carries + sequences):
        recorded = _recorded(operands[index])
        if recorded is not None and recorded.op is LITERAL:
            numbers[body.inputs[index]] = literal(literal_value(recorded), recorded.dtype, recorded.shape)
    used = set(reachable(body.outputs))
    if used.isdisjoint(numbers):
        return None
    new = Graph(body.inputs, tuple(substitute(body.outputs, numbers)))
    return make(SCAN, operands, tuple(sorted((params | {"body": new}).items())))


def _recorded(node: Node) -> Node | None:
    """What the body of a loop gives at each step, where the node is what a loop recorded."""
    if node.op is not PROJECT or node.inputs[0].op not in (SCAN, WHILE):
        return None
    body, carries = node.inputs[0].param("body"), node.inputs[0].param("carries")
    index = node.param("index")
    return body.outputs[index] if index >= carries else None


TELLING.update(
    {
        MULTIPLY: frozenset({LITERAL, NEGATIVE, DIVIDE}),
        ADD: frozenset({LITERAL, NEGATIVE}),
        SUBTRACT: frozenset({LITERAL, NEGATIVE}),
        DIVIDE: frozenset({LITERAL, NEGATIVE}),
    }
)


def fold_scalars(node_op: Op, inputs: tuple[Node, ...], params: tuple[tuple[str, Any], ...]) -> bool:
    """Is this arithmetic on bare numbers, to be done once?"""
    return (
        node_op in (ADD, SUBTRACT, MULTIPLY, DIVIDE)
        and not params
        and all(x.op is LITERAL and x.shape == () and x.dtype.kind in "fc" for x in inputs)
    )
