"""Where the maths functions are tried: random points over every range that a function tells apart."""

import numpy as np

from benchmarks.maths.arrays import BINARY

RANGES = {  # of uniform points, beyond which the function is zero, infinite or constant
    "exp": (-746, 710), "exp2": (-1076, 1025), "expm1": (-50, 710), "expit": (-746, 40), "softplus": (-746, 50),
    "tanh": (-22, 22), "sinh": (-711, 711), "cosh": (-711, 711), "erf": (-6.2, 6.2), "erfc": (-6, 28),
    "arcsin": (-1, 1), "arccos": (-1, 1), "arctanh": (-1, 1), "gammaln": (0, 20), "digamma": (0, 20),
}  # fmt: skip
POSITIVE = frozenset({"log", "log2", "log10", "sqrt", "rsqrt", "gammaln", "digamma"})

SPECIAL = np.array([
    0.0, 5e-324, 1e-310, 2.2250738585072014e-308, 1.7976931348623157e308, 1e-45, 1.1754943508222875e-38,
    3.4028234663852886e38, np.inf, np.nan, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 1 - 1e-15, 1 + 1e-15,
    0.9999999, 1.0000001, 88.72284, 103.97, 103.98, 709.782712893384, 709.79, 710.475860073943, 745.13, 745.14,
    128.0, 149.0, 150.0, 1024.0, 1074.0, 1075.0, 2.0**30, 2.0**31, 2.0**53, 1e5, 1e22, 1e300, 171.0,
])  # fmt: skip


def special(dtype: str) -> np.ndarray:
    """Ends of domains and ranges, of both signs."""
    with np.errstate(all="ignore"):
        return np.concatenate([SPECIAL, -SPECIAL]).astype(dtype)


def points(name: str, dtype: str, count: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """About `count` random points, an array for each argument."""
    if name == "power":
        return _power_points(dtype, count, random)
    first = _one(name, dtype, count, random)
    if name not in BINARY:
        return (first,)
    second = _one(name, dtype, count, random)
    return first, np.where(random.integers(0, 2, second.size) == 1, second, random.permutation(second))


def _one(name: str, dtype: str, count: int, random: np.random.Generator) -> np.ndarray:
    part = count // 4
    single = dtype == "float32"
    lower, upper = RANGES.get(name, (-40, 40))
    shrink = 7.0 if single and max(-lower, upper) > 600 else 1.0
    digits = 37 if single else 307
    x = np.concatenate([
        random.uniform(lower / shrink, upper / shrink, part),
        random.uniform(-2, 2, part),
        _signs(part, random) * 10 ** random.uniform(-digits, digits, part),
        _signs(part, random) * 10 ** random.uniform(-6, 6, part),
    ])  # fmt: skip
    if name in POSITIVE:
        x = np.abs(x)
    if name == "arccosh":
        x = 1 + np.abs(x)
    return x.astype(dtype)


def _signs(count: int, random: np.random.Generator) -> np.ndarray:
    return random.choice([-1.0, 1.0], count)


def _power_points(dtype: str, count: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Bases of every size and near 1, with exponents that lead through the whole range of results."""
    half = count // 2
    largest = 38 if dtype == "float32" else 307
    x = np.concatenate([10 ** random.uniform(-largest, largest, half), 1 + random.uniform(-0.5, 0.5, half) ** 5])
    x = x.astype(dtype).astype("float64")
    size = np.log(10.0) * largest
    logarithm = np.where(x == 1, 1.0, np.log(x))
    y = random.uniform(-1.05, 1.05, x.size) * size / logarithm
    y[::3] = random.uniform(-3, 3, y[::3].size)
    y[1::5] = np.rint(y[1::5])
    x[::4] *= -1
    return x.astype(dtype), y.astype(dtype)
