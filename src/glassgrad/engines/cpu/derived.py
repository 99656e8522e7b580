"""Ops that are short formulas of others, for real numbers: sec is 1 / cos, xlogy is x·log y but 0 at x = 0. Floor 4."""

from collections.abc import Callable, Sequence

import numpy as np

from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import OPS
from glassgrad.ops.compare import equal, isnan, logical_and, logical_not, logical_or
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Slot
from glassgrad.ops.leaves import array_leaf, literal
from glassgrad.ops.select import where
from glassgrad.ops.structure import broadcast, reshape, transpose

Formula = Callable[..., Node]


def _f(name: str) -> Formula:
    """The op as a function of nodes of one shape."""
    return lambda *inputs: apply(OPS[name], *inputs)


_SIN, _COS, _TAN, _SINH, _COSH, _TANH = map(_f, ("sin", "cos", "tan", "sinh", "cosh", "tanh"))
_LOG, _LOG1P, _EXP2, _SQRT, _ABS, _RINT = map(_f, ("log", "log1p", "exp2", "sqrt", "absolute", "rint"))


def _constant(node: Node, number: float) -> Node:
    return literal(number, node.dtype, node.shape)


def _entropy(x: Node) -> Node:
    outside = where(equal(x, 0.0), _constant(x, 0.0), _constant(x, -np.inf))
    return where(isnan(x), x, where(x > 0.0, -x * _LOG(x), outside))


def _relative_entropy(x: Node, y: Node) -> Node:
    return _where_positive(x, y, _x_log_quotient(x, y), _constant(x, 0.0))


def _divergence(x: Node, y: Node) -> Node:
    return _where_positive(x, y, _x_log_quotient(x, y) - x + y, y)


def _x_log_quotient(x: Node, y: Node) -> Node:
    """x·log(x / y), also where the quotient is too large or too small to be held."""
    quotient = x / y
    held = logical_and(quotient > 0.0, quotient < np.inf)
    return where(held, x * _LOG(quotient), x * (_LOG(x) - _LOG(y)))


def _where_positive(x: Node, y: Node, inside: Node, at_zero: Node) -> Node:
    """`inside` for x, y > 0, `at_zero` for x = 0 and y ≥ 0, infinite elsewhere, NaN at NaN."""
    both, none = logical_and(x > 0.0, y > 0.0), logical_and(equal(x, 0.0), y >= 0.0)
    found = where(both, inside, where(none, at_zero, _constant(x, np.inf)))
    return where(isnan(x), x, where(isnan(y), y, found))


def _product_or_zero(x: Node, logarithm: Node, y: Node) -> Node:
    zero = logical_and(equal(x, 0.0), logical_not(isnan(y)))
    return where(zero, _constant(x, 0.0), x * logarithm)


def _huber(delta: Node, r: Node) -> Node:
    size = _ABS(r)
    inside = where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))
    return where(delta < 0.0, _constant(r, np.inf), inside)


def _sinc(y: Node) -> Node:
    """sin(y) / y, and 1 at 0."""
    moved = where(equal(y, 0.0), _constant(y, 1e-20), y)
    return _SIN(moved) / moved


def _logaddexp2(x: Node, y: Node) -> Node:
    larger = apply(OPS["maximum"], x, y)
    added = larger + _LOG1P(_EXP2(-_ABS(x - y))) / _constant(x, float(np.log(2.0)))
    return where(equal(x, y), x + 1.0, added)


def _relative_growth(x: Node) -> Node:
    """(eˣ - 1) / x, and 1 at 0, infinite where eˣ is."""
    safe = where(equal(x, 0.0), _constant(x, 1.0), x)
    found = where(x < np.inf, _f("expm1")(safe) / safe, x)
    return where(equal(x, 0.0), _constant(x, 1.0), found)


def _huber_smooth(delta: Node, r: Node) -> Node:
    """δ² (√(1 + (r/δ)²) - 1), 0 where δ or r is 0, infinite where δ is negative."""
    ratio = r / delta
    inside = delta * delta * _f("expm1")(0.5 * _LOG1P(ratio * ratio))
    none = logical_or(equal(delta, 0.0), equal(r, 0.0))
    return where(delta < 0.0, _constant(r, np.inf), where(none, _constant(r, 0.0), inside))


