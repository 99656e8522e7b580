"""Distributions with shapes, all made of gamma numbers: gamma, beta, Dirichlet, chi-squared, Student's t.

Gamma numbers are quantiles of uniform ones, so a number is one smooth function of its shape: what implicit
reparameterisation states is also what a difference of two draws from one key gives.
"""

from typing import Any

import numpy as np

from glassgrad.api.values import on_values
from glassgrad.base.errors import ShapeError
from glassgrad.ops.random.gamma_shape import log_gamma_quantile
from glassgrad.random.continuous import normal, uniform
from glassgrad.random.keys import Key, Shape, at_dtype, dtype_of, shape_of, split, spread_to


def loggamma(key: Key, a: Any, shape: Shape = None, *, dtype: Any = None) -> Any:
    """Logarithms of gamma numbers of shape `a`, exact also where the numbers themselves underflow.

    Differentiable in `a` by implicit reparameterisation, to any order.
    """
    dtype, size = dtype_of(dtype, a), shape_of(shape, a)
    unit = np.maximum(uniform(key, size), np.finfo(np.float64).tiny)
    found = on_values(log_gamma_quantile, spread_to(a, size, np.dtype(np.float64)), unit)
    return at_dtype(found, dtype)


def gamma(key: Key, a: Any, shape: Shape = None, *, scale: Any = 1.0, dtype: Any = None) -> Any:
    """Gamma numbers of shape `a`, the quantiles of uniform ones; differentiable in `a` and the scale.

    >>> gamma(np.array([0, 1], np.uint32), 2.5, 4).shape
    (4,)
    """
    dtype = dtype_of(dtype, a, scale)
    found = np.exp(loggamma(key, a, shape_of(shape, a, scale), dtype=dtype))
    return found if type(scale) is float and scale == 1.0 else at_dtype(scale * found, dtype)


def chisquare(key: Key, df: Any, shape: Shape = None, *, dtype: Any = None) -> Any:
    """Chi-squared numbers of `df` degrees of freedom; differentiable in them."""
    return 2.0 * gamma(key, df / 2.0, shape, dtype=dtype_of(dtype, df))


def beta(key: Key, a: Any, b: Any, shape: Shape = None, *, dtype: Any = None) -> Any:
    """Beta numbers: the share of the first of two gamma numbers; differentiable in `a` and `b`."""
    dtype, size = dtype_of(dtype, a, b), shape_of(shape, a, b)
    first, second = split(key)
    difference = loggamma(second, b, size, dtype=dtype) - loggamma(first, a, size, dtype=dtype)
    return np.exp(-np.logaddexp(0.0, difference))


def dirichlet(key: Key, alpha: Any, shape: Shape = None, *, dtype: Any = None) -> Any:
    """Dirichlet vectors: shares of gamma numbers of shapes alpha (..., n); `shape` is that of the batch of vectors.

    >>> dirichlet(np.array([0, 1], np.uint32), np.ones(3)).sum().round(12)
    np.float64(1.0)
    """
    if np.ndim(alpha) < 1:
        raise ShapeError("dirichlet needs a vector of shapes, found one number")
    dtype = dtype_of(dtype, alpha)
    lead = np.shape(alpha)[:-1] if shape is None else shape_of(shape, np.empty(np.shape(alpha)[:-1]))
    logs = loggamma(key, alpha, (*lead, np.shape(alpha)[-1]), dtype=dtype)
    parts = np.exp(logs - np.max(logs, axis=-1, keepdims=True))
    return parts / np.sum(parts, axis=-1, keepdims=True)


def student_t(key: Key, df: Any, shape: Shape = None, *, loc: Any = 0.0, scale: Any = 1.0, dtype: Any = None) -> Any:
    """Student numbers of `df` degrees of freedom: normal ones over the root of a mean square."""
    dtype, size = dtype_of(dtype, df, loc, scale), shape_of(shape, df, loc, scale)
    above, below = split(key)
    half = df / 2.0
    spread = np.exp(0.5 * (loggamma(below, half, size, dtype=dtype) - np.log(half)))
    return at_dtype(loc + scale * normal(above, size, dtype=dtype) / spread, dtype)
