"""The examples that Glassgrad comes from, to the digits that their texts print."""

import numpy as np
import pytest

import glassgrad as gg


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_the_two_layer_sigmoid_network():
    x, W1, b1 = np.array([0.5, 0.3]), np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([0.5, 0.6])
    W2, b2 = np.array([0.7, 0.8]), 0.9

    def network(W1, b1, W2, b2):
        return sigmoid(W2 @ sigmoid(W1 @ x + b1) + b2)

    value, (dW1, db1, dW2, db2) = gg.value_and_grad(network, (0, 1, 2, 3))(W1, b1, W2, b2)
    assert f"{value:.15f}" == "0.871843204787514"
    # by hand: σ'(z2) = a2 (1 - a2); dW2 = σ'(z2) a1; db1 = σ'(z2) W2 a1 (1 - a1); dW1 = db1 xᵀ
    a1 = sigmoid(np.array([0.61, 0.87]))
    slope = value * (1 - value)
    assert db2 == pytest.approx(slope, rel=1e-14)
    np.testing.assert_allclose(dW2, slope * a1, rtol=1e-14)
    np.testing.assert_allclose(db1, slope * W2 * a1 * (1 - a1), rtol=1e-14)
    np.testing.assert_allclose(dW1, np.outer(slope * W2 * a1 * (1 - a1), x), rtol=1e-14)


def test_the_skydiver():
    pressure = lambda t: 101325 * np.exp(-0.0001 * (4000 - 0.5 * 9.8 * t**2))  # noqa: E731
    assert f"{gg.grad(pressure)(10.0):.3f}" == "699.045"


def test_a_2_2_2_sigmoid_network_trained_one_step():
    """The worked example that many courses print: inputs 0.05 and 0.10, targets 0.01 and 0.99, rate 0.5."""
    x, target = np.array([0.05, 0.10]), np.array([0.01, 0.99])
    b1, b2 = 0.35, 0.60

    def error(W1, W2):
        out = sigmoid(W2 @ sigmoid(W1 @ x + b1) + b2)
        return np.sum(0.5 * (target - out) ** 2)

    W1, W2 = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
    value, (dW1, dW2) = gg.value_and_grad(error, (0, 1))(W1, W2)
    assert f"{value:.9f}" == "0.298371109"
    W1, W2 = W1 - 0.5 * dW1, W2 - 0.5 * dW2
    np.testing.assert_allclose(W1, [[0.149780716, 0.19956143], [0.24975114, 0.29950229]], atol=5e-9)
    np.testing.assert_allclose(W2, [[0.35891648, 0.408666186], [0.511301270, 0.561370121]], atol=5e-9)
    assert f"{error(W1, W2):.9f}" == "0.291027774"