FORMULAS: dict[str, Formula] = {
    "exprel": _relative_growth,
    "pseudo_huber": _huber_smooth,
    "sec": lambda x: 1.0 / _COS(x),
    "csc": lambda x: 1.0 / _SIN(x),
    "cot": lambda x: _COS(x) / _SIN(x),
    "sech": lambda x: 1.0 / _COSH(x),
    "csch": lambda x: 1.0 / _SINH(x),
    "coth": lambda x: 1.0 / _TANH(x),
    "asec": lambda x: _f("arccos")(1.0 / x),
    "acsc": lambda x: _f("arcsin")(1.0 / x),
    "acot": lambda x: _f("arctan")(1.0 / x),
    "asech": lambda x: _f("arccosh")(1.0 / x),
    "acsch": lambda x: _f("arcsinh")(1.0 / x),
    "acoth": lambda x: _f("arctanh")(1.0 / x),
    "cosm1": lambda x: -2.0 * _SIN(0.5 * x) * _SIN(0.5 * x),
    "exp10": lambda x: apply(OPS["power"], _constant(x, 10.0), x),
    "log_expit": lambda x: -_f("softplus")(-x),
    "logit": lambda x: _LOG(x / (1.0 - x)),
    "ndtr": lambda x: 0.5 * _f("erfc")(-x * _constant(x, float(np.sqrt(0.5)))),
    "xlogy": lambda x, y: _product_or_zero(x, _LOG(y), y),
    "xlog1py": lambda x, y: _product_or_zero(x, _LOG1P(y), y),
    "entr": _entropy,
    "rel_entr": _relative_entropy,
    "kl_div": _divergence,
    "huber": _huber,
    "logaddexp2": _logaddexp2,
    "sinc": lambda x: _sinc(x * _constant(x, np.pi)),
    "unnormalised_sinc": _sinc,
}


def _formula(node: Node, inputs: Sequence[Node]) -> Node:
    real = all(x.dtype == node.dtype for x in inputs) and node.dtype.char in "fd"
    return FORMULAS[node.op.name](*inputs) if real else make(node.op, tuple(inputs), node.params)


def triangle(name: str, x: Node, offset: int) -> Node:
    """The part on one side of a diagonal (`tril` or `triu`), by a mask."""
    rows, columns = x.shape[-2:]
    mask = np.tri(rows, columns, offset if name == "tril" else offset - 1, dtype=bool)
    keep = broadcast(array_leaf(mask if name == "tril" else ~mask), x.shape)
    return where(keep, x, literal(0, x.dtype, x.shape))


def _triangle(node: Node, inputs: Sequence[Node]) -> Node:
    return triangle(node.op.name, inputs[0], node.param("offset"))


def _put_diagonal(node: Node, inputs: Sequence[Node]) -> Node:
    """The vector along the rows where row and column belong together, zeros elsewhere."""
    (v,), offset, (rows, columns) = inputs, node.param("offset"), node.param("sizes")
    if not v.aval.size:
        return literal(0, v.dtype, node.shape)
    own = np.arange(rows) - max(-offset, 0)
    along = array_leaf(np.clip(own, 0, v.shape[-1] - 1))
    spread_out = index(v, (*(FULL,) * (v.ndim - 1), Slot(0)), [along]) if rows != v.shape[-1] or offset else v
    square = (*v.shape[:-1], rows, columns)
    beside = array_leaf(np.eye(rows, columns, offset, dtype=bool))
    tall = broadcast(reshape(spread_out, (*spread_out.shape, 1)), square)
    placed = where(broadcast(beside, square), tall, literal(0, v.dtype, square))
    first, second = node.param("first"), node.param("second")
    order: list[int] = list(range(v.ndim - 1))
    for axis, last in sorted(((first, v.ndim - 1), (second, v.ndim))):
        order.insert(axis, last)
    return transpose(placed, tuple(order))


def _finite(node: Node, inputs: Sequence[Node]) -> Node:
    """Numbers in place of NaN and infinity."""
    (x,) = inputs
    if x.dtype.char not in "fd":
        return make(node.op, tuple(inputs), node.params)
    ends = np.finfo(x.dtype)
    above, below = node.param("posinf"), node.param("neginf")
    found = where(isnan(x), _constant(x, node.param("nan")), x)
    found = where(equal(x, np.inf), _constant(x, float(ends.max) if above is None else above), found)
    return where(equal(x, -np.inf), _constant(x, float(ends.min) if below is None else below), found)


RULES: dict[str, Callable[[Node, Sequence[Node]], Node]] = {
    **dict.fromkeys(FORMULAS, _formula),
    "tril": _triangle,
    "triu": _triangle,
    "put_diagonal": _put_diagonal,
    "nan_to_num": _finite,
}
