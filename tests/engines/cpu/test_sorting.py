"""Sorting in native code: NumPy's order, with ties, zeros of both signs, NaN and infinity, along every axis."""

import numpy as np
import pytest

from tests.engines.cpu.rows_alone import is_same

DTYPES = ["float64", "float32", "int64", "int32", "int8", "uint8", "uint64", "bool"]


def with_ties(shape, dtype, seed=0):
    random = np.random.default_rng(seed)
    values = random.integers(-20, 20, shape).astype(dtype)
    if values.dtype.kind == "f":
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-300, 1.5], dtype)
        return np.where(random.random(shape) < 0.3, random.choice(special, shape), values).astype(dtype)
    return values


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [1, 2, 3, 11, 12, 13, 24, 25, 100, 500])
def test_lines_of_every_length(length, dtype):
    x = with_ties((length,), dtype, length)
    assert is_same("sort", x, axis=0)
    assert is_same("argsort", x, axis=0)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 30), (1, 1), (5, 1, 7)])
def test_axes(shape):
    x = with_ties(shape, "float64")
    for axis in range(len(shape)):
        assert is_same("sort", x, axis=axis)
        assert is_same("argsort", x, axis=axis)


def test_lines_in_and_against_order():
    for x in (np.arange(500.0), np.arange(500.0)[::-1].copy(), np.full(300, np.nan), np.zeros(77)):
        assert is_same("sort", x, axis=0)
        assert is_same("argsort", x, axis=0)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8"])
@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 9, 100])
def test_places_in_a_line(length, dtype, side):
    line = np.sort(with_ties((length,), dtype, 1))
    for shape in ((), (1,), (40,), (4, 9)):
        assert is_same("searchsorted", line, with_ties(shape, dtype, 2), side=side)
