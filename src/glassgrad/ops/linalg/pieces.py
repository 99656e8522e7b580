"""What the rules of linear algebra are written with: products, transposes, traces on the last two axes. Floor 2."""

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node
from glassgrad.ops.complex import conjugate
from glassgrad.ops.contract import matmul
from glassgrad.ops.diagonal import diagonal_of, put_diagonal
from glassgrad.ops.leaves import ones
from glassgrad.ops.structure import cast, real, sum_over, transpose
from glassgrad.ops.triangle import tril, triu


def product(*factors: Node) -> Node:
    """The matrix product, from left to right."""
    result = factors[0]
    for factor in factors[1:]:
        result = matmul(result, factor)
    return result


def flipped(x: Node) -> Node:
    """The transpose of each matrix."""
    axes = tuple(range(x.ndim))
    return transpose(x, (*axes[:-2], axes[-1], axes[-2]))


def adjoint(x: Node) -> Node:
    """The conjugate transpose of each matrix."""
    return flipped(conjugate(x) if x.dtype.kind == "c" else x)


def diagonal(x: Node) -> Node:
    """The diagonal of each matrix."""
    return diagonal_of(x, x.ndim - 2, x.ndim - 1)


def from_diagonal(v: Node) -> Node:
    """Matrices with these diagonals."""
    return put_diagonal(v, v.ndim - 1, v.ndim)


def trace(x: Node) -> Node:
    """The trace of each matrix."""
    d = diagonal(x)
    return sum_over(d, (d.ndim - 1,))


def identity(x: Node, size: int) -> Node:
    """Identity matrices in the shape of x's leading axes."""
    return from_diagonal(ones(Aval((*x.shape[:-2], size), x.dtype)))


def half_lower(x: Node) -> Node:
    """The lower triangle with half of the diagonal: Φ in the rule of Cholesky."""
    return tril(x) - from_diagonal(diagonal(x) * 0.5)


def from_triangle(x: Node, *, lower: bool = True) -> Node:
    """The Hermitian matrix that has this lower (upper) triangle: what NumPy reads of a Hermitian argument."""
    strict = tril(x, -1) if lower else triu(x, 1)
    return strict + adjoint(strict) + from_diagonal(cast(real(diagonal(x)), x.dtype))
