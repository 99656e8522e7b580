"""Short rows handed on within one loop over two axes were read from beyond their place: wrong numbers, or a crash."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("shape", [(6, 7, 6), (2, 21, 6), (3, 16, 6), (6, 7, 12), (64, 64, 6)])
@pytest.mark.parametrize("reduce", [np.max, np.sum])
def test_a_reduction_over_one_place_and_then_over_pairs(shape, reduce):
    first, second, row = shape
    x = np.random.default_rng(0).normal(size=shape)

    def pooled(x):
        same = reduce(x.reshape(first, second, 1, row), axis=2)
        return reduce(same.reshape(first, second, row // 2, 2), axis=3)

    np.testing.assert_allclose(gg.jit(pooled)(x), pooled(x), rtol=1e-13)
