"""Elementwise ops as instructions: one line of meaning each, the same for one lane or many. Floor 4.

What needs more than a few instructions (exp, sin, gammaln) comes from `maths`. An op that is not here is computed by
the reference engine's kernel.
"""

from collections.abc import Callable, Sequence

import numpy as np

from glassgrad.engines.cpu.emit import quotients, remainders
from glassgrad.engines.cpu.emit.functions import call_maths
from glassgrad.engines.cpu.emit.maths import MATHS
from glassgrad.engines.cpu.emit.random_words import threefry
from glassgrad.engines.cpu.emit.types import F32, F64, I1, Kind, kind_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.graph.node import Node

Scalar = Callable[..., Value]
SCALARS: dict[str, Scalar] = {}  # op -> instructions, given (writer, node, *inputs)
COSTS: dict[str, float] = {}  # in additions, roughly
_WHOLE_TOO = frozenset({"fmod"})  # whole numbers have instructions of their own


def _scalar(*names: str, cost: float = 1.0) -> Callable[[Scalar], Scalar]:
    def declare(write: Scalar) -> Scalar:
        for name in names:
            SCALARS[name] = write
            COSTS[name] = cost
        return write

    return declare


def scalar(writer: Writer, node: Node, inputs: Sequence[Value]) -> Value:
    """One element (or a vector of them) of an elementwise op."""
    return SCALARS[node.op.name](writer, node, *inputs)


def is_scalar(node: Node) -> bool:
    """Can the loops compute this op at these dtypes?"""
    if node.op.name not in SCALARS:
        return False
    return node.op.name not in MATHS or node.op.name in _WHOLE_TOO or kind_of(node.dtype) in (F32, F64)


def result_kind(node: Node) -> Kind:
    """The kind of a value; it is known to have one."""
    kind = kind_of(node.dtype)
    assert kind is not None, "roles.py lets only native kinds through"
    return kind


def _common(writer: Writer, node: Node, *values: Value) -> list[Value]:
    """The inputs at the kind that NumPy would compare or combine them in."""
    kind = kind_of(np.result_type(*[x.dtype for x in node.inputs]))
    assert kind is not None, "as for result_kind"
    return [writer.convert(value, kind) for value in values]


# ------------------------------------------------------------------ arithmetic
def _binary(name: str, word: str, cost: float = 1.0) -> None:
    @_scalar(name, cost=cost)
    def write(w: Writer, node: Node, x: Value, y: Value) -> Value:
        kind = result_kind(node)
        return w.binary(word, w.convert(x, kind), w.convert(y, kind))


_binary("subtract", "sub")


@_scalar("add")
def _add(w: Writer, node: Node, x: Value, y: Value) -> Value:
    kind = result_kind(node)
    return w.binary("or" if kind is I1 else "add", w.convert(x, kind), w.convert(y, kind))


@_scalar("multiply")
def _multiply(w: Writer, node: Node, x: Value, y: Value) -> Value:
    kind = result_kind(node)
    return w.binary("and" if kind is I1 else "mul", w.convert(x, kind), w.convert(y, kind))


@_scalar("divide", cost=4.0)
def _divide(w: Writer, node: Node, x: Value, y: Value) -> Value:
    kind = result_kind(node)
    return w.convert(x, kind) / w.convert(y, kind)


@_scalar("ratio", cost=6.0)
def _ratio(w: Writer, node: Node, x: Value, y: Value) -> Value:
    kind = result_kind(node)
    x, y = w.convert(x, kind), w.convert(y, kind)
    zero = y.equals(0)
    return w.select(zero, 0, x / w.select(zero, 1, y))


@_scalar("inverse", cost=8.0)  # as much as has to be, to be kept for all that are divided by it
def _inverse(w: Writer, node: Node, s: Value) -> Value:
    return quotients.inverse(w, s)


@_scalar("quotient", cost=4.0)
def _quotient(w: Writer, node: Node, x: Value, s: Value, r: Value) -> Value:
    return quotients.quotient(w, x, s, r)


@_scalar("negative")
def _negative(w: Writer, node: Node, x: Value) -> Value:
    return -x


@_scalar("positive", "mark", "stop_gradient", cost=0.0)
def _positive(w: Writer, node: Node, x: Value) -> Value:
    return x


@_scalar("reciprocal", cost=4.0)
def _reciprocal(w: Writer, node: Node, x: Value) -> Value:
    x = w.convert(x, result_kind(node))
    if x.kind.is_float:
        return 1 / x
    zero = x.equals(0)  # a whole number divided by 0 is 0 everywhere
    return w.select(zero, 0, 1 / w.select(zero, 1, x))


