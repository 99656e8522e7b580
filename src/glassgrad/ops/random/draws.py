"""Random numbers of the basic distributions: uniform, normal, gamma, Poisson. Floor 2.

What a distribution's location and scale do is plain arithmetic on these; only the shape of gamma numbers has a
derivative of its own.
"""

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import DtypeError, ShapeError
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import Domain, Partial, Stacked, Undefined, op
from glassgrad.ops.random.bits import NO_RULE, check_key, random_words, threefry
from glassgrad.ops.random.gamma_shape import gamma_shape_slope


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


# ------------------------------------------------------------------ rejection, element by element
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


def random_log_gamma(key: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Logarithms of gamma numbers of shape a, by Marsaglia and Tsang (2000); for a < 1 from a + 1 by U^(1/a)."""
    keys, counters = keys_and_counters(key, a.shape)
    shapes = np.ravel(a).astype(np.float64)
    lifted = np.where(shapes < 1, shapes + 1, shapes)
    d = lifted - 1 / 3
    found = np.full(shapes.shape, np.nan)
    pending = np.flatnonzero(shapes > 0)
    for attempt in range(100):
        if not len(pending):
            break
        streams = (3 * attempt + 1, 3 * attempt + 2, 3 * attempt + 3)
        u, v, w = counted_uniforms(keys[pending], counters[pending], streams)
        x = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)
        here = d[pending]
        cube = np.maximum(1 + x / np.sqrt(9 * here), 0) ** 3
        with np.errstate(divide="ignore"):
            log_cube = np.log(cube)
        won = (cube > 0) & (np.log(w) < 0.5 * x**2 + here * (1 - cube + log_cube))
        found[pending[won]] = (np.log(here) + log_cube)[won]
        pending = pending[~won]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(shapes < 1, found + np.log(counted_uniforms(keys, counters, (0,))[0]) / shapes, found)
    return found.reshape(a.shape).astype(a.dtype)


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


# ------------------------------------------------------------------ rows of these
def _shaped_aval(key: Aval, a: Aval) -> Aval:
    check_key(key)
    if a.dtype.kind != "f" or a.shape[: key.ndim - 1] != key.shape[:-1]:
        raise ShapeError(f"random numbers of {a.dtype} shapes {show_shape(a.shape)} from keys {show_shape(key.shape)}")
    return a


RANDOM_LOG_GAMMA = op(
    "random_log_gamma",
    "key, a -> y",
    infer=_shaped_aval,
    numpy="random_log_gamma(key, a)",
    kernels=(threefry, fractions, counted_uniforms, keys_and_counters, random_log_gamma),
    batching=Stacked(),
    rule="implicit reparameterisation",
    why="the number moves with the shape so that the probability of a smaller one stays",
    domain=Domain("a > 0", (0.3, 4.0)),
    a=Partial(lambda a, y: -gamma_shape_slope(a, y, order=1)),
)


def log_gamma_of(key: Node, a: Node) -> Node:
    """Logarithms of gamma numbers of these shapes, differentiable in them."""
    return make(RANDOM_LOG_GAMMA, (key, a))


def _counts_aval(key: Aval, rate: Aval) -> Aval:
    return Aval(_shaped_aval(key, rate).shape, np.dtype(np.int64))


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
