"""A plain array that is written into after it was used in a trace counts with the numbers it had then."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import MutationError

X = np.array([1.0, 10.0, 100.0])


def weights_in_one_buffer(x):
    w, total = np.zeros(3), 0.0
    for i in range(3):
        w[:] = i
        total = total + (x * w).sum()
    w[:] = 77.0
    return total


def indices_in_one_buffer(x):
    places, total = np.array([0]), 0.0
    for i in range(3):
        places[0] = i
        total = total + x[places].sum() * (i + 1)
    return total


@pytest.mark.parametrize("function", [weights_in_one_buffer, indices_in_one_buffer])
def test_each_use_has_its_own_numbers(function):
    value, gradient = gg.value_and_grad(function)(X)
    assert value == function(X) == gg.jit(function)(X) == gg.vmap(function)(X[None])[0]
    expected = [3.0, 3.0, 3.0] if function is weights_in_one_buffer else [1.0, 2.0, 3.0]
    assert gradient.tolist() == gg.jit(gg.grad(function))(X).tolist() == expected


def test_a_large_array_says_so():
    def function(x):
        w, total = np.zeros(100_000), 0.0
        for i in range(3):
            w[:] = i
            total = total + (x * w).sum()
        return total

    with pytest.raises(MutationError, match="then written into"):
        gg.grad(function)(np.ones(100_000))


def test_jit_reads_what_it_did_not_write():
    scale = np.ones(3)
    scaled = gg.jit(lambda x: x * scale)
    assert scaled(X).tolist() == X.tolist()
    scale[:] = 2.0
    assert scaled(X).tolist() == (2 * X).tolist()
