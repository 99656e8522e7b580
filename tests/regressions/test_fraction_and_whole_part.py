"""`np.modf` keeps the sign of a number in both parts, and infinity has the fraction 0."""

import numpy as np
import pytest

import glassgrad as gg

X = [0.0, -0.0, np.nan, np.inf, -np.inf, 2.0, -2.0, 2.25, -3.75]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_parts_are_numpys(dtype):
    x = np.array(X, dtype)
    for found, expected in zip(gg.jit(np.modf)(x), np.modf(x), strict=True):
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))
        assert found.dtype == dtype


def test_the_fraction_moves_with_the_number():
    x = np.array([0.0, -0.0, 2.0, -2.0, 2.5, -2.5])
    np.testing.assert_array_equal(
        gg.grad(lambda x: np.sum(np.modf(x)[0] * np.arange(1.0, 7.0)))(x), np.arange(1.0, 7.0)
    )
