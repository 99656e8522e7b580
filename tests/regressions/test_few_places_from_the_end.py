"""Three places counted from the end, looked up in lanes: the test for them read another register than it should.

LLVM 22 takes the signs of 3 or 5 lanes by MOVMSK, and may give it a register that only AVX-512 has a name for.
"""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("places", [[0, -1, 0], [-1, 1, 0, -1, 0], [1, 0, -2, 1, 0, 0], [0] * 6 + [-1]])
@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 2), (8, 8)])
@pytest.mark.parametrize("function", [np.tanh, np.arctan, np.exp])
def test_rows_of_a_product(shape, places, dtype, function):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)

    def program(x):
        return np.take(function(x @ np.swapaxes(x, -1, -2)), places, axis=-2)

    with gg.settings(engine="cpu"):
        found = gg.jit(program)(x)
    np.testing.assert_allclose(found, program(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("count", [3, 5, 6, 7, 11])
def test_loops_that_end_when_no_item_goes_on(count):
    x = np.linspace(0.3, 9.0, count).astype(np.float32)

    def halved(x):
        return gg.while_loop(lambda s: s[0] > 0.5, lambda s: (s[0] * 0.5, s[1] + 1), (x, 0))

    with gg.settings(engine="cpu"):
        found = gg.jit(gg.vmap(halved))(x)
    for mine, theirs in zip(found, zip(*[halved(number) for number in x], strict=True), strict=True):
        np.testing.assert_array_equal(mine, theirs)
