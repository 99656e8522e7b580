"""Rows added, or written, at places that are looked up: a row at a time in lanes, a place met twice counts twice."""

import numpy as np
import pytest

import glassgrad as gg


def added(sums, at, rows):
    sums = sums.copy()
    np.add.at(sums, at, rows)
    return sums


def written(sums, at, rows):
    sums = sums.copy()
    sums[at] = rows
    return sums


def added_in_columns(sums, at, rows):
    sums = sums.copy()
    np.add.at(sums, (slice(None), at), rows.T)
    return sums


@pytest.mark.parametrize("width", [1, 2, 3, 8, 31, 32, 100])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.int8])
@pytest.mark.parametrize("function", [added, written])
def test_values(function, dtype, width):
    random = np.random.default_rng(0)
    sums, rows = [(random.normal(size=(count, width)) * 10).astype(dtype) for count in (11, 400)]
    at = random.integers(-11, 11, 400)
    np.testing.assert_allclose(gg.jit(function)(sums, at, rows), function(sums, at, rows), rtol=1e-4, atol=1e-3)


def test_columns():
    random = np.random.default_rng(0)
    sums, rows, at = random.normal(size=(5, 7)), random.normal(size=(300, 5)), random.integers(0, 7, 300)
    np.testing.assert_allclose(gg.jit(added_in_columns)(sums, at, rows), added_in_columns(sums, at, rows), rtol=1e-12)


def test_a_row_goes_in_lanes():
    text = str(gg.jit(added).inspect(np.zeros((9, 32)), np.zeros(100, int), np.ones((100, 32))))
    inner = next(line for line in text.splitlines() if "int j" in line)
    assert "lanes" in inner
