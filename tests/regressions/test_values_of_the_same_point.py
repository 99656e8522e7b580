"""A value read in the loop that computes it, by an index that is written otherwise: it was read before it was there."""

import numpy as np
import pytest

import glassgrad as gg

PROGRAMS = {
    "lower triangle": lambda x: np.ravel(np.tril(np.hypot(x, 1.0), -1)) ** 2,
    "upper triangle": lambda x: np.arctan(np.reshape(np.triu(np.exp(x)), (-1,))),
    "chosen entries": lambda x: np.ravel(np.where(x > 0.1, np.tanh(x), 0.0)) ** 3,
    "there and back": lambda x: np.reshape(np.reshape(np.hypot(x, 2.0), (-1,)) ** 2, x.shape) * np.tril(x),
}


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (2, 33), (3, 5), (8, 8), (1, 7)])
@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients(name, shape):
    x = np.random.default_rng(0).normal(size=shape)
    program = PROGRAMS[name]
    slope = gg.grad(lambda x: np.sum(np.cos(1.0 + np.arange(x.size)) * np.ravel(program(x))))
    with gg.settings(engine="reference"):
        expected = gg.jit(slope)(x)
    with gg.settings(engine="cpu"):
        np.testing.assert_allclose(gg.jit(program)(x), program(x), rtol=1e-13)
        np.testing.assert_allclose(gg.jit(slope)(x), expected, rtol=1e-12, atol=1e-14)
