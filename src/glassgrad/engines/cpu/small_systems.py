"""Matrices of up to three rows: formulas and elimination written out, so that neighbouring ones share lanes. Floor 4.

Rows are exchanged as LAPACK does it, for the largest pivot, by selections: no branch, and errors as small.
"""

from collections.abc import Sequence
from math import prod

from glassgrad.graph.node import Node
from glassgrad.ops.compare import equal, logical_or
from glassgrad.ops.elementwise import divide, multiply, subtract
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL
from glassgrad.ops.leaves import literal
from glassgrad.ops.rounding import absolute
from glassgrad.ops.select import where
from glassgrad.ops.shape import stack

MOST_ROWS = 3
_LEAST_MATRICES = 8


def is_small(a: Node) -> bool:
    """Are these many matrices, each so small that its elements fit into registers?"""
    return 2 <= a.shape[-1] <= MOST_ROWS and prod(a.shape[:-2]) >= _LEAST_MATRICES


def determinants(a: Node) -> Node:
    """The product of the pivots, with the sign of the exchanges."""
    rows, sign, _ = _eliminated(_elements(a))
    result = sign
    for k, row in enumerate(rows):
        result = multiply(result, row[k])
    return result


def cofactors(a: Node) -> Node:
    """The matrices of cofactors, of one row to three, by their definition."""
    rows, lead = _elements(a), a.ndim - 2
    match rows:
        case [[x]]:
            found = [[literal(1, x.dtype, x.shape)]]
        case [[x, y], [z, w]]:
            found = [[w, -z], [-y, x]]
        case _:  # turned round rather than with signs: the cofactor of i, j from the rows and columns after them
            found = [[_minor(rows, i, j) for j in range(3)] for i in range(3)]
    return stack([stack(row, lead) for row in found], lead)


def _minor(rows: Sequence[Sequence[Node]], i: int, j: int) -> Node:
    (a, b), (c, d) = [[rows[k % 3][m % 3] for m in (j + 1, j + 2)] for k in (i + 1, i + 2)]
    return subtract(multiply(a, d), multiply(b, c))


def solutions(a: Node, b: Node) -> tuple[Node, Node]:
    """The x of a @ x = b, and where a pivot is zero."""
    n = a.shape[-1]
    rows, _, singular = _eliminated([left + right for left, right in zip(_elements(a), _elements(b), strict=True)])
    found: list[list[Node]] = [[] for _ in range(n)]
    for k in reversed(range(n)):
        for column in range(b.shape[-1]):
            value = rows[k][n + column]
            for j in range(k + 1, n):
                value = subtract(value, multiply(rows[k][j], found[j][column]))
            found[k].append(divide(value, rows[k][k]))
    lead = a.ndim - 2
    return stack([stack(row, lead) for row in found], lead), singular


def _elements(a: Node) -> list[list[Node]]:
    lead = (FULL,) * (a.ndim - 2)
    return [[index(a, (*lead, row, column)) for column in range(a.shape[-1])] for row in range(a.shape[-2])]


def _eliminated(rows: Sequence[Sequence[Node]]) -> tuple[list[list[Node]], Node, Node]:
    """The rows with zeros below the diagonal (not written), the sign of the exchanges, where a pivot is zero."""
    left = [list(row) for row in rows]
    n, some = len(left), left[0][0]
    one = literal(1, some.dtype, some.shape)
    sign = one
    for k in range(n):
        for below in range(k + 1, n):
            larger = absolute(left[below][k]) > absolute(left[k][k])
            pairs = list(zip(left[k], left[below], strict=True))
            left[k] = [*left[k][:k], *[where(larger, y, x) for x, y in pairs[k:]]]
            left[below] = [*left[below][:k], *[where(larger, x, y) for x, y in pairs[k:]]]
            sign = where(larger, -sign, sign)
        pivot = where(equal(left[k][k], 0.0), one, left[k][k])  # below a zero there are only zeros
        for below in range(k + 1, n):
            factor = divide(left[below][k], pivot)
            tails = zip(left[below][k + 1 :], left[k][k + 1 :], strict=True)
            left[below] = [*left[below][: k + 1], *[subtract(x, multiply(factor, y)) for x, y in tails]]
    zeros = [equal(row[k], 0.0) for k, row in enumerate(left)]
    singular = zeros[0]
    for zero in zeros[1:]:
        singular = logical_or(singular, zero)
    return left, sign, singular
