"""Short rows that are looked up in a table, neighbouring ones side by side."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rows", [1, 4, 7, 8, 16, 33, 200])
def test_distances_from_rows_of_a_table(rows, dtype):
    rng = np.random.default_rng(0)
    x, table = rng.normal(size=(rows, 5)).astype(dtype), rng.normal(size=(9, 5)).astype(dtype)
    table[3] = np.nan, np.inf, -np.inf, 0.0, -0.0
    places = rng.integers(-9, 9, rows)

    def function(x, table):
        return np.sum((x - table[places]) ** 2, axis=1), np.argmin(x + table[places], axis=1)

    with np.errstate(all="ignore"):
        for found, expected in zip(gg.jit(function)(x, table), function(x, table), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12 if dtype == np.float64 else 1e-5)


def test_a_row_that_is_not_there_is_an_error():
    places = np.array([0, 1, 9, 2, 3, 4, 5, 6, 7, 8, 0])
    with pytest.raises(IndexError):
        gg.jit(lambda x, places: np.sum(x[places], axis=1))(np.ones((9, 5)), places)
