"""What is dear and needed several times is computed once: before it is looked up, or multiplied in many products."""

import numpy as np
import pytest

import glassgrad as gg


def dear(x):
    return np.tanh(x) / (1.0 + x * x)


PROGRAMS = {
    "looked up": lambda x, at: dear(x)[at] * 2.0,
    "looked up in part": lambda x, at: dear(x)[:, :3][at] * 2.0,
    "added up by place": lambda x, at: gg.numpy.zeros((9, 6)) + _added(dear(x)[at], at),
    "products": lambda x, at: np.einsum("nij,nik->njk", _blocks(dear(x)), _blocks(dear(x))),
    "turned products": lambda x, at: np.swapaxes(_blocks(dear(x)), 1, 2) @ _blocks(dear(x)),
}


def _blocks(x):
    return x.reshape(-1, 12, 6)


def _added(rows, at):
    sums = np.zeros_like(rows, shape=(9, 6))
    np.add.at(sums, at % 9, rows)
    return sums


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", PROGRAMS)
def test_values(name, dtype):
    random = np.random.default_rng(0)
    x, at = random.normal(size=(600, 6)).astype(dtype), random.integers(0, 600, 5_000)
    function = PROGRAMS[name]
    np.testing.assert_allclose(gg.jit(function)(x, at), function(x, at), rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_dear_part_is_computed_once(name):
    x, at = np.ones((600, 6)), np.arange(5_000) % 600
    steps = gg.jit(PROGRAMS[name]).inspect(x, at)
    lines = [line for line in str(steps).splitlines() if "//" not in line]
    assert sum("tanh(" in line for line in lines) == 1
    assert steps.work.flops < 60 * x.size + 20 * 6 * at.size
