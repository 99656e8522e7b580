"""Functions of matrices: exponential, square root, Sylvester's equation. Floor 2.

The derivatives of the exponential form one family: the k-th derivative at A in directions E₁ … E_k is a block of the
exponential of a block matrix (Higham 2008, 3.6), linear in each direction, and its transposes are in the family again.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Bilinear, Stacked, Tangent, op
from glassgrad.ops.linalg.pieces import flipped, product
from glassgrad.ops.linalg.systems import check_square


# ------------------------------------------------------------------ exponential
def matrix_exponential(a: np.ndarray) -> np.ndarray:
    """exp(A) by scaling and squaring of a Padé approximant of degree 13 (Higham 2005)."""
    norm = np.max(np.sum(np.abs(a), axis=-2), initial=0.0)
    squarings = int(max(0, np.ceil(np.log2(norm / 5.37)))) if np.isfinite(norm) and norm > 0 else 0
    a = a / 2.0**squarings
    eye = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
    c = [
        64764752532480000,
        32382376266240000,
        7771770303897600,
        1187353796428800,
        129060195264000,
        10559470521600,
        670442572800,
        33522128640,
        1323241920,
        40840800,
        960960,
        16380,
        182,
        1,
    ]
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a @ (a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2) + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * eye)
    even = a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2) + c[6] * a6 + c[4] * a4 + c[2] * a2 + c[0] * eye
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        result = result @ result
    return result.astype(a.dtype)


def with_directions(a: np.ndarray, *directions: np.ndarray) -> np.ndarray:
    """The block matrix of whose function a corner is the mixed derivative at A in the directions (Higham 2008, 3.6)."""
    n = a.shape[-1]
    big = a
    for direction in directions:
        size = big.shape[-1] // n
        block = np.zeros((*a.shape[:-2], 2 * size * n, 2 * size * n), a.dtype)
        block[..., : size * n, : size * n] = block[..., size * n :, size * n :] = big
        for k in range(size):
            block[..., k * n : (k + 1) * n, (size + k) * n : (size + k + 1) * n] = direction
        big = block
    return big


def exponential_derivative(a: np.ndarray, *directions: np.ndarray) -> np.ndarray:
    """The mixed derivative of exp at A in the given directions."""
    n = a.shape[-1]
    return matrix_exponential(with_directions(a, *directions))[..., :n, -n:]


def _expm_aval(a: Aval, *directions: Aval) -> Aval:
    del directions
    check_square("expm", a)
    return a


EXPM = op(
    "expm",
    "a -> y",
    infer=_expm_aval,
    numpy="matrix_exponential(a)",
    kernels=(matrix_exponential,),
    batching=Stacked(),
    rule="derivative of the matrix exponential",
    tex="e^{{{a}}}",
    why="A and dA need not commute, so d exp(A) is an integral over exp(sA) dA exp((1−s)A)",
    a=Tangent(lambda da, a: expm_derivative(a, da)),
)


def _transposed_direction(ct: Node, a: Node, directions: tuple[Node, ...], position: int) -> Node:
    """The trace of Cᵀ times the derivative is symmetric in Cᵀ and the directions."""
    others = [d for index, d in enumerate(directions) if index != position - 1]
    return flipped(expm_derivative(a, *others, flipped(ct)))


EXPM_DERIVATIVE = op(
    "expm_derivative",
    "a, *directions -> y",
    infer=_expm_aval,
    numpy="exponential_derivative(a, *directions)",
    kernels=(matrix_exponential, with_directions, exponential_derivative),
    batching=Stacked(),
    rule="derivative of the matrix exponential",
    a=Tangent(lambda da, a, directions: expm_derivative(a, *directions, da)),
    directions=Bilinear(_transposed_direction),
)


def expm_derivative(a: Node, *directions: Node) -> Node:
    """The mixed derivative of the exponential at A in the given directions."""
    return make(EXPM_DERIVATIVE, (a, *directions))


def expm(a: Node) -> Node:
    """The exponential of each matrix."""
    return make(EXPM, (a,))


# ------------------------------------------------------------------ Sylvester's equation and the square root
def sylvester_solution(a: np.ndarray, b: np.ndarray, q: np.ndarray) -> np.ndarray:
    """X with A X + X B = Q, as one linear system of the elements of X."""
    m, n = a.shape[-1], b.shape[-1]
    system = np.einsum("...ik,jl->...ijkl", a, np.eye(n)) + np.einsum("ik,...lj->...ijkl", np.eye(m), b)
    system = system.reshape(*a.shape[:-2], m * n, m * n)
    return np.linalg.solve(system, q.reshape(*q.shape[:-2], m * n, 1)).reshape(q.shape)


def _sylvester_aval(a: Aval, b: Aval, q: Aval) -> Aval:
    check_square("sylvester", a)
    check_square("sylvester", b)
    return q


def _fast_sylvester() -> Callable[..., Any]:
    import scipy.linalg

    def run(a: np.ndarray, b: np.ndarray, q: np.ndarray) -> np.ndarray:
        if a.ndim == 2:
            return scipy.linalg.solve_sylvester(a, b, q).astype(q.dtype)  # type: ignore[no-any-return]  # SciPy's
        return sylvester_solution(a, b, q)

    return run


SYLVESTER = op(
    "sylvester",
    "a, b, q -> x",
    infer=_sylvester_aval,
    numpy="sylvester_solution(a, b, q)",
    kernels=(sylvester_solution,),
    compute=lru_cache(_fast_sylvester),
    batching=Stacked(),
    rule="derivative of Sylvester's equation",
    a=Tangent(lambda da, a, b, x: sylvester(a, b, -product(da, x))),
    b=Tangent(lambda db, a, b, x: sylvester(a, b, -product(x, db))),
    q=Bilinear(lambda ct, a, b: sylvester(flipped(a), flipped(b), ct)),
)


def sylvester(a: Node, b: Node, q: Node) -> Node:
    """X with A X + X B = Q."""
    return make(SYLVESTER, (a, b, q))


def matrix_square_root(a: np.ndarray) -> np.ndarray:
    """The principal square root by the product form of Denman and Beavers' iteration (Higham 2008, 6.3)."""
    y, z = a, np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
    for _ in range(100):
        following = 0.5 * (y + np.linalg.inv(z))
        z = 0.5 * (z + np.linalg.inv(y))
        done = np.allclose(following, y, rtol=1e-15, atol=0)
        y = following
        if done:
            break
    return y


def _fast_square_root() -> Callable[..., Any]:
    import scipy.linalg

    def run(a: np.ndarray) -> np.ndarray:
        root = np.asarray(scipy.linalg.sqrtm(a))
        return root.real.astype(a.dtype) if a.dtype.kind == "f" and not np.any(root.imag) else root.astype(a.dtype)

    return run


def _sqrtm_aval(a: Aval) -> Aval:
    check_square("sqrtm", a)
    return a


SQRTM = op(
    "sqrtm",
    "a -> y",
    infer=_sqrtm_aval,
    numpy="matrix_square_root(a)",
    kernels=(matrix_square_root,),
    compute=lru_cache(_fast_square_root),
    batching=Stacked(),
    rule="derivative of the matrix square root",
    tex="{a}^{{1/2}}",
    why="Y Y = A holds while A moves, so Y dY + dY Y = dA",
    a=Tangent(lambda da, y: sylvester(y, y, da)),
)


def sqrtm(a: Node) -> Node:
    """The principal square root of each matrix."""
    return make(SQRTM, (a,))