@_scalar("square")
def _square(w: Writer, node: Node, x: Value) -> Value:
    return x * x


@_scalar("cast", cost=0.5)
def _cast(w: Writer, node: Node, x: Value) -> Value:
    return w.convert(x, result_kind(node))


@_scalar("deg2rad", "radians")
def _radians(w: Writer, node: Node, x: Value) -> Value:
    return w.convert(x, result_kind(node)) * (np.pi / 180)


@_scalar("rad2deg", "degrees")
def _degrees(w: Writer, node: Node, x: Value) -> Value:
    return w.convert(x, result_kind(node)) * (180 / np.pi)


# ------------------------------------------------------------------ comparisons and logic
_TESTS = {"less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge", "equal": "eq", "not_equal": "ne"}


def _comparison(name: str, test: str) -> None:
    @_scalar(name)
    def write(w: Writer, node: Node, x: Value, y: Value) -> Value:
        x, y = _common(w, node, x, y)
        return w.compare(test, x, y)


for _name, _test in _TESTS.items():
    _comparison(_name, _test)


def _logic(name: str, word: str) -> None:
    @_scalar(name)
    def write(w: Writer, node: Node, x: Value, y: Value) -> Value:
        return w.binary(word, w.convert(x, I1), w.convert(y, I1))


for _name, _word in {"logical_and": "and", "logical_or": "or", "logical_xor": "xor"}.items():
    _logic(_name, _word)
for _name, _word in {"bitwise_and": "and", "bitwise_or": "or", "bitwise_xor": "xor"}.items():
    _binary(_name, _word)


@_scalar("logical_not")
def _not(w: Writer, node: Node, x: Value) -> Value:
    return ~w.convert(x, I1)


@_scalar("invert")
def _invert(w: Writer, node: Node, x: Value) -> Value:
    return ~x


@_scalar("where")
def _where(w: Writer, node: Node, c: Value, x: Value, y: Value) -> Value:
    kind = result_kind(node)
    return w.select(w.convert(c, I1), w.convert(x, kind), w.convert(y, kind))


@_scalar("isnan")
def _isnan(w: Writer, node: Node, x: Value) -> Value:
    return x.is_nan() if x.kind.is_float else x.differs(x)


@_scalar("isinf")
def _isinf(w: Writer, node: Node, x: Value) -> Value:
    return w.absolute(x).equals(float("inf")) if x.kind.is_float else x.differs(x)


@_scalar("isfinite")
def _isfinite(w: Writer, node: Node, x: Value) -> Value:
    return w.absolute(x) < float("inf") if x.kind.is_float else x.equals(x)


@_scalar("signbit")
def _signbit(w: Writer, node: Node, x: Value) -> Value:
    return (x.bits() if x.kind.is_float else x) < 0


# ------------------------------------------------------------------ the larger and the smaller
def larger(w: Writer, x: Value, y: Value) -> Value:
    """NumPy's maximum: NaN if either is NaN."""
    if not x.kind.is_float:
        return w.binary("or", x, y) if x.kind is I1 else w.select(x > y, x, y)
    return w.select(y.is_nan(), y, w.select(y > x, y, x))  # the second is one instruction


def smaller(w: Writer, x: Value, y: Value) -> Value:
    """NumPy's minimum: NaN if either is NaN."""
    if not x.kind.is_float:
        return w.binary("and", x, y) if x.kind is I1 else w.select(x < y, x, y)
    return w.select(y.is_nan(), y, w.select(y < x, y, x))


@_scalar("maximum", cost=2.0)
def _maximum(w: Writer, node: Node, x: Value, y: Value) -> Value:
    return larger(w, *_common(w, node, x, y))


@_scalar("minimum", cost=2.0)
def _minimum(w: Writer, node: Node, x: Value, y: Value) -> Value:
    return smaller(w, *_common(w, node, x, y))


@_scalar("fmax", cost=2.0)
def _fmax(w: Writer, node: Node, x: Value, y: Value) -> Value:
    x, y = _common(w, node, x, y)
    if not x.kind.is_float:
        return larger(w, x, y)
    return w.select(w.binary("or", x >= y, y.is_nan()), x, y)


@_scalar("fmin", cost=2.0)
def _fmin(w: Writer, node: Node, x: Value, y: Value) -> Value:
    x, y = _common(w, node, x, y)
    if not x.kind.is_float:
        return smaller(w, x, y)
    return w.select(w.binary("or", x <= y, y.is_nan()), x, y)


