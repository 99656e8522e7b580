"""Factorisations of scipy.linalg on traced values, by those of np.linalg."""

from typing import Any

import numpy as np

from glassgrad.base.errors import UnsupportedError, UsageError
from glassgrad.scipy.linalg.systems import adjoint, as_assumed, as_traced, solve_triangular_traced
from glassgrad.tracing.registry import implements_name


# ------------------------------------------------------------------ Cholesky
@implements_name("scipy.linalg.cholesky")
def cholesky_traced(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.cholesky`: A = Rᴴ R, or L Lᴴ with `lower`."""
    return np.linalg.cholesky(a, upper=not lower)


@implements_name("scipy.linalg.cho_factor")
def cho_factor_traced(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.cho_factor`; the triangle that does not count is zero."""
    return cholesky_traced(a, lower), lower


# ------------------------------------------------------------------ eigenvalues
@implements_name("scipy.linalg.eigh")
def eigh_traced(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """`scipy.linalg.eigh`, also of A v = w B v, by the Cholesky factor of B."""
    if type != 1 or subset_by_value is not None:
        raise UnsupportedError("eigh with type= or subset_by_value= is not known on traced values")
    if b is None:
        w, v = np.linalg.eigh(as_traced(a), "L" if lower else "U")
    else:
        half = np.linalg.cholesky(as_assumed(as_traced(b), "her", lower=lower))
        left = solve_triangular_traced(half, as_assumed(as_traced(a), "her", lower=lower), lower=True)
        w, turned = np.linalg.eigh(adjoint(solve_triangular_traced(half, adjoint(left), lower=True)))
        v = solve_triangular_traced(half, turned, trans="C", lower=True)
    if subset_by_index is not None:
        first, last = (int(index) for index in subset_by_index)
        w, v = w[..., first : last + 1], v[..., first : last + 1]
    return w if eigvals_only else (w, v)


@implements_name("scipy.linalg.eigvalsh")
def eigvalsh_traced(a: Any, b: Any = None, **options: Any) -> Any:
    """`scipy.linalg.eigvalsh`."""
    return eigh_traced(a, b, eigvals_only=True, **options)


@implements_name("scipy.linalg.eig")
def eig_traced(
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """`scipy.linalg.eig`: eigenvalues and right eigenvectors of length 1; always complex."""
    if left or homogeneous_eigvals:
        raise UnsupportedError("eig with left= or homogeneous_eigvals= is not known on traced values")
    w, v = np.linalg.eig(as_traced(a) if b is None else np.linalg.solve(as_traced(b), a))
    return (w, v) if right else w


@implements_name("scipy.linalg.eigvals")
def eigvals_traced(a: Any, b: Any = None, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.eigvals`."""
    return eig_traced(a, b, right=False)


# ------------------------------------------------------------------ singular values and QR
@implements_name("scipy.linalg.svd")
def svd_traced(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """`scipy.linalg.svd`, reduced, or full for square matrices."""
    return tuple(np.linalg.svd(a, full_matrices)) if compute_uv else np.linalg.svd(a, compute_uv=False)


@implements_name("scipy.linalg.svdvals")
def svdvals_traced(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.svdvals`."""
    return np.linalg.svd(a, compute_uv=False)


@implements_name("scipy.linalg.qr")
def qr_traced(
    a: Any,
    overwrite_a: bool = False,
    lwork: int | None = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.qr` in its modes economic and r, and full where the matrix is not taller than wide."""
    if pivoting:
        raise UnsupportedError("qr with pivoting=True is not known on traced values")
    if mode not in ("full", "r", "economic"):
        raise UsageError(f"scipy.linalg.qr has no mode {mode!r} on traced values", hint="'full', 'r' or 'economic'")
    q, r = np.linalg.qr(a, "complete" if mode == "full" else "reduced")
    if mode == "r":
        rows = np.shape(a)[-2] - np.shape(r)[-2]
        return (np.pad(r, [(0, 0)] * (np.ndim(r) - 2) + [(0, rows), (0, 0)]),)
    return q, r
