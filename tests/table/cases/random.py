"""Cases for random numbers. Bits have their meaning by Threefry in Python's own integers, one element at a time."""

from typing import Any

import numpy as np
import scipy.special

from tests.table.case import Case

_MASK = 0xFFFFFFFF
KEYS = np.array([[3, 7], [0, 42], [0xFFFFFFFF, 1]], np.uint32)


def threefry(key: Any, high: int, low: int) -> tuple[int, int]:
    """Threefry-2x32 with 20 rounds, as the paper states it."""
    schedule = [int(key[0]), int(key[1]), int(key[0]) ^ int(key[1]) ^ 0x1BD11BDA]
    high, low = (high + schedule[0]) & _MASK, (low + schedule[1]) & _MASK
    for count in range(20):
        turn = (13, 15, 26, 6, 17, 29, 16, 24)[count % 8]
        high = (high + low) & _MASK
        low = ((low << turn | low >> (32 - turn)) & _MASK) ^ high
        if count % 4 == 3:
            group = count // 4 + 1
            high = (high + schedule[group % 3]) & _MASK
            low = (low + schedule[(group + 1) % 3] + group) & _MASK
    return high, low


def _each_key(key: Any, of_one: Any) -> Any:
    if key.ndim == 1:
        return of_one(key)
    return np.stack([_each_key(one, of_one) for one in key])


def _bits(key: Any, *, shape: Any, width: int) -> Any:
    def of_one(key: Any) -> Any:
        words = [threefry(key, 0, i) for i in range(int(np.prod(shape)))]
        numbers = [high ^ low if width == 32 else high << 32 | low for high, low in words]
        return np.array(numbers, f"uint{width}").reshape(shape)

    return _each_key(key, of_one)


def _split(key: Any, *, count: int) -> Any:
    return _each_key(key, lambda key: np.array([threefry(key, 0, i) for i in range(count)], np.uint32))


def _fold(key: Any, number: Any) -> Any:
    if key.ndim == 1:
        return np.array(threefry(key, 0, int(number)), np.uint32)
    return np.stack([_fold(a, b) for a, b in zip(key, number, strict=True)])


def _unit(bits: int) -> float:
    return float(bits >> 11) * 2.0**-53


def _uniform(key: Any, *, shape: Any, dtype: Any) -> Any:
    if dtype.itemsize == 8:
        return np.vectorize(_unit, otypes=[float])(_bits(key, shape=shape, width=64).astype(object))
    digits = {4: 24, 2: 11}[dtype.itemsize]
    return (_bits(key, shape=shape, width=32) >> (32 - digits)).astype(dtype) / dtype.type(2**digits)


