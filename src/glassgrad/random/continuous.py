"""Distributions of location and scale: uniform, normal, exponential and their kin, and the truncated normal."""

from typing import Any

import numpy as np

from glassgrad.api.values import on_values
from glassgrad.base.errors import ShapeError
from glassgrad.ops.random.draws import normal_of, uniform_of
from glassgrad.random.keys import Key, Shape, at_dtype, dtype_of, shape_of, split


def _placed(noise: Any, loc: Any, scale: Any, dtype: np.dtype) -> Any:
    """`loc + scale · noise`, without what changes nothing."""
    if type(scale) is not float or scale != 1.0:
        noise = scale * noise
    if type(loc) is not float or loc != 0.0:
        noise = loc + noise
    return at_dtype(noise, dtype)


def _unit(key: Key, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    return on_values(lambda node: uniform_of(node, shape, dtype), key)


def uniform(key: Key, shape: Shape = None, *, low: Any = 0.0, high: Any = 1.0, dtype: Any = None) -> Any:
    """Uniform numbers in [low, high). The shape is that of the parameters unless given.

    >>> uniform(np.array([0, 1], np.uint32), 2, low=1.0, high=3.0)
    array([1.23630049, 1.90751749])
    """
    dtype = dtype_of(dtype, low, high)
    unit = _unit(key, shape_of(shape, low, high), dtype)
    return _placed(unit, low, 1.0 if type(low) is type(high) is float and (low, high) == (0, 1) else high - low, dtype)


def normal(key: Key, shape: Shape = None, *, loc: Any = 0.0, scale: Any = 1.0, dtype: Any = None) -> Any:
    """Normal numbers of this mean and standard deviation, by the transform of Box and Muller.

    >>> normal(np.array([0, 1], np.uint32), 3).shape
    (3,)
    """
    dtype = dtype_of(dtype, loc, scale)
    size = shape_of(shape, loc, scale)
    return _placed(on_values(lambda node: normal_of(node, size, dtype), key), loc, scale, dtype)


def lognormal(key: Key, shape: Shape = None, *, mean: Any = 0.0, sigma: Any = 1.0, dtype: Any = None) -> Any:
    """Numbers whose logarithm is normal with this mean and standard deviation."""
    return np.exp(normal(key, shape, loc=mean, scale=sigma, dtype=dtype))


def exponential(key: Key, shape: Shape = None, *, scale: Any = 1.0, dtype: Any = None) -> Any:
    """Exponential numbers of this mean: -scale · ln(1 - u)."""
    dtype = dtype_of(dtype, scale)
    return _placed(-np.log1p(-_unit(key, shape_of(shape, scale), dtype)), 0.0, scale, dtype)


def laplace(key: Key, shape: Shape = None, *, loc: Any = 0.0, scale: Any = 1.0, dtype: Any = None) -> Any:
    """Laplace numbers: exponential ones of either sign."""
    dtype, size = dtype_of(dtype, loc, scale), shape_of(shape, loc, scale)
    size_key, sign_key = split(key)
    distance = exponential(size_key, size, dtype=dtype)
    return _placed(np.where(_unit(sign_key, size, dtype) < 0.5, distance, -distance), loc, scale, dtype)


def gumbel(key: Key, shape: Shape = None, *, loc: Any = 0.0, scale: Any = 1.0, dtype: Any = None) -> Any:
    """Gumbel numbers: loc - scale · ln(-ln u)."""
    dtype = dtype_of(dtype, loc, scale)
    unit = _inside(_unit(key, shape_of(shape, loc, scale), dtype), dtype)
    return _placed(-np.log(-np.log(unit)), loc, scale, dtype)


def logistic(key: Key, shape: Shape = None, *, loc: Any = 0.0, scale: Any = 1.0, dtype: Any = None) -> Any:
    """Logistic numbers: loc + scale · ln(u / (1 - u))."""
    dtype = dtype_of(dtype, loc, scale)
    unit = _inside(_unit(key, shape_of(shape, loc, scale), dtype), dtype)
    return _placed(np.log(unit) - np.log1p(-unit), loc, scale, dtype)


def cauchy(key: Key, shape: Shape = None, *, loc: Any = 0.0, scale: Any = 1.0, dtype: Any = None) -> Any:
    """Cauchy numbers: loc + scale · tan(π·(u - 1/2))."""
    dtype = dtype_of(dtype, loc, scale)
    unit = _inside(_unit(key, shape_of(shape, loc, scale), dtype), dtype)
    return _placed(np.tan(np.pi * (unit - 0.5)), loc, scale, dtype)


def _inside(unit: Any, dtype: np.dtype) -> Any:
    """Uniform numbers without 0."""
    return np.maximum(unit, np.finfo(dtype).tiny)


def truncated_normal(key: Key, lower: Any, upper: Any, shape: Shape = None, *, dtype: Any = None) -> Any:
    """Normal numbers (mean 0, variance 1) between two bounds, by the inverse of the distribution.

    Differentiable in the bounds.
    """
    from scipy.special import ndtr, ndtri  # imported here because SciPy is heavy

    dtype, size = dtype_of(dtype, lower, upper), shape_of(shape, lower, upper)
    right = lower > 0  # the left tail is the one where probabilities keep their digits
    low, high = np.where(right, -upper, lower), np.where(right, -lower, upper)
    start, end = ndtr(low), ndtr(high)
    found = ndtri(start + (end - start) * _inside(_unit(key, size, np.dtype(np.float64)), np.dtype(np.float64)))
    return at_dtype(np.clip(np.where(right, -found, found), lower, upper), dtype)


def multivariate_normal(key: Key, mean: Any, cov: Any, shape: Shape = None, *, dtype: Any = None) -> Any:
    """Normal vectors of this mean (..., n) and covariance (..., n, n); `shape` is that of the batch of vectors.

    Differentiable in both, through the Cholesky factor of the covariance.
    """
    dtype = dtype_of(dtype, mean, cov)
    if np.ndim(mean) < 1 or np.ndim(cov) < 2 or np.shape(cov)[-2:] != np.shape(mean)[-1:] * 2:
        raise ShapeError(f"mean {np.shape(mean)} and covariance {np.shape(cov)} do not belong together")
    batch = np.broadcast_shapes(np.shape(mean)[:-1], np.shape(cov)[:-2])
    lead = batch if shape is None else shape_of(shape, np.empty(batch))
    noise = normal(key, (*lead, np.shape(mean)[-1]), dtype=dtype)
    return at_dtype(mean + np.einsum("...ij,...j->...i", np.linalg.cholesky(cov), noise), dtype)
