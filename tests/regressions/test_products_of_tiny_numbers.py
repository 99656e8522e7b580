"""Numbers are not multiplied together where their product underflows or overflows, for the value may make up for it."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize(("a", "b", "x"), [(1e-200, 1e-200, 1e300), (1e200, 1e200, 1e-300), (1e-160, 1e-160, 1e200)])
def test_double(a, b, x):
    np.testing.assert_allclose(gg.jit(lambda x: a * (b * x))(x), a * (b * x), rtol=1e-15)


def test_half():
    x = np.full(2, 1e4, np.float16)
    np.testing.assert_array_equal(gg.jit(lambda x: 1e-3 * (1e-3 * x))(x), np.float16(1e-3) * (np.float16(1e-3) * x))


def test_zero_is_not_an_underflow():
    assert gg.jit(lambda x: 0.0 * (2.0 * x))(3.0) == 0.0
