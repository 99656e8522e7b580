"""Matrices whose elements fit into registers: elimination written out, so that neighbouring ones share lanes. Floor 4.

Rows are exchanged as LAPACK does it, for the largest pivot, by selections: no branch, and errors as small.
"""

from collections.abc import Sequence
from functools import reduce
from math import prod

from glassgrad.graph.node import Node
from glassgrad.ops.compare import equal, logical_or
from glassgrad.ops.elementwise import add, divide, log, multiply, subtract
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL
from glassgrad.ops.leaves import literal
from glassgrad.ops.powers import sqrt
from glassgrad.ops.rounding import absolute, sign
from glassgrad.ops.select import where
from glassgrad.ops.shape import stack

_MOST_ROWS, _MOST_COLUMNS = 3, 32  # of matrices and their right sides, each written out: more take long to compile
_REGISTERS = 32  # elements of larger matrices with their right sides
_LEAST_MATRICES = 8
MOST_COFACTORS = 3  # rows of matrices whose cofactors are written out


def is_small(a: Node, columns: int = 0) -> bool:
    """Are these many matrices, each so small that its elements fit into registers, with those of its right sides?"""
    n = a.shape[-1]
    fits = (n <= _MOST_ROWS and columns <= _MOST_COLUMNS) or n * (n + columns) <= _REGISTERS
    return fits and n >= 2 and prod(a.shape[:-2]) >= _LEAST_MATRICES


def determinants(a: Node) -> Node:
    """The product of the pivots, with the sign of the exchanges."""
    rows, exchanged, _ = _eliminated(_elements(a))
    return reduce(multiply, _diagonal(rows), exchanged)


def log_determinants(a: Node) -> tuple[Node, Node]:
    """The signs of the determinants and the logarithms of their sizes: the sums of those of the pivots."""
    rows, exchanged, _ = _eliminated(_elements(a))
    pivots = _diagonal(rows)
    logarithms = reduce(add, [log(absolute(pivot)) for pivot in pivots])
    return reduce(multiply, [sign(pivot) for pivot in pivots], exchanged), logarithms


def cofactors(a: Node) -> Node:
    """The matrices of cofactors, of one row to three, by their definition."""
    rows = _elements(a)
    match rows:
        case [[x]]:
            found = [[literal(1, x.dtype, x.shape)]]
        case [[x, y], [z, w]]:
            found = [[w, -z], [-y, x]]
        case _:  # turned round rather than with signs: the cofactor of i, j from the rows and columns after them
            found = [[_minor(rows, i, j) for j in range(3)] for i in range(3)]
    return _matrices(found)


def _minor(rows: Sequence[Sequence[Node]], i: int, j: int) -> Node:
    (a, b), (c, d) = [[rows[k % 3][m % 3] for m in (j + 1, j + 2)] for k in (i + 1, i + 2)]
    return subtract(multiply(a, d), multiply(b, c))


def solutions(a: Node, b: Node) -> tuple[Node, Node]:
    """The x of a @ x = b, and where a pivot is zero."""
    n = a.shape[-1]
    rows, _, singular = _eliminated([left + right for left, right in zip(_elements(a), _elements(b), strict=True)])
    found = _substituted([row[:n] for row in rows], [row[n:] for row in rows], lower=False, unit=False)
    return _matrices(found), singular


def triangular_solutions(a: Node, b: Node, *, lower: bool, unit: bool) -> tuple[Node, Node]:
    """The x of t @ x = b for a triangle t of a, and where a zero stands on its diagonal."""
    rows = _elements(a)
    zero = reduce(logical_or, [equal(pivot, 0.0) for pivot in _diagonal(rows)])
    return _matrices(_substituted(rows, _elements(b), lower=lower, unit=unit)), zero


def factors(a: Node) -> tuple[Node, Node]:
    """The lower Cholesky factors, with zeros above the diagonal, and where a matrix is not positive definite."""
    rows, n = _elements(a), a.shape[-1]
    zero = literal(0, a.dtype, rows[0][0].shape)
    found = [[zero] * n for _ in range(n)]
    squares = []
    for j in range(n):
        for i in range(j, n):
            value = rows[i][j]
            for k in range(j):
                value = subtract(value, multiply(found[i][k], found[j][k]))
            if i == j:
                squares.append(value)
            found[i][j] = sqrt(value) if i == j else divide(value, found[j][j])
    return _matrices(found), reduce(logical_or, [square <= 0.0 for square in squares])


def _substituted(
    rows: Sequence[Sequence[Node]], right: Sequence[Sequence[Node]], *, lower: bool, unit: bool
) -> list[list[Node]]:
    """The solutions of triangular systems, from the row with one element on."""
    n = len(rows)
    found: list[list[Node]] = [[] for _ in range(n)]
    for k in range(n) if lower else reversed(range(n)):
        for column, given in enumerate(right[k]):
            value = given
            for j in range(k) if lower else range(k + 1, n):
                value = subtract(value, multiply(rows[k][j], found[j][column]))
            found[k].append(value if unit else divide(value, rows[k][k]))
    return found


def _matrices(rows: Sequence[Sequence[Node]]) -> Node:
    lead = rows[0][0].ndim
    return stack([stack(row, lead) for row in rows], lead)


def _diagonal(rows: Sequence[Sequence[Node]]) -> list[Node]:
    return [row[k] for k, row in enumerate(rows)]


def _elements(a: Node) -> list[list[Node]]:
    lead = (FULL,) * (a.ndim - 2)
    return [[index(a, (*lead, row, column)) for column in range(a.shape[-1])] for row in range(a.shape[-2])]


def _eliminated(rows: Sequence[Sequence[Node]]) -> tuple[list[list[Node]], Node, Node]:
    """The rows with zeros below the diagonal (not written), the sign of the exchanges, where a pivot is zero."""
    left = [list(row) for row in rows]
    n, some = len(left), left[0][0]
    one = literal(1, some.dtype, some.shape)
    exchanged = one
    for k in range(n):
        for below in range(k + 1, n):
            larger = absolute(left[below][k]) > absolute(left[k][k])
            pairs = list(zip(left[k], left[below], strict=True))
            left[k] = [*left[k][:k], *[where(larger, y, x) for x, y in pairs[k:]]]
            left[below] = [*left[below][:k], *[where(larger, x, y) for x, y in pairs[k:]]]
            exchanged = where(larger, -exchanged, exchanged)
        pivot = where(equal(left[k][k], 0.0), one, left[k][k])  # below a zero there are only zeros
        for below in range(k + 1, n):
            factor = divide(left[below][k], pivot)
            tails = zip(left[below][k + 1 :], left[k][k + 1 :], strict=True)
            left[below] = [*left[below][: k + 1], *[subtract(x, multiply(factor, y)) for x, y in tails]]
    return left, exchanged, reduce(logical_or, [equal(pivot, 0.0) for pivot in _diagonal(left)])
