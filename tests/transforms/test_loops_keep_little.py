"""What a loop keeps for reverse mode: not what arithmetic makes again from the rest of what it keeps."""

import numpy as np
import pytest
from scipy.special import expit

import glassgrad as gg
from glassgrad.graph.node import reachable
from glassgrad.ops.control import SCAN, WHILE


def recorded(compiled):
    """The shapes of what the first loop of a compiled gradient gives back for each step."""
    (version,) = compiled.cache.values()
    loop = next(node for node in reachable(version.graph.outputs) if node.op in (SCAN, WHILE))
    body = loop.param("body")
    return [node.aval.shape for node in body.outputs[loop.param("carries") :]]


def test_a_gate_is_kept_and_not_its_derivative_nor_its_product():
    def loss(w, xs):
        def step(state, x):
            return expit(x * w[0]) * np.tanh(state * w[1]) + state, None

        return np.sum(gg.scan(step, np.ones(5), xs)[0])

    gradient = gg.jit(gg.grad(loss))
    rng = np.random.default_rng(0)
    w, xs = rng.normal(size=(2, 5)), rng.normal(size=(7, 5))
    found = gradient(w, xs)
    assert recorded(gradient) == [(5,)] * 3  # expit, tanh and the state; x is read again
    step = 1e-6 * rng.normal(size=w.shape)
    assert np.sum(found * step) == pytest.approx((loss(w + step, xs) - loss(w - step, xs)) / 2.0, rel=1e-6)


def test_a_sequence_is_read_again_instead_of_its_arithmetic():
    def loss(w, xs):
        return gg.scan(lambda total, x: (total + np.sum(w * (1.0 - x) * x), None), 0.0, xs)[0]

    gradient = gg.jit(gg.grad(loss))
    xs = np.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(gradient(np.ones(2), xs), np.sum((1.0 - xs) * xs, axis=0))
    assert recorded(gradient) == []


def test_what_costs_more_than_arithmetic_is_kept():
    def loss(x):
        return gg.scan(lambda y, _: (y * np.exp(y) * 0.1, None), x, length=4)[0]

    gradient = gg.jit(gg.grad(loss))
    assert gradient(0.7) == pytest.approx((loss(0.7 + 1e-6) - loss(0.7 - 1e-6)) / 2e-6, rel=1e-6)
    assert len(recorded(gradient)) == 2  # y and exp(y)


def test_while_loops_keep_as_little():
    def loss(x):
        return gg.while_loop(lambda y: y < 50.0, lambda y: y * y / (1.0 + y) + 2.0, x)

    gradient = gg.jit(gg.grad(loss))
    assert gradient(1.3) == pytest.approx((loss(1.3 + 1e-6) - loss(1.3 - 1e-6)) / 2e-6, rel=1e-6)
    assert len(recorded(gradient)) == 2  # y, and that the step was taken


def test_long_arithmetic_is_made_again_once():
    def loss(x):
        def step(y, _):
            z = y
            for index in range(30):
                z = z * y + 0.01 * index
            return np.sin(z) * 0.5, None

        return gg.scan(step, x, length=3)[0]

    gradient = gg.jit(gg.grad(loss))
    assert gradient(0.9) == pytest.approx((loss(0.9 + 1e-7) - loss(0.9 - 1e-7)) / 2e-7, rel=1e-5)
    assert len(recorded(gradient)) == 2  # y and cos(z)
