"""Systems of equations, inverses, determinants and norms of scipy.linalg on traced values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UnsupportedError, UsageError
from glassgrad.ops.linalg.systems import solve_triangular
from glassgrad.ops.structure import broadcast, reshape
from glassgrad.tracing.dispatch.linalg import matrices
from glassgrad.tracing.registry import implements_name
from glassgrad.tracing.tracer import Tracer, to_node, wrap


def as_traced(value: Any) -> Tracer:
    """The value as a tracer."""
    return value if isinstance(value, Tracer) else wrap(to_node(value))


def adjoint(a: Any) -> Any:
    """The conjugate transpose of each matrix."""
    return np.conjugate(np.matrix_transpose(a))


# ------------------------------------------------------------------ general systems
def as_assumed(a: Any, kind: str | None, *, lower: bool) -> Any:
    """The matrix of which SciPy reads only a part under this assumption."""
    match kind:
        case None | "gen" | "general":
            return a
        case "diagonal":
            return a * np.eye(np.shape(a)[-1])
        case "tridiagonal":
            return np.triu(np.tril(a, 1), -1)
        case "upper triangular":
            return np.triu(a)
        case "lower triangular":
            return np.tril(a)
        case "sym" | "symmetric":
            half = np.tril(a, -1) if lower else np.triu(a, 1)
            return half + np.matrix_transpose(half) + a * np.eye(np.shape(a)[-1])
        case "her" | "hermitian" | "pos" | "positive definite":
            half = np.tril(a, -1) if lower else np.triu(a, 1)
            return half + adjoint(half) + np.real(a) * np.eye(np.shape(a)[-1])
        case "banded":
            return a
    raise UsageError(f"scipy.linalg knows no assumption {kind!r}")


@implements_name("scipy.linalg.solve")
def solve_traced(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """`scipy.linalg.solve`."""
    matrix = as_assumed(as_traced(a), assume_a, lower=lower)
    return np.linalg.solve(np.matrix_transpose(matrix) if transposed else matrix, b)


@implements_name("scipy.linalg.inv")
def inv_traced(
    a: Any, overwrite_a: bool = False, check_finite: bool = True, *, assume_a: str | None = None, lower: bool = False
) -> Any:
    """`scipy.linalg.inv`."""
    return np.linalg.inv(as_assumed(a, assume_a, lower=lower))


@implements_name("scipy.linalg.det")
def det_traced(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.det`."""
    return np.linalg.det(a)


@implements_name("scipy.linalg.norm")
def norm_traced(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.norm`."""
    return np.linalg.norm(a, ord, axis, keepdims)


@implements_name("scipy.linalg.pinv")
def pinv_traced(
    a: Any,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.pinv`; the rank is counted where asked for."""
    if atol:
        raise UnsupportedError("pinv with atol= is not known on traced values", hint="rtol=, relative to the largest")
    cutoff = max(np.shape(a)[-2:]) * np.finfo(matrices(a)[0].dtype).eps if rtol is None else rtol
    inverse = np.linalg.pinv(a, rcond=cutoff)
    return (inverse, np.linalg.matrix_rank(a, rtol=cutoff)) if return_rank else inverse


@implements_name("scipy.linalg.lstsq")
def lstsq_traced(
    a: Any,
    b: Any,
    cond: float | None = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: str | None = None,
) -> Any:
    """`scipy.linalg.lstsq`: the solution, the squared residuals, the rank and the singular values."""
    solution, residuals, rank, values = np.linalg.lstsq(as_traced(a), b, rcond=cond)
    return solution, np.reshape(residuals, np.shape(b)[1:]) if np.size(residuals) else residuals, rank, values


# ------------------------------------------------------------------ triangular systems
_TURNS = {0: "N", 1: "T", 2: "C"}


@implements_name("scipy.linalg.solve_triangular")
def solve_triangular_traced(
    a: Any,
    b: Any,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solve_triangular`: only the triangle counts."""
    turn = _TURNS.get(trans, trans) if isinstance(trans, int) else trans
    if turn not in ("N", "T", "C"):
        raise UsageError(f"solve_triangular has no trans={trans!r}", hint="0 or 'N', 1 or 'T', 2 or 'C'")
    if turn != "N":
        a, lower = adjoint(a) if turn == "C" else np.matrix_transpose(a), not lower
    x, y = matrices(a, b)
    if y.ndim == 0 or x.ndim < 2 or x.shape[-1] != y.shape[0 if y.ndim == 1 else -2]:
        raise ShapeError(f"solve_triangular cannot join {show_shape(x.shape)} and {show_shape(y.shape)}")
    columns = reshape(y, (*y.shape, 1)) if y.ndim == 1 else y
    lead = np.broadcast_shapes(x.shape[:-2], columns.shape[:-2])
    found = solve_triangular(
        broadcast(x, (*lead, *x.shape[-2:])),
        broadcast(columns, (*lead, *columns.shape[-2:])),
        lower=bool(lower),
        unit=bool(unit_diagonal),
    )
    return wrap(reshape(found, found.shape[:-1]) if y.ndim == 1 else found)


@implements_name("scipy.linalg.cho_solve")
def cho_solve_traced(
    c_and_lower: tuple[Any, bool], b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """`scipy.linalg.cho_solve`: A x = b from the Cholesky factor of A."""
    factor, lower = c_and_lower
    first = solve_triangular_traced(factor, b, trans="N" if lower else "C", lower=lower)
    return solve_triangular_traced(factor, first, trans="C" if lower else "N", lower=lower)


# ------------------------------------------------------------------ banded systems
@implements_name("scipy.linalg.solve_banded")
def solve_banded_traced(
    l_and_u: Sequence[int],
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solve_banded`, through the whole matrix."""
    below, above = (int(width) for width in l_and_u)
    if np.ndim(ab) != 2 or np.shape(ab)[0] != below + above + 1:
        raise ShapeError(
            f"solve_banded with {below} bands below and {above} above the diagonal takes {below + above + 1} rows, "
            f"found {np.shape(ab)}"
        )
    return np.linalg.solve(_from_bands(ab, above), b)


@implements_name("scipy.linalg.solveh_banded")
def solveh_banded_traced(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solveh_banded`, through the whole matrix."""
    half = _from_bands(ab, 0 if lower else np.shape(ab)[0] - 1)
    return np.linalg.solve(as_assumed(half, "her", lower=lower), b)


def _from_bands(ab: Any, above: int) -> Any:
    """The matrix a[i, j] = ab[above + i - j, j]; zeros beyond the bands."""
    rows, columns = np.indices((np.shape(ab)[1],) * 2)
    band = above + rows - columns
    inside = (band >= 0) & (band < np.shape(ab)[0])
    return np.where(inside, as_traced(ab)[np.where(inside, band, 0), columns], 0.0)
