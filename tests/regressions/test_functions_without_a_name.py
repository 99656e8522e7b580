"""Functions without `__name__` (functools.partial, callable objects) work under every transform."""

from functools import partial

import numpy as np
import pytest

import glassgrad as gg


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return self.factor * x


@pytest.mark.parametrize("function", [partial(lambda x, b: b * x, b=3.0), Scale(3.0)])
def test_every_transform(function):
    assert gg.grad(function)(2.0) == gg.grad(gg.jit(function))(2.0) == gg.grad(gg.checkpoint(function))(2.0) == 3.0
    assert gg.jacobian(function)(2.0) == gg.jvp(function, 2.0, 1.0)[1] == gg.vjp(function, 2.0)[1](1.0)[0] == 3.0
    np.testing.assert_array_equal(gg.vmap(function)(np.ones(2)), [3.0, 3.0])
    own = gg.custom_derivative(function)
    own.pullback(lambda ct, result, x: ct * 5.0)
    assert gg.grad(own)(2.0) == 5.0
