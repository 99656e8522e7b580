"""Functions of matrices and matrix equations of scipy.linalg on traced values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from glassgrad.base.errors import ConcretizationError
from glassgrad.graph.node import Node
from glassgrad.ops.linalg.functions import expm, expm_derivative, sqrtm, sylvester
from glassgrad.ops.linalg.logarithm import logm
from glassgrad.ops.structure import cast
from glassgrad.scipy.linalg.systems import adjoint
from glassgrad.tracing.dispatch.linalg import matrices
from glassgrad.tracing.registry import implements_name
from glassgrad.tracing.tracer import Tracer, wrap


# ------------------------------------------------------------------ exponential
@implements_name("scipy.linalg.expm")
def expm_traced(A: Any) -> Tracer:
    """`scipy.linalg.expm`."""
    return wrap(expm(*matrices(A)))


@implements_name("scipy.linalg.expm_frechet")
def expm_frechet_traced(
    A: Any, E: Any, method: str | None = None, compute_expm: bool = True, check_finite: bool = True
) -> Any:
    """`scipy.linalg.expm_frechet`: the derivative of the exponential at A in the direction E."""
    a, e = matrices(A, E)
    change = wrap(expm_derivative(a, e))
    return (wrap(expm(a)), change) if compute_expm else change


@implements_name("scipy.linalg.coshm")
def coshm_traced(A: Any) -> Any:
    """`scipy.linalg.coshm`."""
    return 0.5 * (expm_traced(A) + expm_traced(-A))


@implements_name("scipy.linalg.sinhm")
def sinhm_traced(A: Any) -> Any:
    """`scipy.linalg.sinhm`."""
    return 0.5 * (expm_traced(A) - expm_traced(-A))


@implements_name("scipy.linalg.tanhm")
def tanhm_traced(A: Any) -> Any:
    """`scipy.linalg.tanhm`."""
    return np.linalg.solve(coshm_traced(A), sinhm_traced(A))


@implements_name("scipy.linalg.cosm")
def cosm_traced(A: Any) -> Any:
    """`scipy.linalg.cosm`."""
    return _real_if_real(A, coshm_traced(1j * A))


@implements_name("scipy.linalg.sinm")
def sinm_traced(A: Any) -> Any:
    """`scipy.linalg.sinm`."""
    return _real_if_real(A, -1j * sinhm_traced(1j * A))


@implements_name("scipy.linalg.tanm")
def tanm_traced(A: Any) -> Any:
    """`scipy.linalg.tanm`."""
    return np.linalg.solve(cosm_traced(A), sinm_traced(A))


def _real_if_real(A: Any, value: Any) -> Any:
    return value if A.dtype.kind == "c" else np.real(value)


# ------------------------------------------------------------------ roots and logarithms
def _complex_where_needed(a: Node, function: Callable[[Any], Any]) -> Node:
    """The matrix at a complex dtype where its numbers are known and the function's result is complex."""
    if a.dtype.kind == "c":
        return a
    try:
        number = wrap(a).value
    except ConcretizationError:
        return a
    needed = np.iscomplexobj(function(number)) if np.all(np.isfinite(number)) else False
    return cast(a, np.result_type(a.dtype, np.complex64)) if needed else a


@implements_name("scipy.linalg.sqrtm")
def sqrtm_traced(A: Any, disp: Any = None, blocksize: Any = None) -> Tracer:
    """`scipy.linalg.sqrtm`. Without numbers (under jit) the root of a real matrix is taken to be real."""
    (a,) = matrices(A)
    return wrap(sqrtm(_complex_where_needed(a, scipy.linalg.sqrtm)))


@implements_name("scipy.linalg.logm")
def logm_traced(A: Any, disp: Any = None) -> Tracer:
    """`scipy.linalg.logm`. Without numbers (under jit) the logarithm of a real matrix is taken to be real."""
    (a,) = matrices(A)
    return wrap(logm(_complex_where_needed(a, scipy.linalg.logm)))


@implements_name("scipy.linalg.fractional_matrix_power")
def fractional_matrix_power_traced(A: Any, t: Any) -> Any:
    """`scipy.linalg.fractional_matrix_power`: exp(t log A); differentiable in t as well."""
    if not isinstance(t, Tracer) and t == int(t):
        return np.linalg.matrix_power(A, int(t))
    return expm_traced(t * logm_traced(A))


@implements_name("scipy.linalg.polar")
def polar_traced(a: Any, side: str = "right") -> Any:
    """`scipy.linalg.polar`: a unitary and a positive factor, through the singular values."""
    w, s, vh = np.linalg.svd(a, full_matrices=False)
    if side == "right":
        return w @ vh, adjoint(vh) * s @ vh
    return w @ vh, w * s @ adjoint(w)


# ------------------------------------------------------------------ matrix equations
@implements_name("scipy.linalg.solve_sylvester")
def solve_sylvester_traced(a: Any, b: Any, q: Any) -> Tracer:
    """`scipy.linalg.solve_sylvester`: A X + X B = Q."""
    return wrap(sylvester(*matrices(a, b, q)))


@implements_name("scipy.linalg.solve_continuous_lyapunov", "scipy.linalg.solve_lyapunov")
def solve_continuous_lyapunov_traced(a: Any, q: Any) -> Any:
    """`scipy.linalg.solve_continuous_lyapunov`: A X + X Aᴴ = Q."""
    return solve_sylvester_traced(a, adjoint(a), q)


@implements_name("scipy.linalg.solve_discrete_lyapunov")
def solve_discrete_lyapunov_traced(a: Any, q: Any, method: str | None = None) -> Any:
    """`scipy.linalg.solve_discrete_lyapunov`: A X Aᴴ − X + Q = 0, as one linear system."""
    size = np.shape(a)[0]
    system = np.eye(size * size) - np.kron(a, np.conjugate(a))
    return np.reshape(np.linalg.solve(system, np.ravel(q)), (size, size))
