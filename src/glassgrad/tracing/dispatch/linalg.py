"""np.linalg on traced values. Floor 3."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UnsupportedError, UsageError
from glassgrad.graph.node import Node
from glassgrad.ops.diagonal import diagonal_of
from glassgrad.ops.leaves import outputs_of
from glassgrad.ops.lifting import common_dtype
from glassgrad.ops.linalg import factors, systems
from glassgrad.ops.linalg.pieces import adjoint, flipped
from glassgrad.ops.structure import broadcast, cast, reshape
from glassgrad.tracing.dispatch.contraction import vecdot_traced
from glassgrad.tracing.registry import implements
from glassgrad.tracing.tracer import Tracer, to_node, wrap


def matrices(*values: Any) -> list[Node]:
    """Operands at one floating dtype, as NumPy's linear algebra takes them."""
    nodes = [to_node(value) for value in values]
    dtype = common_dtype(*nodes)
    dtype = dtype if dtype.kind in "fc" else np.dtype(float)
    return [cast(node, dtype) for node in nodes]


def several(node: Node) -> list[Tracer]:
    """The outputs of a node of several outputs."""
    return [wrap(y) for y in outputs_of(node)]


# ------------------------------------------------------------------ systems
@implements(np.linalg.inv)
def inv_traced(a: Any) -> Tracer:
    """`np.linalg.inv`."""
    return wrap(systems.inv(*matrices(a)))


@implements(np.linalg.solve)
def solve_traced(a: Any, b: Any) -> Tracer:
    """`np.linalg.solve`: b is a vector where it has one axis, else matrices."""
    x, y = matrices(a, b)
    if y.ndim == 1:
        return wrap(_solved(x, reshape(y, (*y.shape, 1)), drop=True))
    return wrap(_solved(x, y, drop=False))


def _solved(a: Node, b: Node, *, drop: bool) -> Node:
    systems.check_square("solve", a.aval)
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"solve needs as many rows on both sides, found {show_shape(a.shape)} and {show_shape(b.shape)}"
        )
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = systems.solve(broadcast(a, (*lead, *a.shape[-2:])), broadcast(b, (*lead, *b.shape[-2:])))
    return reshape(x, x.shape[:-1]) if drop else x


@implements(np.linalg.det)
def det_traced(a: Any) -> Tracer:
    """`np.linalg.det`."""
    return wrap(systems.det(*matrices(a)))


@implements(np.linalg.slogdet)
def slogdet_traced(a: Any) -> Any:
    """`np.linalg.slogdet`: (sign, logabsdet)."""
    return _named(np.linalg.slogdet, several(systems.slogdet(*matrices(a))))


def _named(function: Any, values: Sequence[Any]) -> Any:
    """NumPy's named tuple of this function's results."""
    return type(function(np.eye(1)))(*values)


