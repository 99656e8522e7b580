"""The pullback of a while_loop inside of a scan, where each inner loop has a length of its own."""

import numpy as np

import glassgrad as gg


def total(x, ends):
    def step(c, end):
        y = gg.while_loop(lambda s: s[0] < end, lambda s: (s[0] + 0.3, s[1] * 0.9 * c), (0.0, c))[1]
        return y, y

    return np.sum(gg.scan(step, x, ends)[1])


def test_the_pullback_is_the_gradient():
    ends = np.array([1.0, 0.5, 0.9])
    value, pull = gg.vjp(lambda x: total(x, ends), 1.1)
    assert value == total(1.1, ends)
    np.testing.assert_allclose(pull(2.0)[0], 2 * gg.grad(total)(1.1, ends), rtol=1e-12)
