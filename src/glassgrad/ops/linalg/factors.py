"""Factorisations: Cholesky, eigenvalues, singular values, QR. Floor 2.

Where two eigenvalues or singular values are equal the vectors are not differentiable; there the part of the tangent
that would divide by zero is left out, so that functions of the values alone stay right.
"""

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import ShapeError
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import OPS, Domain, Stacked, Tangent, Undefined, op
from glassgrad.ops.complex import imag
from glassgrad.ops.elementwise import divide
from glassgrad.ops.leaves import array_leaf, ones, project, zeros
from glassgrad.ops.lifting import elementwise
from glassgrad.ops.linalg.pieces import (
    adjoint,
    diagonal,
    flipped,
    from_diagonal,
    from_triangle,
    half_lower,
    identity,
    product,
)
from glassgrad.ops.linalg.systems import check_square, inv, solve, solve_triangular
from glassgrad.ops.select import where
from glassgrad.ops.structure import broadcast, cast, real, reshape, spread, sum_over
from glassgrad.ops.triangle import tril


# ------------------------------------------------------------------ Cholesky
def _cholesky_aval(a: Aval) -> Aval:
    check_square("cholesky", a)
    return a


def _cholesky_tangent(da: Node, y: Node) -> Node:
    """DL = L Φ(L⁻¹ dA L⁻ᴴ), with Φ the lower triangle with half of the diagonal (Giles 2008, 2.4.1)."""
    inner = solve_triangular(y, from_triangle(da), lower=True)
    inner = adjoint(solve_triangular(y, adjoint(inner), lower=True))
    return product(y, half_lower(inner))


CHOLESKY = op(
    "cholesky",
    "a -> y",
    infer=_cholesky_aval,
    numpy="np.linalg.cholesky(a)",
    batching=Stacked(),
    rule="derivative of the Cholesky factor",
    domain=Domain("np.all(np.linalg.eigvalsh(a) > 0)"),
    why="A = L Lᴴ holds while A moves: L⁻¹ dA L⁻ᴴ splits into a lower triangle and its transpose",
    a=Tangent(_cholesky_tangent),
)


def cholesky(a: Node) -> Node:
    """The lower Cholesky factor of each Hermitian matrix, of which the lower triangle is read."""
    return make(CHOLESKY, (a,))


# ------------------------------------------------------------------ eigenvalues
def _real_dtype(dtype: np.dtype) -> np.dtype:
    return np.empty(0, dtype).real.dtype


def _eigh_aval(a: Aval, lower: bool) -> tuple[Aval, Aval]:
    del lower
    check_square("eigh", a)
    return Aval(a.shape[:-1], _real_dtype(a.dtype)), a


def gap_reciprocals(values: Node) -> Node:
    """1 / (w_j - w_i) off the diagonal, zero on it and where two values are equal."""
    n = values.shape[-1]
    shape = (*values.shape, n)
    columns = broadcast(reshape(values, (*values.shape[:-1], 1, n)), shape)
    rows = broadcast(reshape(values, (*values.shape, 1)), shape)
    gap = columns - rows
    same = _is_zero(gap)
    return where(same, zeros(gap.aval), divide(ones(gap.aval), where(same, ones(gap.aval), gap)))


def _is_zero(x: Node) -> Node:
    return elementwise(OPS["equal"], (x, zeros(x.aval)))


def _eigh_tangent(da: Node, node: Node, lower: bool) -> tuple[Node, Node]:
    """dw_i = v_iᴴ dA v_i;  dV = V (F ∘ Vᴴ dA V) with F_ij = 1 / (w_j − w_i)  (Giles 2008, 3.1)."""
    w, v = project(node, 0), project(node, 1)
    turned = product(adjoint(v), from_triangle(da, lower=lower), v)
    return real(diagonal(turned)), product(v, cast(gap_reciprocals(w), v.dtype) * turned)


