"""Matrices of a pattern (Toeplitz, block diagonal …) of scipy.linalg on traced values."""

from typing import Any

import numpy as np

from glassgrad.base.errors import ShapeError
from glassgrad.scipy.linalg.systems import as_traced
from glassgrad.tracing.registry import implements_name


@implements_name("scipy.linalg.toeplitz")
def toeplitz_traced(c: Any, r: Any = None) -> Any:
    """`scipy.linalg.toeplitz`: first column c, first row r (the conjugate of c unless given)."""
    column = _line(c)
    row = np.conjugate(column) if r is None else _line(r)
    values = np.concatenate([np.flip(column), row[1:]])
    i, j = np.indices((np.size(column), np.size(row)))
    return values[np.size(column) - 1 - i + j]


def _line(values: Any) -> Any:
    return np.ravel(as_traced(values))


@implements_name("scipy.linalg.circulant")
def circulant_traced(c: Any) -> Any:
    """`scipy.linalg.circulant`: each column the one before turned by a place."""
    column = as_traced(c)
    i, j = np.indices((np.shape(column)[-1],) * 2)
    return column[..., (i - j) % np.shape(column)[-1]]


@implements_name("scipy.linalg.hankel")
def hankel_traced(c: Any, r: Any = None) -> Any:
    """`scipy.linalg.hankel`: first column c, last row r (zeros unless given)."""
    column = _line(c)
    row = np.zeros_like(column) if r is None else _line(r)
    i, j = np.indices((np.size(column), np.size(row)))
    return np.concatenate([column, row[1:]])[i + j]


@implements_name("scipy.linalg.block_diag")
def block_diag_traced(*arrs: Any) -> Any:
    """`scipy.linalg.block_diag`: the matrices along the diagonal, zeros elsewhere."""
    blocks = [np.atleast_2d(as_traced(block)) for block in arrs]
    columns = [np.shape(block)[-1] for block in blocks]
    placed = []
    for number, block in enumerate(blocks):
        before, after = sum(columns[:number]), sum(columns[number + 1 :])
        placed.append(np.pad(block, [(0, 0)] * (np.ndim(block) - 1) + [(before, after)]))
    return np.concatenate(placed, axis=-2)


@implements_name("scipy.linalg.khatri_rao")
def khatri_rao_traced(a: Any, b: Any) -> Any:
    """`scipy.linalg.khatri_rao`: the Kronecker products of the columns."""
    if np.ndim(a) != 2 or np.ndim(b) != 2 or np.shape(a)[1] != np.shape(b)[1]:
        raise ShapeError(f"khatri_rao needs matrices of as many columns, found {np.shape(a)} and {np.shape(b)}")
    products = np.einsum("ik,jk->ijk", a, b)
    return np.reshape(products, (-1, np.shape(a)[1]))


@implements_name("scipy.linalg.companion")
def companion_traced(a: Any) -> Any:
    """`scipy.linalg.companion`: the matrix whose eigenvalues are the roots of a polynomial."""
    coefficients: Any = as_traced(a)
    size = np.size(coefficients) - 1
    if size < 1:
        raise ShapeError(f"companion needs at least two coefficients, found {np.shape(a)}")
    first = -coefficients[1:] / coefficients[0]
    return np.concatenate([first[None], np.eye(size - 1, size, dtype=first.dtype)])


@implements_name("scipy.linalg.solve_toeplitz")
def solve_toeplitz_traced(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """`scipy.linalg.solve_toeplitz`, through the whole matrix."""
    return np.linalg.solve(_toeplitz_of(c_or_cr), b)


@implements_name("scipy.linalg.matmul_toeplitz")
def matmul_toeplitz_traced(c_or_cr: Any, x: Any, check_finite: bool = False, workers: int | None = None) -> Any:
    """`scipy.linalg.matmul_toeplitz`, through the whole matrix."""
    return _toeplitz_of(c_or_cr) @ x


def _toeplitz_of(c_or_cr: Any) -> Any:
    return toeplitz_traced(*c_or_cr) if isinstance(c_or_cr, tuple) else toeplitz_traced(c_or_cr)