# ------------------------------------------------------------------ signs and rounding
@_scalar("absolute")
def _absolute(w: Writer, node: Node, x: Value) -> Value:
    if x.kind.is_float:
        return w.absolute(x)
    return w.select(x < 0, -x, x) if x.kind.is_signed else x


@_scalar("sign", cost=2.0)
def _sign(w: Writer, node: Node, x: Value) -> Value:
    if x.kind is I1 or not x.kind.is_signed:
        return w.select(x.equals(0), x.like(0), x.like(1))
    result = w.select(x > 0, x.like(1), w.select(x < 0, x.like(-1), x.like(0)))
    return w.select(x.is_nan(), x, result) if x.kind.is_float else result


@_scalar("copysign")
def _copysign(w: Writer, node: Node, x: Value, y: Value) -> Value:
    kind = result_kind(node)
    return w.copysign(w.convert(x, kind), w.convert(y, kind))


@_scalar("heaviside", cost=2.0)
def _heaviside(w: Writer, node: Node, x: Value, y: Value) -> Value:
    kind = result_kind(node)
    x, y = w.convert(x, kind), w.convert(y, kind)
    result = w.select(x.equals(0), y, w.select(x < 0, x.like(0), x.like(1)))
    return w.select(x.is_nan(), x, result)


def _rounding(name: str, intrinsic: str) -> None:
    @_scalar(name)
    def write(w: Writer, node: Node, x: Value) -> Value:
        return w.intrinsic(intrinsic, x) if x.kind.is_float else x


for _name, _intrinsic in {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint"}.items():
    _rounding(_name, _intrinsic)


# ------------------------------------------------------------------ remainders, shifts, steps
_IN_COMMON: dict[str, tuple[Scalar, float]] = {
    "floor_divide": (remainders.floor_divide, 16.0),
    "remainder": (remainders.remainder, 14.0),
    "fmod": (remainders.truncated_remainder, 10.0),
    "left_shift": (remainders.left_shift, 2.0),
    "right_shift": (remainders.right_shift, 2.0),
    "nextafter": (remainders.next_after, 6.0),
}


def _in_common(name: str, function: Scalar, cost: float) -> None:
    @_scalar(name, cost=cost)
    def write(w: Writer, node: Node, x: Value, y: Value) -> Value:
        kind = result_kind(node)
        return function(w, w.convert(x, kind), w.convert(y, kind))


for _name, (_function_of_two, _cost) in _IN_COMMON.items():
    _in_common(_name, _function_of_two, _cost)


@_scalar("round", cost=3.0)
def _round(w: Writer, node: Node, x: Value) -> Value:
    return remainders.rounded(w, x) if x.kind.is_float else x


@_scalar("spacing", cost=6.0)
def _spacing(w: Writer, node: Node, x: Value) -> Value:
    return remainders.spacing(w, w.convert(x, result_kind(node)))


@_scalar("ldexp", cost=12.0)
def _ldexp(w: Writer, node: Node, x: Value, n: Value) -> Value:
    return remainders.scaled(w, w.convert(x, result_kind(node)), n)


@_scalar("bitwise_count", cost=2.0)
def _bit_count(w: Writer, node: Node, x: Value) -> Value:
    return w.convert(remainders.bit_count(w, x), result_kind(node))


@_scalar("real", "conjugate", cost=0.0)
def _real(w: Writer, node: Node, x: Value) -> Value:
    return w.convert(x, result_kind(node))


@_scalar("imag", cost=0.0)
def _imag(w: Writer, node: Node, x: Value) -> Value:
    return w.constant(0, register(result_kind(node), x.type.lanes))


@_scalar("threefry", cost=90.0)
def _threefry(w: Writer, node: Node, *inputs: Value) -> Value:
    return threefry(w, *inputs)


# ------------------------------------------------------------------ functions
@_scalar("sqrt", cost=4.0)
def _sqrt(w: Writer, node: Node, x: Value) -> Value:
    return w.sqrt(x)


# In additions, as measured by benchmarks/maths_accuracy.py; what is not here costs as much as exp.
_MEASURED = {"tanh": 20.0, "log": 20.0, "sin": 20.0, "cos": 20.0, "erf": 25.0, "erfc": 45.0, "power": 45.0} | {
    "digamma": 50.0,
    "gammaln": 65.0,
}


def _function(name: str) -> None:
    @_scalar(name, cost=_MEASURED.get(name, 12.0))
    def write(w: Writer, node: Node, *inputs: Value) -> Value:
        kind = result_kind(node)
        return call_maths(w, name, *[w.convert(x, kind) for x in inputs])


for _name in set(MATHS) - {"sqrt", "rsqrt"} - _WHOLE_TOO:
    _function(_name)