EIGH = op(
    "eigh",
    "a -> w, v",
    infer=_eigh_aval,
    numpy="np.linalg.eigh(a, 'L' if lower else 'U')",
    batching=Stacked(),
    rule="derivative of eigenvalues and eigenvectors",
    domain=Domain("np.all(np.diff(np.linalg.eigvalsh(a)) > 0)"),
    why="to first order an eigenvalue moves by vᴴ dA v: its vector stays where it is",
    a=Tangent(_eigh_tangent),
)


def eigh(a: Node, *, lower: bool = True) -> Node:
    """Eigenvalues and eigenvectors of Hermitian matrices (a node of two outputs)."""
    return apply(EIGH, a, lower=lower)


def _eig_aval(a: Aval) -> tuple[Aval, Aval]:
    check_square("eig", a)
    dtype = np.result_type(a.dtype, np.complex64)
    return Aval(a.shape[:-1], dtype), Aval(a.shape, dtype)


def eigenpairs(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and unit eigenvectors of general matrices, always complex."""
    dtype = np.result_type(a.dtype, np.complex64)
    w, v = np.linalg.eig(a)
    return w.astype(dtype), v.astype(dtype)


def _eig_tangent(da: Node, node: Node) -> tuple[Node, Node]:
    """Dw = diag(V⁻¹ dA V), dV = V (F ∘ V⁻¹ dA V), with each column kept at length one."""
    w, v = project(node, 0), project(node, 1)
    turned = solve(v, product(cast(da, v.dtype), v))
    free = product(v, gap_reciprocals(w) * turned)
    along = real(sum_over(conj_times(v, free), (v.ndim - 2,)))
    return diagonal(turned), free - v * cast(spread(along, v.shape, (v.ndim - 2,)), v.dtype)


def conj_times(x: Node, y: Node) -> Node:
    """conj(x) · y, elementwise."""
    return flipped(adjoint(x)) * y


EIG = op(
    "eig",
    "a -> w, v",
    infer=_eig_aval,
    numpy="eigenpairs(a)",
    kernels=(eigenpairs,),
    batching=Stacked(),
    rule="derivative of eigenvalues and eigenvectors",
    a=Tangent(_eig_tangent),
)


def eig(a: Node) -> Node:
    """Eigenvalues and eigenvectors of general matrices (a node of two outputs, complex)."""
    return make(EIG, (a,))


# ------------------------------------------------------------------ singular values
def _svd_aval(a: Aval) -> tuple[Aval, Aval, Aval]:
    if a.ndim < 2:
        raise ShapeError(f"svd needs matrices, found shape {show_shape(a.shape)}")
    (m, n), lead = a.shape[-2:], a.shape[:-2]
    k = min(m, n)
    return Aval((*lead, m, k), a.dtype), Aval((*lead, k), _real_dtype(a.dtype)), Aval((*lead, k, n), a.dtype)


def _svd_tangent(da: Node, node: Node) -> tuple[Node, Node, Node]:
    """Of A = U S Vᴴ (Giles 2008, 3.2; for complex matrices Wan and Zhang 2019)."""
    u, s, vh = (project(node, index) for index in range(3))
    (m, n), k = da.shape[-2:], s.shape[-1]
    ds_full = product(adjoint(u), da, adjoint(vh))
    values = cast(s, u.dtype)
    row = broadcast(reshape(values, (*s.shape[:-1], 1, k)), ds_full.shape)  # s_j
    gaps = cast(gap_reciprocals(s * s), u.dtype)
    du = product(u, gaps * (ds_full * row + adjoint(ds_full * row)))
    dv = product(adjoint(vh), gaps * (flipped(row) * ds_full + adjoint(flipped(row) * ds_full)))
    if u.dtype.kind == "c":
        turn = from_diagonal(divide(cast(imag(diagonal(ds_full)), u.dtype) * 0.5j, values))
        du, dv = du + product(u, turn), dv - product(adjoint(vh), turn)
    if m > k:
        du = du + divide(product(identity(u, m) - product(u, adjoint(u)), da, adjoint(vh)), _rows(values, m))
    if n > k:
        v = adjoint(vh)
        dv = dv + divide(product(identity(v, n) - product(v, vh), adjoint(da), u), _rows(values, n))
    return du, real(diagonal(ds_full)), adjoint(dv)


def _rows(values: Node, count: int) -> Node:
    """The values as each of `count` rows."""
    return broadcast(
        reshape(values, (*values.shape[:-1], 1, values.shape[-1])), (*values.shape[:-1], count, values.shape[-1])
    )


SVD = op(
    "svd",
    "a -> u, s, vh",
    infer=_svd_aval,
    numpy="np.linalg.svd(a, full_matrices=False)",
    batching=Stacked(),
    rule="derivative of the singular values and vectors",
    domain=Domain("np.all(np.diff(np.linalg.svd(a, compute_uv=False)) < 0)"),
    why="to first order a singular value moves by uᴴ dA v",
    a=Tangent(_svd_tangent),
)


def svd(a: Node) -> Node:
    """The reduced singular value decomposition (a node of three outputs)."""
    return make(SVD, (a,))


def _svd_full_aval(a: Aval) -> tuple[Aval, Aval]:
    (m, n), lead = a.shape[-2:], a.shape[:-2]
    return Aval((*lead, m, m), a.dtype), Aval((*lead, n, n), a.dtype)


SVD_FULL = op(
    "svd_full",
    "a -> u, vh",
    infer=_svd_full_aval,
    numpy="np.linalg.svd(a)[::2]",
    batching=Stacked(),
    rule="no derivative: the vectors beyond the rank are not determined",
    a=Undefined("np.linalg.svd(a, full_matrices=False) has only vectors that are determined"),
)


def svd_full(a: Node) -> Node:
    """All left and right singular vectors, also those that no singular value belongs to (a node of two outputs)."""
    return make(SVD_FULL, (a,))


# ------------------------------------------------------------------ QR
def _qr_aval(a: Aval) -> tuple[Aval, Aval]:
    if a.ndim < 2:
        raise ShapeError(f"qr needs matrices, found shape {show_shape(a.shape)}")
    (m, n), lead = a.shape[-2:], a.shape[:-2]
    k = min(m, n)
    return Aval((*lead, m, k), a.dtype), Aval((*lead, k, n), a.dtype)


def _qr_tangent(da: Node, a: Node, node: Node) -> tuple[Node, Node]:
    """Of A = Q R with R square (Walter and Lehmann 2012): dQ = Q Ω + (I − Q Qᴴ) dA R⁻¹, dR = Qᴴ dA − Ω R."""
    q, r = project(node, 0), project(node, 1)
    if a.shape[-2] < a.shape[-1]:
        return _wide_qr_tangent(da, a, q, r)
    moved = product(da, inv(r))
    inner = product(adjoint(q), moved)
    strict = tril(inner, -1)
    turn = strict - adjoint(strict)
    if q.dtype.kind == "c":
        turn = turn + from_diagonal(cast(imag(diagonal(inner)), q.dtype) * 1j)
    dq = product(q, turn - inner) + moved
    return dq, product(adjoint(q), da) - product(turn, r)


def _wide_qr_tangent(da: Node, a: Node, q: Node, r: Node) -> tuple[Node, Node]:
    """For more columns than rows: the square part decides Q, the rest of R follows."""
    first = array_leaf(np.eye(a.shape[-1], a.shape[-2], dtype=a.dtype))  # keeps the first columns
    moved = product(da, first, inv(product(r, first)))
    inner = product(adjoint(q), moved)
    strict = tril(inner, -1)
    turn = strict - adjoint(strict)
    if q.dtype.kind == "c":
        turn = turn + from_diagonal(cast(imag(diagonal(inner)), q.dtype) * 1j)
    return product(q, turn), product(adjoint(q), da) - product(turn, r)


QR = op(
    "qr",
    "a -> q, r",
    infer=_qr_aval,
    numpy="np.linalg.qr(a)",
    batching=Stacked(),
    rule="derivative of the QR factors",
    a=Tangent(_qr_tangent),
)


def qr(a: Node) -> Node:
    """The reduced QR decomposition (a node of two outputs)."""
    return make(QR, (a,))
