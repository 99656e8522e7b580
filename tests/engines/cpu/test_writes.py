"""Writes into arrays that nobody reads any more: in place, and the same results as with copies."""

import numpy as np
import pytest

import glassgrad as gg
from tests.engines.cpu.test_control import agree

RANDOM = np.random.default_rng(6)


@pytest.fixture(autouse=True)
def native():
    with gg.settings(engine="cpu"):
        yield


def drawn(*shape, dtype=np.float64):
    return RANDOM.normal(size=shape).astype(dtype)


def put(y, k, value):
    y[k] = value
    return y


CASES = {
    "one element": lambda x: put(np.sin(x), 2, 5.0),
    "a slice of itself": lambda x: shifted(np.sin(x)),
    "a slice twice": lambda x: doubled(np.sin(x)),
    "read afterwards": lambda x: afterwards(np.sin(x)),
    "read before": lambda x: before(np.sin(x)),
    "many": lambda x: many(np.sin(x)),
    "by an index array": lambda x: looked_up(np.sin(x)),
    "by its own values": lambda x: by_itself(np.sin(x)),
}


def shifted(y):
    y[1:] = y[:-1]
    return y


def doubled(y):
    y[1:4] = y[1:4] * 2.0
    y[2:] += y[2:]
    return y


def afterwards(y):
    z = y + 0.0
    z[0] = 7.0
    return y * z


def before(y):
    first = y[0] * 3.0
    y[0] = first + y[1]
    return y + first


def many(y):
    for k in range(y.shape[0] - 1):
        y[k + 1] = y[k] * 0.5 + y[k + 1]
    return y


def looked_up(y):
    y[np.array([0, 2, 2])] += np.array([1.0, 2.0, 3.0])
    y[np.array([1, -1])] = y[np.array([0, 2])]
    return y


def by_itself(y):
    places = np.argsort(np.argsort(np.abs(y)))
    y[places] = y * 1.0
    return y


@pytest.mark.parametrize("name", CASES)
def test_writes_give_what_copies_give(name):
    function = gg.jit(CASES[name])
    x = drawn(6)
    x[4] = np.nan
    found = function(x)
    with gg.settings(engine="reference"):
        expected = gg.jit(CASES[name])(x)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    gradient = lambda x: np.sum(CASES[name](x) ** 2)  # noqa: E731
    value = drawn(6)
    found = gg.jit(gg.grad(gradient))(value)
    with gg.settings(engine="reference"):
        expected = gg.jit(gg.grad(gradient))(value)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_arguments_are_left_as_they_are():
    x = drawn(5)
    kept = x.copy()

    def function(x):
        y = x + 0.0
        y[1] = 3.0
        return gg.fori_loop(0, 4, lambda k, y: put(y, k, y[k] + 1.0), x), y

    gg.jit(function)(x)
    np.testing.assert_array_equal(x, kept)


def sieve(x, size):
    """What a loop carries is written into at one place a step, and read at others."""

    def step(y, k):
        value = np.tanh(y[k] + y[k - 1])
        y[k] = value
        return y, value

    return gg.scan(step, np.zeros(size) + x, np.arange(1, size))


@pytest.mark.parametrize("size", [2, 3, 7, 100])
def test_a_loop_that_writes_one_element_a_step(size):
    agree(lambda x: sieve(x, size)[0], 0.3)
    agree(lambda x: np.sum(sieve(x, size)[1]), 0.3)
    agree(gg.grad(lambda x: np.sum(sieve(x, size)[0] ** 2)), 0.3)


def test_it_costs_one_element_a_step():
    compiled = gg.jit(lambda x: sieve(x, 1000)[0])
    compiled(0.3)
    (version,) = compiled.cache.values()
    program = version.program
    ((body,),) = program.plan.bodies.values()
    assert body.still == {0}


def test_a_loop_that_swaps_what_it_writes():
    def function(x):
        def step(state, k):
            a, b = state
            a[k] = b[k] * 2.0
            return (b, a), None

        (a, b), _ = gg.scan(step, (x, np.cos(x)), np.array([0, 2, 1]))
        return a * 10.0 + b

    agree(function, drawn(3))
    agree(gg.grad(lambda x: np.sum(function(x) ** 2)), drawn(3))


def test_a_loop_with_an_open_end_that_writes():
    def function(x):
        def step(state):
            y, k = state
            y[k] = y[k - 1] * 0.5
            return y, k + 1

        return gg.while_loop(lambda s: (s[1] < 5) & (s[0][s[1] - 1] > 0.1), step, (x, 1))[0]

    agree(function, np.full(80, 3.0))
    agree(function, np.full(5, 0.3))
    agree(function, np.full(5, 0.05))