def _normal(key: Any, *, shape: Any, dtype: Any) -> Any:
    def element(key: Any, i: int) -> float:
        first = threefry(key, 0, i // 2)
        if dtype.itemsize == 8:
            second = threefry(key, 1, i // 2)
            u, v = _unit(first[0] << 32 | first[1]) + 2.0**-54, _unit(second[0] << 32 | second[1])
        else:
            u, v = (first[0] + 0.5) / 2**32, first[1] / 2**32
        return float(np.sqrt(-2 * np.log(u)) * (np.sin if i % 2 else np.cos)(2 * np.pi * v))

    def of_one(key: Any) -> Any:
        return np.array([element(key, i) for i in range(int(np.prod(shape)))], dtype).reshape(shape)

    return _each_key(key, of_one)


_DTYPES = [np.dtype(name) for name in ("float64", "float32", "float16")]
_ONE = ("float64",)  # keys are whole numbers at any dtype


def _drawn(op: str, meaning: Any, params: dict[str, Any], note: str) -> list[Case]:
    """From one key, and from several at once."""
    return [
        Case(op, (KEYS[0].shape,), params, sample=KEYS[0], dtypes=_ONE, meaning=meaning, note=note),
        Case(op, (KEYS.shape,), params, sample=KEYS, dtypes=_ONE, meaning=meaning, note=f"{note}-keys", batched=False),
    ]


WORDS = [
    *_drawn("random_bits", _bits, {"shape": (2, 3), "width": 32}, "32"),
    *_drawn("random_bits", _bits, {"shape": (5,), "width": 64}, "64"),
    *_drawn("random_bits", _bits, {"shape": (), "width": 64}, "one"),
    *_drawn("random_bits", _bits, {"shape": (0, 2), "width": 32}, "none"),
    *_drawn("split_key", _split, {"count": 4}, "four"),
    Case("fold_key", ((2,), ()), sample=[KEYS[0], np.array(5)], dtypes=_ONE, meaning=_fold),
    Case("fold_key", ((3, 2), (3,)), sample=[KEYS, np.array([0, 9, 1])], dtypes=_ONE, meaning=_fold, batched=False),
]
DRAWS = [
    case
    for dtype in _DTYPES
    for case in (
        *_drawn("random_uniform", _uniform, {"shape": (2, 3), "dtype": dtype}, dtype.name),
        *_drawn("random_normal", _normal, {"shape": (5,), "dtype": dtype}, dtype.name),
    )
]


def _log_quantile(a: Any, u: Any) -> Any:
    """The root of ln P = ln u over ln z, by bisection on the series of P."""
    low, high = np.full(np.shape(a), -2e3), np.full(np.shape(a), 8.0)
    for _ in range(90):
        middle = (low + high) / 2
        tiny = middle < -40
        areas = np.log(scipy.special.gammainc(a, np.exp(np.where(tiny, 0.0, middle))))
        logs = np.where(tiny, a * middle - scipy.special.gammaln(a + 1), areas)
        low, high = np.where(logs < np.log(u), middle, low), np.where(logs < np.log(u), high, middle)
    return ((low + high) / 2).astype(np.result_type(a, u))


def _slope(a: Any, l: Any, *, order: int) -> Any:
    """By integrating the derivative of the density in the shape, for a > 0.5."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    z, a = np.exp(l)[..., None], np.asarray(a)[..., None]
    t = z * ((nodes + 1) / 2) ** 8  # many nodes near 0, where the density may be steep
    slopes = [np.log(t) - scipy.special.digamma(a)]
    slopes += [-scipy.special.polygamma(n, a) + 0 * t for n in range(1, order)]
    x = slopes[0]
    bell = {1: x, 2: x**2 + slopes[-1], 3: x**3 + 3 * x * slopes[order > 1] + slopes[-1]}[order]
    density = np.exp((a - 1) * np.log(t / z) - (t - z))
    return np.sum(weights * density * bell * 4 * ((nodes + 1) / 2) ** 7, axis=-1)


SHAPES = [
    *[
        Case(
            "gamma_shape_slope",
            ((2, 3),) * 2,
            {"order": n},
            sample=[(0.6, 4.0), (-1.0, 2.0)],
            meaning=_slope,
            note=f"{n}",
        )
        for n in (1, 2, 3)
    ],
    Case(
        "gamma_shape_slope", ((3,),) * 2, {"order": 1}, sample=[(13.0, 20.0), (2.5, 3.2)], meaning=_slope, note="large"
    ),
    Case("log_gamma_quantile", ((2, 3),) * 2, sample=[(0.3, 4.0), (0.05, 0.95)], meaning=_log_quantile),
    Case("log_gamma_quantile", ((3,),) * 2, sample=[(30.0, 900.0), (0.05, 0.95)], meaning=_log_quantile, note="large"),
    Case(
        "log_gamma_quantile",
        ((3,),) * 2,
        sample=[(0.001, 0.01), (0.3, 0.5)],
        meaning=_log_quantile,
        order=0,
        note="tiny",
    ),
    Case("random_poisson", ((2,), (4,)), sample=[KEYS[1], np.array([0.0, 2.0, 9.5, 40.0])]),
]

CASES = [*WORDS, *DRAWS, *SHAPES]