@implements(np.linalg.pinv)
def pinv_traced(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Tracer:
    """`np.linalg.pinv`."""
    (x,) = matrices(a)
    cutoff = rcond if rcond is not None else rtol
    if cutoff is None:
        cutoff = max(x.shape[-2:], default=0) * np.finfo(x.dtype).eps if rtol is not None else 1e-15
    return wrap(systems.pinv(x, _cutoff(cutoff)))


def _cutoff(value: Any) -> Any:
    """A threshold as a static fact: a number, or one for each matrix of a stack."""
    plain = np.asarray(value.value if isinstance(value, Tracer) else value, float)
    return _nested(plain.tolist())


def _nested(value: Any) -> Any:
    return tuple(_nested(part) for part in value) if isinstance(value, list) else value


@implements(np.linalg.lstsq)
def lstsq_traced(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, int, Any]:
    """`np.linalg.lstsq`: the solution through the pseudo-inverse; the rank is that of the numbers, where known."""
    x, y = matrices(a, b)
    cutoff = np.finfo(x.dtype).eps * max(x.shape) if rcond is None else float(rcond)
    solution = wrap(systems.pinv(x, float(cutoff))) @ wrap(y)
    values = np.linalg.svd(wrap(x), compute_uv=False)
    rank = min(x.shape)
    rest = wrap(y) - wrap(x) @ solution
    residuals = np.sum(np.abs(rest) ** 2, axis=0) if x.shape[0] > rank else np.zeros(0, x.dtype)
    return solution, np.atleast_1d(residuals), rank, values


@implements(np.linalg.matrix_power)
def matrix_power_traced(a: Any, n: int) -> Any:
    """`np.linalg.matrix_power`, by repeated squaring."""
    (x,) = matrices(a) if to_node(a).dtype.kind not in "iu" or n < 0 else (to_node(a),)
    systems.check_square("matrix_power", x.aval)
    if not isinstance(n, int | np.integer):
        raise UsageError(f"matrix_power needs an integer exponent, found {n!r}")
    base, left = wrap(x), abs(int(n))
    if n < 0:
        base = inv_traced(base)
    if left == 0:
        return np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape).copy()
    result = None
    while left:
        if left % 2:
            result = base if result is None else result @ base
        left //= 2
        base = base @ base if left else base
    return result


@implements(np.linalg.tensorinv)
def tensorinv_traced(a: Any, ind: int = 2) -> Any:
    """`np.linalg.tensorinv`."""
    shape = np.shape(a)
    rows = int(np.prod(shape[ind:]))
    return np.reshape(np.linalg.inv(np.reshape(a, (rows, -1))), (*shape[ind:], *shape[:ind]))


@implements(np.linalg.tensorsolve)
def tensorsolve_traced(a: Any, b: Any, axes: Sequence[int] | None = None) -> Any:
    """`np.linalg.tensorsolve`."""
    if axes is not None:
        rest = [axis for axis in range(np.ndim(a)) if axis not in axes]
        a = np.transpose(a, (*rest, *axes))
    shape = np.shape(a)[np.ndim(b) :]
    rows = int(np.prod(shape))
    return np.reshape(np.linalg.solve(np.reshape(a, (rows, rows)), np.ravel(b)), shape)


# ------------------------------------------------------------------ factorisations
@implements(np.linalg.cholesky)
def cholesky_traced(a: Any, /, *, upper: bool = False) -> Tracer:
    """`np.linalg.cholesky`."""
    factor = factors.cholesky(*matrices(a))
    return wrap(adjoint(factor) if upper else factor)


@implements(np.linalg.eigh)
def eigh_traced(a: Any, UPLO: str = "L") -> Any:
    """`np.linalg.eigh`: eigenvalues in rising order and eigenvectors as columns."""
    return _named(np.linalg.eigh, several(factors.eigh(*matrices(a), lower=UPLO.upper() == "L")))


@implements(np.linalg.eigvalsh)
def eigvalsh_traced(a: Any, UPLO: str = "L") -> Tracer:
    """`np.linalg.eigvalsh`."""
    return several(factors.eigh(*matrices(a), lower=UPLO.upper() == "L"))[0]


@implements(np.linalg.eig)
def eig_traced(a: Any) -> Any:
    """`np.linalg.eig`; the results are always complex."""
    return _named(np.linalg.eig, several(factors.eig(*matrices(a))))


@implements(np.linalg.eigvals)
def eigvals_traced(a: Any) -> Tracer:
    """`np.linalg.eigvals`; always complex."""
    return several(factors.eig(*matrices(a)))[0]


