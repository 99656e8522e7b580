"""The principal logarithm of matrices. Floor 2. Its derivatives are a family as those of the exponential are."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Bilinear, Domain, Stacked, Tangent, op
from glassgrad.ops.linalg.functions import matrix_square_root, with_directions
from glassgrad.ops.linalg.pieces import flipped
from glassgrad.ops.linalg.systems import check_square


def matrix_logarithm(a: np.ndarray) -> np.ndarray:
    """By square roots until A is near I, then log(I + X) = ∫ X (I + tX)⁻¹ dt over 0 < t < 1 (Higham 2008, 11.5)."""
    eye = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
    roots = 0
    root = a
    while np.max(np.sum(np.abs(root - eye), axis=-2), initial=0.0) > 0.25 and roots < 60:
        root = matrix_square_root(root)
        roots += 1
    x = root - eye
    nodes, weights = np.polynomial.legendre.leggauss(8)
    total = np.zeros_like(x)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        total = total + weight * np.linalg.solve(eye + node * x, x)
    return np.asarray(total * 2.0**roots, a.dtype)


def logarithm_derivative(a: np.ndarray, *directions: np.ndarray) -> np.ndarray:
    """The mixed derivative of the logarithm at A in the given directions."""
    n = a.shape[-1]
    return matrix_logarithm(with_directions(a, *directions))[..., :n, -n:]


def _logm_aval(a: Aval, *directions: Aval) -> Aval:
    del directions
    check_square("logm", a)
    return a


def _with_scipy(a: np.ndarray) -> np.ndarray:
    import scipy.linalg  # heavy

    found = np.asarray(scipy.linalg.logm(a))
    return found.real.astype(a.dtype) if a.dtype.kind == "f" and not np.any(found.imag) else found.astype(a.dtype)


@lru_cache
def _fast_logarithm() -> Callable[..., Any]:
    def run(a: np.ndarray, *directions: np.ndarray) -> np.ndarray:
        n = a.shape[-1]
        if a.ndim > 2:
            return logarithm_derivative(a, *directions) if directions else matrix_logarithm(a)
        return _with_scipy(with_directions(a, *directions))[:n, -n:]

    return run


_DOMAIN = Domain("np.all(~((np.linalg.eigvals(a).real <= 0) & (np.linalg.eigvals(a).imag == 0)))")
LOGM = op(
    "logm",
    "a -> y",
    infer=_logm_aval,
    numpy="matrix_logarithm(a)",
    kernels=(matrix_square_root, matrix_logarithm),
    compute=_fast_logarithm,
    batching=Stacked(),
    rule="derivative of the matrix logarithm",
    tex=r"\log {a}",
    why="A and dA need not commute, so d log(A) is the integral of (I + tX)⁻¹ dA (I + tX)⁻¹ over 0 < t < 1, X = A − I",
    domain=_DOMAIN,
    a=Tangent(lambda da, a: logm_derivative(a, da)),
)


def _transposed_direction(ct: Node, a: Node, directions: tuple[Node, ...], position: int) -> Node:
    """The trace of Cᵀ times the derivative is symmetric in Cᵀ and the directions."""
    others = [d for index, d in enumerate(directions) if index != position - 1]
    return flipped(logm_derivative(a, *others, flipped(ct)))


LOGM_DERIVATIVE = op(
    "logm_derivative",
    "a, *directions -> y",
    infer=_logm_aval,
    numpy="logarithm_derivative(a, *directions)",
    kernels=(matrix_square_root, matrix_logarithm, with_directions, logarithm_derivative),
    compute=_fast_logarithm,
    batching=Stacked(),
    rule="derivative of the matrix logarithm",
    domain=_DOMAIN,
    a=Tangent(lambda da, a, directions: logm_derivative(a, *directions, da)),
    directions=Bilinear(_transposed_direction),
)


def logm_derivative(a: Node, *directions: Node) -> Node:
    """The mixed derivative of the logarithm at A in the given directions."""
    return make(LOGM_DERIVATIVE, (a, *directions))


def logm(a: Node) -> Node:
    """The principal logarithm of each matrix."""
    return make(LOGM, (a,))
