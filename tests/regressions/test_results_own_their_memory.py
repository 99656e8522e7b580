"""Whoever gets a result may write into it: it shares no memory with arguments, constants or other results."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("make", [np.zeros, np.arange, lambda n: np.broadcast_to(2.0, n)])
def test_a_compiled_function_gives_its_constants_unharmed_each_time(make):
    compiled = gg.jit(lambda x: (x * 2.0, make(3)))
    first = compiled(np.ones(3))[1]
    first += 5
    np.testing.assert_array_equal(compiled(np.ones(3))[1], make(3))


@pytest.mark.parametrize("view", [lambda x: x, lambda x: x[1:], lambda x: x.reshape(3, 1).T])
def test_results_are_not_views_of_arguments(view):
    x = np.arange(3.0)
    for result in (gg.jit(view)(x), gg.vjp(view, x)[0], gg.vmap(view)(x[None])[0], gg.jvp(view, (x,), (x,))[1]):
        np.add(result, 1.0, out=result)
        np.testing.assert_array_equal(x, np.arange(3.0))


def test_a_captured_array_is_not_given_away():
    mine = np.arange(3.0)
    for result in (gg.jit(lambda x: (x, mine))(1.0)[1], gg.vjp(lambda x: (x, mine), 1.0)[0][1]):
        np.add(result, 1.0, out=result)
        np.testing.assert_array_equal(mine, np.arange(3.0))


def test_gradients_share_no_memory_with_each_other():
    x = np.ones(3)
    first, second = gg.grad(lambda a, b: np.sum(np.sin(a + b)), (0, 1))(x, x)
    first += 1.0
    np.testing.assert_array_equal(second, np.cos(2.0 * x))


def test_a_pullback_does_not_give_back_what_it_was_given():
    ct = np.ones(3)
    (pulled,) = gg.vjp(lambda x: x + 1.0, np.zeros(3))[1](ct)
    pulled += 1.0
    np.testing.assert_array_equal(ct, np.ones(3))


@pytest.mark.parametrize("inner", [lambda x: x * x, lambda x: x @ x.T, lambda x: x[::-1] * np.sin(x)])
def test_a_pullback_belongs_to_the_point_where_it_was_made(inner):
    x = np.arange(6.0).reshape(2, 3)
    value, pull = gg.vjp(inner, x)
    _, push = gg.linearize(inner, x)
    expected = pull(np.ones_like(value))[0], push(np.ones_like(x))
    x[:] = 100.0
    np.testing.assert_array_equal(pull(np.ones_like(value))[0], expected[0])
    np.testing.assert_array_equal(push(np.ones_like(x)), expected[1])
