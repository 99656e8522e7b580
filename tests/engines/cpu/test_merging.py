"""Neighbouring loops become one where the memory allows it, and the values stay the same."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.plan.kernels import Kernel

TO_ONE = {
    "chain": lambda x: x * x + 1.0,
    "total": lambda x: np.sum(np.tanh(x)),
    "reshaped": lambda x: x.reshape(-1) * 2.0,
    "last two summed": lambda x: np.sum(x * x, axis=(0, 1, 2)),
}
TO_SEVERAL = {
    "turned": lambda x: x.T + x.transpose(2, 1, 0),
    "cut": lambda x: x[:, 1:, 2:].reshape(-1) * 2.0,
    "all the way round": lambda x: np.roll(x, x.shape[2], axis=2) + np.roll(x, 2, axis=1),
    "a row for all": lambda x: x * x[0, 0],
    "middle": lambda x: np.sum(x * x, axis=1),
    "ends": lambda x: np.sum(x, axis=(0, 2)),
    "normalised": lambda x: np.exp(x) / np.sum(np.exp(x), axis=(1, 2), keepdims=True),
}
SHAPES = [(5, 6, 7), (3, 1, 9), (1, 1, 1), (4, 3, 0), (2, 33, 16)]


def _compiled(function, x):
    compiled = gg.jit(function)
    result = compiled(x)
    (version,) = compiled.cache.values()
    return result, [step for step in version.program.plan.steps if isinstance(step, Kernel)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TO_ONE | TO_SEVERAL)
def test_values_stay_the_same(name, dtype, shape):
    function = (TO_ONE | TO_SEVERAL)[name]
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    with np.errstate(all="ignore"):
        expected = function(x)
    result, _ = _compiled(function, x)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", TO_ONE)
def test_what_lies_in_one_piece_is_one_loop(name):
    _, kernels = _compiled(TO_ONE[name], np.ones((5, 6, 7)))
    assert [len(kernel.frame) for kernel in kernels] == [1]
    assert kernels[0].frame[0].extent == 210


def test_what_is_turned_keeps_its_loops():
    _, kernels = _compiled(TO_SEVERAL["turned"], np.ones((5, 6, 7)))
    assert [len(kernel.frame) for kernel in kernels] == [3]


def test_numbers_that_follow_from_numbers_part_no_loops():
    """They are computed first: a value that is kept needs not wait in memory for one of them."""

    def moved(x, count):
        mean = 0.9 * x + 0.1 * x * x
        after = count + 1
        size = np.sqrt(1.0 - 0.99**after)
        return mean, after, size, x - mean / size

    x = np.linspace(1.0, 2.0, 3000)
    compiled = gg.jit(moved)
    found = compiled(x, 4)
    for one, expected in zip(found, moved(x, 4), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-14)
    (version,) = compiled.cache.values()
    kernels = [step for step in version.program.plan.steps if isinstance(step, Kernel)]
    assert len([kernel for kernel in kernels if kernel.frame]) == 1
