"""`np.add.at` adds at each place as often as its indices name it; `y += x` on a plain array says what to write."""

import numpy as np
import pytest

import glassgrad as gg

X = np.array([0.5, -1.5, 2.0, 3.0])
PLACES = np.array([0, 2, 0, 0])


def counted(x, ufunc, key=PLACES):
    total = np.ones_like(x)
    ufunc.at(total, key, x**2)
    return total @ np.arange(1.0, 5.0)


@pytest.mark.parametrize("ufunc", [np.add, np.subtract])
def test_repeated_places_receive_each_value(ufunc):
    sign = 1.0 if ufunc is np.add else -1.0
    expected = sign * 2 * X * (PLACES + 1.0)
    assert np.allclose(gg.grad(counted)(X, ufunc), expected)
    assert gg.value_and_grad(counted)(X, ufunc)[0] == pytest.approx(counted(X, ufunc))
    assert np.allclose(gg.vmap(gg.grad(lambda x: counted(x, ufunc)))(np.stack([X, X])), expected)
    assert np.allclose(gg.jit(gg.grad(lambda x: counted(x, ufunc)))(X), expected)
    gg.check_gradients(lambda x: counted(x, ufunc), X)


def test_slices_pairs_of_indices_and_numbers():
    def f(x):
        table = np.zeros_like(np.outer(x, x))
        np.add.at(table, (PLACES, [1, 1, 1, 1]), x)
        np.add.at(table, (slice(None), 2), x[0])
        np.add.at(table, ([0, 0], [0, 0]), 1.0)
        return table

    assert f(X)[0, 0] == 2.0
    (value, pullback) = gg.vjp(f, X)
    assert np.array_equal(value, f(X))
    assert np.allclose(pullback(np.ones((4, 4)))[0], np.array([5.0, 1.0, 1.0, 1.0]))


def test_the_source_counts_repeated_places_too():
    def loss(x):
        total = np.zeros_like(x)
        np.add.at(total, PLACES, x)
        return np.sum(total**2)

    module = {}
    exec(gg.source(loss, X), module)
    value, gradient = module["loss_and_grad"](X)
    assert value == pytest.approx(loss(X))
    assert np.allclose(gradient, gg.grad(loss)(X))


def test_what_cannot_be_added():
    with pytest.raises(NotImplementedError, match="multiply"):
        gg.grad(lambda x: counted(x, np.multiply))(X)
    with pytest.raises(TypeError, match="plain NumPy array"):
        gg.grad(lambda x: np.add.at(np.zeros(4), PLACES, x) or x.sum())(X)
    with pytest.raises(TypeError, match="float64"):
        gg.grad(lambda x: np.add.at(np.zeros_like(x, dtype=int), PLACES, x) or x.sum())(X)


def test_in_place_sum_into_a_plain_array_says_what_to_write():
    def f(x):
        total = np.zeros(4)
        total += x
        return total.sum()

    with pytest.raises(NotImplementedError, match="y = y \\+ x instead of y \\+= x"):
        gg.grad(f)(X)
