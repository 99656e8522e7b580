"""Systems of equations, inverses and determinants. Floor 2."""

from collections.abc import Callable

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import ShapeError
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import Bilinear, Domain, Stacked, Tangent, op
from glassgrad.ops.complex import imag
from glassgrad.ops.leaves import project, zeros
from glassgrad.ops.linalg.pieces import adjoint, flipped, identity, product, trace
from glassgrad.ops.structure import cast, real, spread, sum_over
from glassgrad.ops.triangle import tril, triu


def check_square(name: str, a: Aval) -> None:
    """An error where the last two axes are no square matrix."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{name} needs square matrices in the last two axes, found {show_shape(a.shape)}")


def _square_aval(name: str) -> Callable[[Aval], Aval]:
    def infer(a: Aval) -> Aval:
        check_square(name, a)
        return a

    return infer


# ------------------------------------------------------------------ inverse and solve
INV = op(
    "inv",
    "a -> y",
    infer=_square_aval("inv"),
    numpy="np.linalg.inv(a)",
    batching=Stacked(),
    rule="derivative of the inverse",
    tex="{a}^{{-1}}",
    domain=Domain("np.linalg.det(a) != 0"),
    why="A⁻¹A = I holds while A moves, so d(A⁻¹) = −A⁻¹ dA A⁻¹",
    a=Tangent(lambda da, y: -product(y, da, y)),
)


def inv(a: Node) -> Node:
    """The inverse of each matrix."""
    return make(INV, (a,))


def _solve_aval(a: Aval, b: Aval) -> Aval:
    check_square("solve", a)
    if a.shape[:-1] != b.shape[:-1]:
        raise ShapeError(
            f"solve needs as many rows on both sides, found {show_shape(a.shape)} and {show_shape(b.shape)}"
        )
    return b


SOLVE = op(
    "solve",
    "a, b -> x",
    infer=_solve_aval,
    numpy="np.linalg.solve(a, b)",
    batching=Stacked(),
    rule="derivative of a linear system",
    tex="{a}^{{-1}} {b}",
    domain=Domain("np.linalg.det(a) != 0"),
    why="A x = b holds while A and b move, so A dx = db − dA x",
    a=Tangent(lambda da, a, x: solve(a, -product(da, x))),
    b=Bilinear(lambda ct, a: solve(flipped(a), ct)),
)


def solve(a: Node, b: Node) -> Node:
    """X with A X = B, for matrices B."""
    return make(SOLVE, (a, b))


# ------------------------------------------------------------------ triangular systems
def triangular_solution(a: np.ndarray, b: np.ndarray, lower: bool, unit: bool) -> np.ndarray:
    """X with T X = B, where T is the lower or upper triangle of A (with ones on its diagonal where `unit`)."""
    t = np.tril(a) if lower else np.triu(a)
    if unit:
        eye = np.eye(t.shape[-1], dtype=t.dtype)
        t = t - t * eye + eye
    return np.linalg.solve(t, b)


def _triangular_aval(a: Aval, b: Aval, lower: bool, unit: bool) -> Aval:
    del lower, unit
    return _solve_aval(a, b)


def _triangle(a: Node, *, lower: bool, unit: bool) -> Node:
    """The part of a that a triangular solve reads."""
    offset = -1 if unit else 0
    return tril(a, offset) if lower else triu(a, -offset)


SOLVE_TRIANGULAR = op(
    "solve_triangular",
    "a, b -> x",
    infer=_triangular_aval,
    numpy="triangular_solution(a, b, lower, unit)",
    kernels=(triangular_solution,),
    batching=Stacked(),
    rule="derivative of a linear system",
    tex="{a}^{{-1}} {b}",
    a=Tangent(
        lambda da, a, x, lower, unit: solve_triangular(
            a, -product(_triangle(da, lower=lower, unit=unit), x), lower=lower, unit=unit
        )
    ),
    b=Bilinear(lambda ct, a, lower, unit: solve_triangular(flipped(a), ct, lower=not lower, unit=unit)),
)


def solve_triangular(a: Node, b: Node, *, lower: bool, unit: bool = False) -> Node:
    """X with T X = B for the lower or upper triangle T of A."""
    return apply(SOLVE_TRIANGULAR, a, b, lower=lower, unit=unit)


# ------------------------------------------------------------------ determinants
def _determinant_aval(a: Aval) -> Aval:
    check_square("det", a)
    return Aval(a.shape[:-2], a.dtype)


def _determinant_tangent(da: Node, a: Node) -> Node:
    pointwise = cofactor(a) * da
    return sum_over(pointwise, (pointwise.ndim - 2, pointwise.ndim - 1))


DET = op(
    "det",
    "a -> y",
    infer=_determinant_aval,
    numpy="np.linalg.det(a)",
    batching=Stacked(),
    rule="Jacobi's formula",
    tex=r"\det {a}",
    why="by expansion along a row, ∂ det A / ∂A_ij is the cofactor of A_ij",
    a=Tangent(_determinant_tangent),
)


def det(a: Node) -> Node:
    """The determinant of each matrix."""
    return make(DET, (a,))


def cofactors(a: np.ndarray) -> np.ndarray:
    """The matrices of cofactors, also of singular matrices.

    From A = U S Vᴴ: det(U) det(Vᴴ) conj(U) diag(∏_{j≠i} s_j) conj(Vᴴ).
    """
    n = a.shape[-1]
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(n, dtype=bool), 1.0, s[..., None, :])
    products = np.prod(others, axis=-1).astype(s.dtype)
    sign = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    found: np.ndarray = sign * (np.conj(u) * products[..., None, :]) @ np.conj(vh)
    return found.astype(a.dtype)


COFACTOR = op(
    "cofactor",
    "a -> y",
    infer=_square_aval("cofactor"),
    numpy="cofactors(a)",
    kernels=(cofactors,),
    batching=Stacked(),
    rule="derivative of the cofactors",
    domain=Domain("np.linalg.det(a) != 0"),
    a=Tangent(lambda da, a, y: _cofactor_tangent(da, a, y)),
)


def _cofactor_tangent(da: Node, a: Node, y: Node) -> Node:
    """From C = det(A) A⁻ᵀ: dC = tr(A⁻¹ dA) C − A⁻ᵀ dAᵀ C."""
    moved = solve(flipped(a), flipped(da))
    return spread(trace(moved), y.shape, (y.ndim - 2, y.ndim - 1)) * y - product(moved, y)


def cofactor(a: Node) -> Node:
    """The matrix of cofactors of each matrix."""
    return make(COFACTOR, (a,))


def _slogdet_aval(a: Aval) -> tuple[Aval, Aval]:
    check_square("slogdet", a)
    return Aval(a.shape[:-2], a.dtype), Aval(a.shape[:-2], np.empty(0, a.dtype).real.dtype)


def _slogdet_tangent(da: Node, a: Node, node: Node) -> tuple[Node, Node]:
    """D log|det A| = Re tr(A⁻¹ dA); the sign turns by its imaginary part."""
    growth = trace(solve(a, da))
    sign = project(node, 0)
    turned = zeros(sign.aval) if sign.dtype.kind != "c" else sign * cast(imag(growth), sign.dtype) * 1j
    return turned, real(growth)


SLOGDET = op(
    "slogdet",
    "a -> sign, logdet",
    infer=_slogdet_aval,
    numpy="np.linalg.slogdet(a)",
    batching=Stacked(),
    rule="derivative of log-determinant",
    tex=r"\ln\lvert\det {a}\rvert",
    domain=Domain("np.linalg.det(a) != 0"),
    why="d log det A = tr(A⁻¹ dA)",
    a=Tangent(_slogdet_tangent),
)


def slogdet(a: Node) -> Node:
    """The sign and the logarithm of the absolute determinant of each matrix."""
    return make(SLOGDET, (a,))


# ------------------------------------------------------------------ pseudo-inverse
def _pinv_aval(a: Aval, rcond: float) -> Aval:
    del rcond
    return Aval((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype)


def _pinv_tangent(da: Node, a: Node, y: Node) -> Node:
    """Golub and Pereyra (1973), for matrices of constant rank."""
    rows, columns = a.shape[-2:]
    across = identity(a, rows) - product(a, y)
    along = identity(a, columns) - product(y, a)
    return product(y, adjoint(y), adjoint(da), across) + product(along, adjoint(da), adjoint(y), y) - product(y, da, y)


PINV = op(
    "pinv",
    "a -> y",
    infer=_pinv_aval,
    numpy="np.linalg.pinv(a, rcond)",
    batching=Stacked(),
    rule="derivative of the pseudo-inverse",
    tex="{a}^{{+}}",
    a=Tangent(_pinv_tangent),
)


def pinv(a: Node, rcond: float) -> Node:
    """The Moore-Penrose inverse of each matrix."""
    return apply(PINV, a, rcond=rcond)
