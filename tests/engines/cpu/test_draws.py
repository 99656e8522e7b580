"""Random numbers in native loops: the reference's words bit by bit, for one key and for many, of every shape."""

import numpy as np
import pytest

import glassgrad.random  # noqa: F401 - declares the rows
from tests.engines.cpu.rows_alone import both, is_same

KEYS = np.array([[1, 2], [3, 0xFFFFFFFF], [7, 9]], np.uint32)
LEADING = [KEYS[0], KEYS, KEYS.reshape(3, 1, 2), KEYS[:0]]
SHAPES = [(), (0,), (1,), (5,), (4, 6), (3, 5), (2, 0), (1000,), (33, 17)]


@pytest.mark.parametrize("key", LEADING, ids=lambda key: str(key.shape))
def test_bits_and_uniform_numbers(key):
    for shape in SHAPES:
        assert is_same("random_bits", key, shape=shape, width=32)
        assert is_same("random_bits", key, shape=shape, width=64)
        assert is_same("random_uniform", key, shape=shape, dtype=np.dtype(np.float64))
        assert is_same("random_uniform", key, shape=shape, dtype=np.dtype(np.float32))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("key", LEADING, ids=lambda key: str(key.shape))
def test_normal_numbers(key, dtype):
    for shape in SHAPES:
        ((found, wanted),) = both("random_normal", key, shape=shape, dtype=np.dtype(dtype))
        np.testing.assert_allclose(found, wanted, rtol=4 * np.finfo(dtype).eps, atol=1e-15)


@pytest.mark.parametrize("key", LEADING, ids=lambda key: str(key.shape))
def test_keys(key):
    for count in (0, 1, 2, 9):
        assert is_same("split_key", key, count=count)
    numbers = np.arange(key[..., 0].size).reshape(key.shape[:-1]) - 1
    assert is_same("fold_key", key, numbers)
