"""Keys and bits against JAX, whose Threefry counts as ours does: the engines can share random numbers."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import random

jax = pytest.importorskip("jax")


@pytest.fixture(autouse=True)
def _wide():
    with jax.enable_x64(True), jax.threefry_partitionable(True):
        yield


@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**40 + 3])
def test_keys_split_and_fold_alike(seed):
    ours, theirs = random.key(seed), jax.random.PRNGKey(seed)
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(random.split(ours, 5), jax.random.split(theirs, 5))
    np.testing.assert_array_equal(random.fold_in(ours, 9), jax.random.fold_in(theirs, 9))


@pytest.mark.parametrize("width", [32, 64])
def test_bits_are_the_same(width):
    found = random.bits(random.key(3), (7, 3), width)
    expected = jax.random.bits(jax.random.PRNGKey(3), (7, 3), dtype=f"uint{width}")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("a", [0.3, 2.0, 30.0])
def test_gamma_numbers_move_alike(a):
    numbers = random.gamma(random.key(1), np.full(6, a))
    slopes = gg.jacobian(lambda a: random.gamma(random.key(1), np.broadcast_to(a, 6)))(a)
    expected = [jax.lax.random_gamma_grad(np.float64(a), np.float64(z)) for z in numbers]
    np.testing.assert_allclose(slopes, expected, rtol=1e-5)