@implements(np.linalg.svd)
def svd_traced(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """`np.linalg.svd`, reduced, or full for square matrices."""
    (x,) = matrices(a)
    parts = several(factors.svd(x))
    if compute_uv and full_matrices and x.shape[-1] != x.shape[-2]:
        u, vh = several(factors.svd_full(x))
        parts = [u, parts[1], vh]
    return _named(np.linalg.svd, parts) if compute_uv else parts[1]


@implements(np.linalg.svdvals)
def svdvals_traced(x: Any, /) -> Tracer:
    """`np.linalg.svdvals`."""
    return several(factors.svd(*matrices(x)))[1]


@implements(np.linalg.qr)
def qr_traced(a: Any, mode: str = "reduced") -> Any:
    """`np.linalg.qr` in its modes reduced and r."""
    (x,) = matrices(a)
    if mode == "complete" and x.shape[-2] > x.shape[-1]:
        raise UnsupportedError("the complete Q of a tall matrix is not determined", hint="mode='reduced'")
    if mode not in ("reduced", "r", "complete"):
        raise UnsupportedError(f"qr mode {mode!r} is not known on traced values", hint="mode='reduced'")
    q, r = several(factors.qr(x))
    return r if mode == "r" else _named(np.linalg.qr, [q, r])


# ------------------------------------------------------------------ trace, norms, ranks
@implements(np.trace)
def trace_traced(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None) -> Any:
    """`np.trace`."""
    x = to_node(a)
    first, second = normalize_axis_index(axis1, x.ndim), normalize_axis_index(axis2, x.ndim)
    d = diagonal_of(x, first, second, int(offset))
    return np.sum(wrap(d), axis=-1, dtype=dtype)


@implements(np.linalg.trace)
def matrix_trace_traced(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """`np.linalg.trace`: over the last two axes."""
    return trace_traced(x, offset, -2, -1, dtype)


@implements(np.linalg.norm)
def norm_traced(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm` of each kind."""
    x = wrap(to_node(x))
    x = x if x.dtype.kind in "fc" else x.astype(float)
    if axis is None and (ord is None or np.ndim(x) not in (1, 2)):
        if ord is not None:
            raise ShapeError(
                f"norm of order {ord!r} needs a vector or a matrix, found shape {show_shape(np.shape(x))}",
                hint="give axis=",
            )
        return vector_norm(x, 2, tuple(range(np.ndim(x))), keepdims)
    axes = (
        tuple(range(np.ndim(x)))
        if axis is None
        else tuple(normalize_axis_index(int(n), np.ndim(x)) for n in np.atleast_1d(axis))
    )
    if len(axes) == 1:
        return vector_norm(x, 2 if ord is None else ord, axes, keepdims)
    if len(axes) != 2 or axes[0] == axes[1]:
        raise UsageError("norm is over one axis or two different ones")
    return _matrix_norm(x, ord, (axes[0], axes[1]), keepdims)


def vector_norm(x: Any, order: float, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The norm of vectors over these axes. Its derivative at 0 is taken as 0.

    Below order 1 a norm has a cusp where an entry is 0 (slopes −∞ and ∞, for negative orders −1 and 1): with respect
    to that entry the derivative is taken as 0, halfway, as for the absolute value.
    """
    size = np.abs(x)
    if order == np.inf:
        return np.max(size, axis=axes, keepdims=keepdims)
    if order == -np.inf:
        return np.min(size, axis=axes, keepdims=keepdims)
    if order == 0:
        return np.sum(x != 0, axis=axes, keepdims=keepdims).astype(size.dtype)
    if order == 1:
        return np.sum(size, axis=axes, keepdims=keepdims)
    if order == 2:
        return root_of_sum(_squares(x), axes, keepdims)
    total = np.sum(size**order if order > 1 else _flat_at_zero(size, order), axis=axes, keepdims=keepdims)
    return np.where(total == 0, 0.0, np.where(total == 0, 1.0, total) ** (1.0 / order))


def _flat_at_zero(size: Any, order: float) -> Any:
    """Powers below the first, with derivative 0 at 0: selected there, for 0 · ∞ is NaN."""
    zero = size == 0
    return np.where(zero, 0.0 if order > 0 else np.inf, np.where(zero, 1.0, size) ** order)


def _squares(x: Any) -> Any:
    node = to_node(x)
    if node.dtype.kind == "c":
        return np.real(x) ** 2 + np.imag(x) ** 2
    return wrap(node) * wrap(node) if node.dtype.kind == "f" else np.multiply(x, x, dtype=float)


def root_of_sum(squares: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The square root of a sum of squares, with derivative 0 where the sum is 0."""
    total = np.sum(squares, axis=axes, keepdims=keepdims)
    return np.where(total == 0, 0.0, np.sqrt(np.where(total == 0, 1.0, total)))


def _matrix_norm(x: Any, order: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    rows, columns = axes
    if order in (None, "fro", "f"):
        return root_of_sum(_squares(x), axes, keepdims)
    if order in ("nuc", 2, -2):
        values = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), compute_uv=False)
        result = (
            np.sum(values, axis=-1)
            if order == "nuc"
            else np.max(values, axis=-1)
            if order == 2
            else np.min(values, axis=-1)
        )
    elif order in (1, -1, np.inf, -np.inf):
        summed, other = (rows, columns) if abs(order) == 1 else (columns, rows)
        totals = np.sum(np.abs(x), axis=summed)
        left = other - (summed < other)
        result = np.max(totals, axis=left) if order > 0 else np.min(totals, axis=left)
    else:
        raise UsageError(f"there is no matrix norm of order {order!r}", hint="'fro', 'nuc', 1, -1, 2, -2, inf, -inf")
    return np.expand_dims(result, tuple(sorted(axes))) if keepdims else result


@implements(np.linalg.vector_norm)
def vector_norm_traced(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    """`np.linalg.vector_norm`."""
    axes = (
        tuple(range(np.ndim(x)))
        if axis is None
        else tuple(normalize_axis_index(int(n), np.ndim(x)) for n in np.atleast_1d(axis))
    )
    return vector_norm(x, ord, axes, keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm_traced(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """`np.linalg.matrix_norm`."""
    return _matrix_norm(x, ord, (np.ndim(x) - 2, np.ndim(x) - 1), keepdims)


@implements(np.linalg.cond)
def cond_traced(x: Any, p: Any = None) -> Any:
    """`np.linalg.cond`."""
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm_traced(x, p, (-2, -1)) * norm_traced(np.linalg.inv(x), p, (-2, -1))


@implements(np.linalg.matrix_rank)
def matrix_rank_traced(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """`np.linalg.matrix_rank`: a count, without derivative."""
    s = np.linalg.svd(A, compute_uv=False)
    if tol is None:
        share = max(np.shape(A)[-2:]) * np.finfo(s.dtype).eps if rtol is None else np.asarray(rtol)[..., None]
        return np.count_nonzero(s > np.max(s, axis=-1, keepdims=True, initial=0.0) * share, axis=-1)
    return np.count_nonzero(s > np.expand_dims(tol, -1), axis=-1)


@implements(np.linalg.matrix_transpose, np.matrix_transpose)
def matrix_transpose_traced(x: Any, /) -> Tracer:
    """The last two axes swapped."""
    return wrap(flipped(to_node(x)))


@implements(np.linalg.diagonal)
def matrix_diagonal_traced(x: Any, /, *, offset: int = 0) -> Tracer:
    """`np.linalg.diagonal`: of the last two axes."""
    node = to_node(x)
    return wrap(diagonal_of(node, node.ndim - 2, node.ndim - 1, offset))


@implements(np.linalg.matmul)
def linalg_matmul_traced(x1: Any, x2: Any, /) -> Any:
    """`np.linalg.matmul`."""
    return np.matmul(x1, x2)


@implements(np.linalg.outer)
def linalg_outer_traced(x1: Any, x2: Any, /) -> Any:
    """`np.linalg.outer`."""
    return np.outer(x1, x2)


@implements(np.linalg.tensordot)
def linalg_tensordot_traced(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """`np.linalg.tensordot`."""
    return np.tensordot(x1, x2, axes)


@implements(np.linalg.vecdot)
def linalg_vecdot_traced(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """`np.linalg.vecdot`."""
    return vecdot_traced(x1, x2, axis)
