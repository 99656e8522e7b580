"""Rows of the op table that NumPy has no function for, on values of either kind: traced ones, and plain arrays at once.

Floor 6. SciPy is loaded only where a plain array asks for it.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from glassgrad.base.errors import ConcretizationError, OutOfRangeError
from glassgrad.graph.node import Node
from glassgrad.ops import softmax as kernels
from glassgrad.ops.softmax import log_softmax_over, logsumexp_over, softmax_over
from glassgrad.ops.structure import cast
from glassgrad.ops.ufuncs import function_of
from glassgrad.tracing.registry import FUNCTIONS
from glassgrad.tracing.tracer import Tracer, any_traced, note_origin, wrap

Array: TypeAlias = Any  # an array or number, plain or traced


def is_traced(x: Array) -> bool:
    """Does a tracer stand for this value?"""
    return isinstance(x, Tracer)


def known(x: Array) -> np.ndarray | None:
    """The numbers of an array where they are known; None where it stands for many (under jit or vmap)."""
    if not isinstance(x, Tracer):
        return np.asarray(x)
    try:
        return np.asarray(x.value)
    except ConcretizationError:
        return None


def as_array(x: Array) -> Array:
    """Lists and numbers as arrays; arrays and traced values as they are."""
    return x if isinstance(x, Tracer | np.ndarray | np.generic) else np.asarray(x)


def as_real(x: Array) -> Array:
    """As an array of real numbers: whole numbers and truth values become float64."""
    x = as_array(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def widened(x: Array) -> Array:
    """As an array of real numbers of 32 bits or more: squares and sums of half precision leave its range at 256."""
    x = as_real(x)
    return x.astype(np.float32) if x.dtype == np.float16 else x


def like(x: Array, dtype: np.dtype) -> Array:
    """The value at this dtype."""
    return x if x.dtype == dtype else x.astype(dtype)


def in_32_bits(compute: Callable[[Array], Array], x: Array) -> Array:
    """What is computed from an array, at its dtype, with half precision widened for it and rounded once."""
    return like(compute(widened(x)), as_real(x).dtype)


# ------------------------------------------------------------------ element by element
def _row(name: str, x: Tracer) -> Tracer:
    note_origin()
    return wrap(function_of(name)(x.node))


def expit(x: Array) -> Array:
    """The logistic function 1 / (1 + e⁻ˣ)."""
    if isinstance(x, Tracer):
        return _row("expit", x)
    from scipy.special import expit  # lazily: SciPy is heavy

    return like(expit(x), x.dtype)  # SciPy widens half precision


def softplus(x: Array) -> Array:
    """ln(1 + eˣ)."""
    if isinstance(x, Tracer):
        return _row("softplus", x)
    with np.errstate(invalid="ignore"):  # NumPy warns of a NaN that was there before
        return np.logaddexp(x, np.zeros((), x.dtype))


def ndtr(x: Array) -> Array:
    """The distribution function of the standard normal distribution."""
    if isinstance(x, Tracer):
        return _row("ndtr", x)
    from scipy.special import ndtr  # lazily: SciPy is heavy

    return like(ndtr(x), x.dtype)  # SciPy widens half precision


def gammaln(x: Array) -> Array:
    """The logarithm of the gamma function."""
    if isinstance(x, Tracer):
        return _row("gammaln", x)
    from scipy.special import gammaln  # lazily: SciPy is heavy

    return gammaln(x)


def taken(x: Array, places: Array) -> Array:
    """`x[places]` along the first axis, where either may be traced."""
    return FUNCTIONS[np.take](x, places, axis=0) if any_traced((x, places)) else x[places]


# ------------------------------------------------------------------ along an axis
def axis_of(x: Array, axis: int, what: str) -> int:
    """The axis counted from the front; an error where there is none."""
    if not -x.ndim <= axis < x.ndim:
        raise OutOfRangeError(f"{what} along axis {axis} of an array of shape {x.shape}, which has {x.ndim} axes")
    return normalize_axis_index(int(axis), x.ndim)


def _along(
    x: Array,
    axis: int,
    name: str,
    build: Callable[[Node, tuple[int, ...]], Node],
    kernel: Callable[[np.ndarray, tuple[int, ...]], np.ndarray],
) -> Array:
    x = as_real(x)
    axes = (axis_of(x, axis, name),)
    if isinstance(x, Tracer):
        note_origin()
        return wrap(build(cast(x.node, x.dtype), axes))
    return kernel(np.asarray(x), axes)


def softmax(x: Array, axis: int = -1) -> Array:
    """The exponentials as shares of their sum along the axis."""
    return _along(x, axis, "softmax", softmax_over, kernels.softmax)


def log_softmax(x: Array, axis: int = -1) -> Array:
    """The logarithm of the softmax along the axis."""
    return _along(x, axis, "log_softmax", log_softmax_over, kernels.log_softmax)


def logsumexp(x: Array, axis: int = -1) -> Array:
    """The logarithm of the sum of the exponentials along the axis."""
    return _along(x, axis, "logsumexp", logsumexp_over, kernels.logsumexp)
