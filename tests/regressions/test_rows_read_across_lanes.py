"""A column's values kept for each lane, of which each lane then reads another row: it got a neighbour's row."""

import numpy as np
import pytest

import glassgrad as gg


def diagonal(x):
    s = np.tanh(x * 2)
    return np.diagonal(s) - np.sum(s, axis=0)


def looked_up(x):
    s = np.tanh(x * 2)
    return s[np.argmax(x, axis=1), np.arange(len(x))] - np.sum(s, axis=0)


def backwards(x):
    s, own = np.sin(x), np.arange(len(x))
    return s[::-1][own, own] * np.sum(s, axis=0)


PROGRAMS = (diagonal, looked_up, backwards)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [2, 3, 4, 5, 8, 9, 16, 17])
@pytest.mark.parametrize("program", PROGRAMS)
def test_values_and_gradients(program, size, dtype):
    x = np.random.default_rng(size).normal(size=(size, size)).astype(dtype)
    weights = np.cos(np.arange(size)).astype(dtype)
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype is np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    slope = gg.grad(lambda x: np.sum(weights * program(x)))
    with gg.settings(engine="cpu"):
        value, gradient = gg.jit(program)(x), gg.jit(slope)(x)
    with gg.settings(engine="reference"):
        expected = gg.jit(slope)(x)
    np.testing.assert_allclose(value, program(x), **tolerance)
    np.testing.assert_allclose(gradient, expected, **tolerance)


def test_a_row_outside_is_an_error():
    def program(x, i):
        s = np.tanh(x)
        return s[i, np.arange(4)] - np.sum(s, axis=0)

    compiled = gg.jit(program)
    compiled(np.eye(4), np.array([0, -4, 3, 1]))
    with pytest.raises(IndexError, match="index 4 is out of bounds for axis 0 with size 4"):
        compiled(np.eye(4), np.array([0, -4, 4, 1]))


@pytest.mark.parametrize("size", [4, 5, 8, 9, 16, 17])
def test_the_gradient_of_the_spread_of_a_diagonal(size):
    x = np.random.default_rng(size).normal(size=(size, 1))
    weights = np.cos(np.arange(size))
    slope = gg.grad(lambda x: np.sum(weights * np.nanstd(np.diagflat(x), axis=0, keepdims=True)))
    with gg.settings(engine="reference"):
        expected = gg.jit(slope)(x)
    with gg.settings(engine="cpu"):
        np.testing.assert_allclose(gg.jit(slope)(x), expected, rtol=1e-12, atol=1e-12)
