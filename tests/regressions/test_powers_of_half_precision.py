"""Powers of half precision with whole exponents: products on the way would leave what it holds."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("exponent", [-8, -3, -2, -1, 2, 3, 7])
def test_powers_and_their_slopes(exponent):
    x = np.array([1.05, 2.0, -0.5, 30.0], np.float16)
    for function in (lambda x: x**exponent, gg.grad(lambda x: np.sum(x**exponent))):
        with gg.settings(engine="reference"):
            expected = gg.jit(function)(x)
        np.testing.assert_array_equal(gg.jit(function)(x), expected)
