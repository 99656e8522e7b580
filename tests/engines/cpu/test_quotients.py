"""Divisions of many numbers by few, which the CPU engine makes with inverses: NumPy's values, whatever is divided."""

import numpy as np
import pytest

import glassgrad as gg

_TINY = 2.0**-960  # below, what a product leaves may be too small to be held, and the last digit may be another


def divided(x, s):
    compiled = gg.jit(lambda x, s: x / s)
    assert "1.0 / s" in str(compiled.inspect(x, s))
    return compiled(x, s)


def special(count, seed):
    """Zeros, the smallest and largest numbers, infinities and NaN, then bits at random, of both signs."""
    ends = np.finfo(np.float64)
    fixed = [0.0, ends.smallest_subnormal, 3e-320, ends.tiny * (1 - ends.eps), ends.tiny, 1e-300, 1.0, 2 - ends.eps]
    fixed += [3.0, 1e300, ends.max / 4, ends.max, np.inf, np.nan]
    bits = np.random.default_rng(seed).integers(-1 << 63, 1 << 63, count - 2 * len(fixed), np.int64, endpoint=False)
    return np.concatenate([fixed, np.negative(fixed), bits.view(np.float64)])


def assert_same(found, x, s):
    with np.errstate(all="ignore"):
        expected = x / s
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    off = np.abs(found.view(np.int64) - expected.view(np.int64))
    off[np.isnan(expected)] = 0
    assert off.max() <= 1
    assert not off[np.broadcast_to(np.abs(x) >= _TINY, off.shape)].any()


@pytest.mark.parametrize("seed", range(2))
def test_rows_by_any_number(seed):
    x, s = np.tile(special(4003, seed), (500, 1)), special(500, seed + 2)[:, None]
    assert_same(divided(x, s), x, s)


@pytest.mark.parametrize("seed", range(2))
def test_columns_by_any_number(seed):
    x, s = np.tile(special(1000, seed)[:, None], (1, 507)), special(507, seed + 2)
    assert_same(divided(x, s), x, s)


@pytest.mark.parametrize("start", [1.0, 1.5, 2 - 300 * 2.0**-52])
def test_neighbouring_mantissas(start):
    step = 2.0**-52
    s = start + step * np.arange(300)[:, None]
    x = 2 - step * np.random.default_rng(0).integers(1, 2000, (300, 4000)).astype(float)
    assert_same(divided(x, s), x, s)


def test_mantissas_and_whole_numbers_at_random():
    random = np.random.default_rng(1)
    x, s = random.uniform(-2, 2, (400, 5001)), random.uniform(1, 2, (400, 1))
    assert_same(divided(x, s), x, s)
    x, s = random.integers(-1 << 52, 1 << 52, (5003, 100)).astype(float), random.integers(1, 1 << 20, 100).astype(float)
    assert_same(divided(x, s), x, s)


@pytest.mark.parametrize("number", [3.0, -0.1, 255.0, 1e300, 5e-308, 4.0, 2e-308, 1e-310, 0.0, np.inf, -np.inf, np.nan])
def test_constants(number):
    x = special(4000, 7)
    assert_same(gg.jit(lambda x: x / number)(x), x, number)


@pytest.mark.parametrize("shape", [(20, 33), (33, 20), (3, 400), (400, 3), (1, 700), (700, 1), (0, 300), (300, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_and_norms_of_any_shape(shape, dtype):
    x = np.random.default_rng(2).normal(size=shape).astype(dtype)
    ct = np.random.default_rng(3).normal(size=shape).astype(dtype)
    for axis in (0, 1) if x.size else ():

        def both(x, axis=axis):
            exps = np.exp(x - np.max(x, axis=axis, keepdims=True))
            centred = x - np.mean(x, axis=axis, keepdims=True)
            spread = np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + 1e-5)
            return exps / np.sum(exps, axis=axis, keepdims=True) - centred / spread

        tolerance = 2e-4 if dtype == "float32" else 1e-11
        for function, given in [(both, (x,)), (gg.grad(lambda x, ct: np.sum(both(x) * ct)), (x, ct))]:
            with gg.settings(engine="reference"):
                expected = gg.jit(function)(*given)
            np.testing.assert_allclose(gg.jit(function)(*given), expected, rtol=tolerance, atol=tolerance)
