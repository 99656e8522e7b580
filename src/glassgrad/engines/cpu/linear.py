"""Linear algebra as factors and what is done with them: one LU for a system, its transpose, and the determinant.

Floor 4. The ops here are the engine's own: `calls/linear.py` calls LAPACK for them. LAPACK reads memory column by
column: what it is handed is the transpose, so some of the ops take and give transposed matrices.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines.cpu import small_systems
from glassgrad.engines.cpu.contraction import as_products
from glassgrad.engines.cpu.derived import triangle
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import OPS, Op
from glassgrad.ops.compare import equal
from glassgrad.ops.elementwise import log, multiply
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.leaves import array_leaf, literal, outputs_of, project
from glassgrad.ops.linalg.pieces import diagonal, flipped
from glassgrad.ops.rounding import absolute, sign
from glassgrad.ops.select import where
from glassgrad.ops.structure import broadcast, cast, reshape, sum_over

_I32 = np.dtype(np.int32)
_SINGULAR = "Singular matrix"


def _own(name: str, inputs: str, outputs: str, infer: Callable[..., Any]) -> Op:
    return Op(name, tuple(inputs.split()), tuple(outputs.split()), infer, f"{name}(...)", {}, None)


def _lu_aval(a: Aval) -> tuple[Aval, Aval, Aval]:
    return a, Aval(a.shape[:-1], _I32), Aval(a.shape[:-2], _I32)


def _solution_aval(lu: Aval, pivots: Aval, singular: Aval, b: Aval, asked: str, transposed: bool) -> Aval:
    del lu, pivots, singular, asked, transposed
    return b


def _triangular_aval(a: Aval, b: Aval, lower: bool, unit: bool) -> Aval:
    del a, lower, unit
    return b


def _eigen_aval(a: Aval, lower: bool) -> tuple[Aval, Aval]:
    del lower
    return a, Aval(a.shape[:-1], a.dtype)


def _orthogonal_aval(a: Aval) -> tuple[Aval, Aval]:
    *lead, columns, rows = a.shape
    return a, Aval((*lead, min(rows, columns), rows), a.dtype)


def _singular_aval(a: Aval) -> tuple[Aval, Aval, Aval]:
    *lead, columns, rows = a.shape
    k = min(rows, columns)
    return Aval((*lead, k, rows), a.dtype), Aval((*lead, k), a.dtype), Aval((*lead, columns, k), a.dtype)


LU = _own("lu", "a", "lu pivots singular", _lu_aval)
SOLUTION = _own("lu_solution", "lu pivots singular b", "x", _solution_aval)
TRIANGULAR = _own("triangular_solution", "a b", "x", _triangular_aval)
FACTOR = _own("cholesky_factor", "a", "factor", lambda a: a)  # with other numbers above the diagonal
EIGEN = _own("symmetric_eigen", "at", "vectors_t values", _eigen_aval)
ORTHOGONAL = _own("orthogonal", "at", "rt qt", _orthogonal_aval)  # with other numbers outside of R's triangle
SINGULAR = _own("singular", "at", "ut s v", _singular_aval)
REFUSED = _own("refused", "flag", "none", lambda flag, asked, text: flag)  # an error unless it is 0
OWN = frozenset({REFUSED, LU, SOLUTION, TRIANGULAR, FACTOR, EIGEN, ORTHOGONAL, SINGULAR})


def _is_native(node: Node) -> bool:
    """Are there matrices, of a kind that has its LAPACK functions here?"""
    return all(x.dtype.char in "fd" and x.aval.size > 0 and min(x.shape) > 0 for x in node.inputs)


# ------------------------------------------------------------------ systems and determinants
def _factors(a: Node) -> tuple[list[Node], bool]:
    """The LU of a matrix; if it is another's transpose, that one's."""
    turned = a.op.name == "transpose" and a is flipped(a.inputs[0])
    lu = make(LU, (a.inputs[0] if turned else a,))
    return [project(lu, position) for position in range(3)], turned


def _unless_refused(x: Node, refused: Node, asked: str, text: str) -> Node:
    """What was found for many small matrices at once; nothing comes out where one of them is refused."""
    flag = cast(apply(OPS["any"], refused, axes=tuple(range(refused.ndim))), _I32)
    passed = equal(broadcast(apply(REFUSED, flag, asked=asked, text=text), x.shape), literal(0, _I32, x.shape))
    return where(passed, x, literal(0, x.dtype, x.shape))


def _solve(node: Node, inputs: Sequence[Node]) -> Node:
    a, b = inputs
    if small_systems.is_small(a, b.shape[-1]):
        return _unless_refused(*small_systems.solutions(a, b), "solve", _SINGULAR)
    factors, turned = _factors(a)
    return apply(SOLUTION, *factors, b, asked="solve", transposed=turned)


def _inverse(node: Node, inputs: Sequence[Node]) -> Node:
    (a,) = inputs
    identity = broadcast(array_leaf(np.eye(a.shape[-1], dtype=a.dtype)), a.shape)
    if small_systems.is_small(a, a.shape[-1]):
        return _unless_refused(*small_systems.solutions(a, identity), "inv", _SINGULAR)
    factors, turned = _factors(a)
    return apply(SOLUTION, *factors, identity, asked="inv", transposed=turned)


def _triangular(node: Node, inputs: Sequence[Node]) -> Node:
    a, b = inputs
    lower, unit = bool(node.param("lower")), bool(node.param("unit"))
    if small_systems.is_small(a, b.shape[-1]):
        x, zero = small_systems.triangular_solutions(a, b, lower=lower, unit=unit)
        return x if unit else _unless_refused(x, zero, "solve_triangular", _SINGULAR)
    return apply(TRIANGULAR, a, b, lower=lower, unit=unit)


def _exchanges_and_diagonal(a: Node) -> tuple[Node, Node]:
    """-1 for each exchange of rows and 1 elsewhere, and what stands on the diagonal of U."""
    (lu, pivots, _), _ = _factors(a)
    stayed = equal(pivots, broadcast(array_leaf(np.arange(1, a.shape[-1] + 1, dtype=_I32)), pivots.shape))
    one = literal(1, a.dtype, pivots.shape)
    return where(stayed, one, -one), diagonal(lu)


def _along(name: str, x: Node) -> Node:
    return apply(OPS[name], x, axes=(x.ndim - 1,))


def _determinant(node: Node, inputs: Sequence[Node]) -> Node:
    if small_systems.is_small(inputs[0]):
        return small_systems.determinants(inputs[0])
    signs, values = _exchanges_and_diagonal(inputs[0])
    return _along("prod", multiply(signs, values))


def _cofactors(node: Node, inputs: Sequence[Node]) -> Node:
    """By their definition, or from the singular vectors: see `glassgrad.ops.linalg.systems.cofactors`."""
    (a,) = inputs
    n = a.shape[-1]
    if n <= small_systems.MOST_COFACTORS:
        return small_systems.cofactors(a)
    u, values, v = _singular(node, inputs)
    rows = (*values.shape, n)
    own = broadcast(array_leaf(np.eye(n, dtype=bool)), rows)
    beside = broadcast(reshape(values, (*values.shape[:-1], 1, n)), rows)
    products = _along("prod", where(own, literal(1, a.dtype, rows), beside))
    turning = multiply(_determinant(node, (u,)), _determinant(node, (v,)))
    scale = multiply(broadcast(reshape(turning, (*turning.shape, 1)), products.shape), products)
    scaled = multiply(u, broadcast(reshape(scale, (*scale.shape[:-1], 1, n)), u.shape))
    lead = "".join(chr(ord("a") + k) for k in range(a.ndim - 2))
    return as_products(scaled, v, f"{lead}xy,{lead}yz->{lead}xz")


def _log_determinant(node: Node, inputs: Sequence[Node]) -> list[Node]:
    if small_systems.is_small(inputs[0]):
        return list(small_systems.log_determinants(inputs[0]))
    signs, values = _exchanges_and_diagonal(inputs[0])
    logarithms = log(absolute(values))
    return [_along("prod", multiply(signs, sign(values))), sum_over(logarithms, (values.ndim - 1,))]


# ------------------------------------------------------------------ factorisations
def _cholesky(node: Node, inputs: Sequence[Node]) -> Node:
    if small_systems.is_small(inputs[0]):
        return _unless_refused(*small_systems.factors(inputs[0]), "cholesky", "Matrix is not positive definite")
    return triangle("tril", make(FACTOR, tuple(inputs)), 0)


def _eigenvalues(node: Node, inputs: Sequence[Node]) -> list[Node]:
    found = apply(EIGEN, flipped(inputs[0]), lower=node.param("lower"))
    return [project(found, 1), flipped(project(found, 0))]


def _orthogonal(node: Node, inputs: Sequence[Node]) -> list[Node]:
    found = make(ORTHOGONAL, (flipped(inputs[0]),))
    r, q = flipped(project(found, 0)), flipped(project(found, 1))
    if r.shape[-2] > r.shape[-1]:
        r = _first_rows(r, r.shape[-1])
    return [q, triangle("triu", r, 0)]


def _first_rows(x: Node, count: int) -> Node:
    return index(x, (*(FULL,) * (x.ndim - 2), Cut(None, count, None)))


def _singular(node: Node, inputs: Sequence[Node]) -> list[Node]:
    found = make(SINGULAR, (flipped(inputs[0]),))
    u, s, v = (project(found, position) for position in range(3))
    return [flipped(u), s, flipped(v)]


_SINGLE: dict[str, Callable[[Node, Sequence[Node]], Node]] = {
    "solve": _solve,
    "inv": _inverse,
    "solve_triangular": _triangular,
    "det": _determinant,
    "cofactor": _cofactors,
    "cholesky": _cholesky,
}
_SEVERAL: dict[str, Callable[[Node, Sequence[Node]], list[Node]]] = {
    "slogdet": _log_determinant,
    "eigh": _eigenvalues,
    "qr": _orthogonal,
    "svd": _singular,
}


def _single(node: Node, inputs: Sequence[Node]) -> Node:
    return _SINGLE[node.op.name](node, inputs) if _is_native(node) else make(node.op, tuple(inputs), node.params)


def _several(node: Node, inputs: Sequence[Node]) -> list[Node]:
    if _is_native(node):
        return _SEVERAL[node.op.name](node, inputs)
    return outputs_of(make(node.op, tuple(inputs), node.params))


RULES = dict.fromkeys(_SINGLE, _single)
RULES_OF_SEVERAL = dict.fromkeys(_SEVERAL, _several)
