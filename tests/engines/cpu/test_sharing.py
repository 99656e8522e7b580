"""Kernels shared among threads: the same numbers, bit by bit, however many there are."""

import numpy as np
import pytest

import glassgrad as gg

FUNCTIONS = {
    "chain": lambda x: np.tanh(x) * x + 1.0,
    "rows": lambda x: x - x.mean(axis=1, keepdims=True),
    "softmax": lambda x: np.exp(x - x.max(axis=1, keepdims=True)) / np.exp(x).sum(axis=1, keepdims=True),
    "turned": lambda x: np.sin(x).T + 1.0,
    "columns": lambda x: x.sum(axis=0),
    "running": lambda x: np.cumsum(x, axis=1),
}


@pytest.mark.parametrize("shape", [(300, 257), (7, 40_003), (40_003, 3)], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_number_of_threads_changes_nothing(name, shape):
    x = np.random.default_rng(0).normal(size=shape)
    found = []
    for threads in (1, 2, 3):
        with gg.settings(engine="cpu", threads=threads):
            compiled = gg.jit(FUNCTIONS[name])
            found.append(compiled(x))
            np.testing.assert_array_equal(compiled(x), found[-1])
            (version,) = compiled.cache.values()
        assert threads > 1 or "fork_join" not in version.program.module.symbols
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_allclose(found[0], FUNCTIONS[name](x), rtol=1e-9, atol=1e-9)


def test_large_loops_are_shared():
    with gg.settings(engine="cpu", threads=2):
        compiled = gg.jit(np.tanh)
        compiled(np.ones(100_001))
        (version,) = compiled.cache.values()
    assert "fork_join" in version.program.module.symbols
