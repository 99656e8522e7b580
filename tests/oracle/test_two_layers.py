"""The two-layer sigmoid network over a batch: loss and gradients agree with PyTorch and with JAX."""

import numpy as np
import pytest

import glassgrad as gg

PARAMETERS = ("W1", "b1", "W2", "b2")


def loss(parameters, x, y):
    h = 1 / (1 + np.exp(-(x @ parameters["W1"] + parameters["b1"])))  # (batch, hidden)
    p = 1 / (1 + np.exp(-(h @ parameters["W2"] + parameters["b2"])))  # (batch, out)
    return np.mean((p - y) ** 2)


@pytest.fixture
def problem():
    random = np.random.default_rng(2)
    parameters = {
        "W1": random.normal(size=(3, 5)),
        "b1": random.normal(size=5),
        "W2": random.normal(size=(5, 2)),
        "b2": random.normal(size=2),
    }
    return parameters, random.normal(size=(7, 3)), random.uniform(size=(7, 2))


def test_torch_agrees(problem):
    torch = pytest.importorskip("torch")
    parameters, x, y = problem
    value, gradient = gg.value_and_grad(loss)(parameters, x, y)
    theirs = {name: torch.tensor(array, requires_grad=True) for name, array in parameters.items()}
    h = torch.sigmoid(torch.from_numpy(x) @ theirs["W1"] + theirs["b1"])
    p = torch.sigmoid(h @ theirs["W2"] + theirs["b2"])
    their_value = torch.mean((p - torch.from_numpy(y)) ** 2)
    their_value.backward()
    np.testing.assert_allclose(value, their_value.item(), rtol=1e-13)
    for name in PARAMETERS:
        np.testing.assert_allclose(gradient[name], theirs[name].grad.numpy(), rtol=1e-11, atol=1e-14)


def test_jax_agrees(problem):
    jax = pytest.importorskip("jax")
    parameters, x, y = problem
    value, gradient = gg.value_and_grad(loss)(parameters, x, y)

    def their_loss(parameters, x, y):
        h = jax.nn.sigmoid(x @ parameters["W1"] + parameters["b1"])
        p = jax.nn.sigmoid(h @ parameters["W2"] + parameters["b2"])
        return jax.numpy.mean((p - y) ** 2)

    their_value, theirs = jax.value_and_grad(their_loss)(parameters, x, y)
    np.testing.assert_allclose(value, their_value, rtol=1e-13)
    for name in PARAMETERS:
        np.testing.assert_allclose(gradient[name], theirs[name], rtol=1e-11, atol=1e-14)
