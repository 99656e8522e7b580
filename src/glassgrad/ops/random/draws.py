"""Random numbers of the basic distributions: uniform, normal, Poisson. Floor 2.

The others are made of these; what a distribution's parameters do to them is arithmetic, or a quantile.
"""

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import DtypeError, ShapeError
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import Domain, Stacked, Undefined, op
from glassgrad.ops.random.bits import NO_RULE, check_key, random_words, threefry


# ------------------------------------------------------------------ uniform and normal
def fractions(words: np.ndarray) -> np.ndarray:
    """Numbers in [0, 1) of 53 bits from two words each: (2, ...) to (...)."""
    bits = (words[0].astype(np.uint64) << np.uint64(32) | words[1]) >> np.uint64(11)
    return np.asarray(bits * 2.0**-53)


def random_uniform(key: np.ndarray, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uniform numbers in [0, 1): multiples of 2⁻⁵³ (of 2⁻²⁴ at single, 2⁻¹¹ at half precision)."""
    words = random_words(key, int(np.prod(shape)))[..., 0, :]
    digits = {2: 11, 4: 24}.get(dtype.itemsize)
    if digits is None:
        found = fractions(words).astype(dtype)
    else:
        found = ((words[0] ^ words[1]) >> np.uint32(32 - digits)).astype(dtype) * dtype.type(2.0**-digits)
    return np.reshape(found, (*key.shape[:-1], *shape))


def random_normal(key: np.ndarray, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Normal numbers in pairs, √(−2 ln u) cos 2πv and √(−2 ln u) sin 2πv (Box and Muller, 1958)."""
    count = int(np.prod(shape))
    if dtype.itemsize > 4:  # 53 bits for each of u and v
        words = random_words(key, (count + 1) // 2, 2)
        u, v = fractions(words[..., 0, :]) + 2.0**-54, fractions(words[..., 1, :])
    else:
        high, low = random_words(key, (count + 1) // 2)[..., 0, :]
        u, v = high * 2.0**-32 + 2.0**-33, low * 2.0**-32
    length, angle = np.sqrt(-2 * np.log(u)), 2 * np.pi * v
    pairs = np.stack([length * np.cos(angle), length * np.sin(angle)], axis=-1)
    numbers = pairs.astype(dtype).reshape(*key.shape[:-1], 2 * u.shape[-1])
    return np.reshape(numbers[..., :count], (*key.shape[:-1], *shape))


def _drawn_aval(key: Aval, shape: tuple[int, ...], dtype: np.dtype) -> Aval:
    check_key(key)
    if dtype.kind != "f":
        raise DtypeError(f"random numbers of this distribution are real, not {dtype}", hint="dtype=np.float64")
    return Aval((*key.shape[:-1], *shape), dtype)


RANDOM_UNIFORM = op(
    "random_uniform",
    "key -> y",
    infer=_drawn_aval,
    numpy="random_uniform(key, shape, dtype)",
    kernels=(threefry, random_words, fractions, random_uniform),
    batching=Stacked(),
    rule=NO_RULE,
)
RANDOM_NORMAL = op(
    "random_normal",
    "key -> y",
    infer=_drawn_aval,
    numpy="random_normal(key, shape, dtype)",
    kernels=(threefry, random_words, fractions, random_normal),
    batching=Stacked(),
    rule=NO_RULE,
)


def uniform_of(key: Node, shape: tuple[int, ...], dtype: np.dtype) -> Node:
    """Uniform numbers in [0, 1)."""
    return apply(RANDOM_UNIFORM, key, shape=shape, dtype=dtype)


def normal_of(key: Node, shape: tuple[int, ...], dtype: np.dtype) -> Node:
    """Normal numbers of mean 0 and variance 1."""
    return apply(RANDOM_NORMAL, key, shape=shape, dtype=dtype)


# ------------------------------------------------------------------ Poisson, element by element
def counted_uniforms(keys: np.ndarray, counters: np.ndarray, streams: tuple[int, ...]) -> np.ndarray:
    """Uniform numbers in (0, 1) for some streams and each element, given its key and its counter."""
    high = np.repeat(np.asarray(streams, np.uint32)[:, None], len(counters), axis=1)
    low = np.repeat(counters[None], len(streams), axis=0)
    return fractions(np.stack(threefry(keys, high, low))) + 2.0**-54


def keys_and_counters(key: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """For each element of an array (*keys, *shape), as a line: its key, and its place behind that key."""
    lead = key.ndim - 1
    size = int(np.prod(shape[lead:]))
    keys = np.repeat(key.reshape(-1, 2), size, axis=0)
    return keys, np.tile(np.arange(size, dtype=np.uint32), len(keys) // max(size, 1))


def random_poisson(key: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Poisson numbers: below a rate of 10 by adding up probabilities, else by Hörmann's rejection (PTRS, 1993)."""
    keys, counters = keys_and_counters(key, rate.shape)
    rates = np.ravel(rate).astype(np.float64)
    found = np.zeros(rates.shape, np.int64)
    small = np.flatnonzero(rates < 10)
    (u,) = counted_uniforms(keys[small], counters[small], (0,))
    term = np.exp(-rates[small])
    total = term
    for count in range(1, 100):
        if np.all(u <= total):
            break
        found[small] += u > total
        term = term * rates[small] / count
        total = total + term
    pending = np.flatnonzero(rates >= 10)
    for attempt in range(1000):
        if not len(pending):
            break
        u, v = counted_uniforms(keys[pending], counters[pending], (2 * attempt + 1, 2 * attempt + 2))
        m = rates[pending]
        b = 0.931 + 2.53 * np.sqrt(m)
        c = -0.059 + 0.02483 * b
        near = 0.5 - np.abs(u - 0.5)
        k = np.floor((2 * c / near + b) * (u - 0.5) + m + 0.43)
        ratio = np.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (c / near**2 + b))
        won = (k >= 0) & (ratio <= k * np.log(m) - m - log_factorial(np.maximum(k, 0)))
        found[pending[won]] = k[won].astype(np.int64)
        pending = pending[~won]
    return found.reshape(rate.shape)


def log_factorial(k: np.ndarray) -> np.ndarray:
    """Logarithms of k!, by Stirling's series from 9 upwards."""
    below = np.cumsum(np.log(np.maximum(np.arange(10.0), 1)))
    x = np.maximum(k, 9) + 1
    series = 1 / (12 * x) - 1 / (360 * x**3) + 1 / (1260 * x**5) - 1 / (1680 * x**7)
    stirling = (x - 0.5) * np.log(x) - x + 0.5 * np.log(2 * np.pi) + series
    return np.asarray(np.where(k < 10, below[np.minimum(k, 9).astype(np.int64)], stirling))


def _counts_aval(key: Aval, rate: Aval) -> Aval:
    check_key(key)
    if rate.shape[: key.ndim - 1] != key.shape[:-1]:
        raise ShapeError(f"random numbers of rates {show_shape(rate.shape)} from keys {show_shape(key.shape)}")
    return Aval(rate.shape, np.dtype(np.int64))


RANDOM_POISSON = op(
    "random_poisson",
    "key, rate -> y",
    infer=_counts_aval,
    numpy="random_poisson(key, rate)",
    kernels=(threefry, fractions, counted_uniforms, keys_and_counters, log_factorial, random_poisson),
    batching=Stacked(),
    rule=NO_RULE,
    domain=Domain("rate >= 0", (0.3, 30.0)),
    rate=Undefined("whole numbers do not move; differentiate the expectation by the score function"),
)


def poisson_of(key: Node, rate: Node) -> Node:
    """Poisson numbers of these rates."""
    return make(RANDOM_POISSON, (key, rate))
