"""A two-layer sigmoid network: its gradients by hand and explained, and its training step by step and by layers.

python examples/two_layer_network.py
"""

import numpy as np

import glassgrad as gg
from glassgrad import nn, optim, train


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def network(x, W1, b1, W2, b2):
    z1 = W1 @ x + b1
    a1 = sigmoid(z1)
    z2 = W2 @ a1 + b2
    return sigmoid(z2)


def loss(x, W1, b1, W2, b2, target):
    return 0.5 * (network(x, W1, b1, W2, b2) - target) ** 2


def by_hand(x, W1, b1, W2, b2):
    """The chain rule, factor by factor."""
    a1 = sigmoid(W1 @ x + b1)
    a2 = sigmoid(W2 @ a1 + b2)
    dz2 = a2 * (1 - a2)
    dz1 = W2 * dz2 * a1 * (1 - a1)
    return np.outer(dz1, x), dz1, a1 * dz2, dz2


def by_layers(x, W1, b1, W2, b2, target, steps):
    """The same network of layers, which take many examples at once, trained by `fit`: its losses."""
    model = nn.Sequential(
        nn.Linear(2, 2, key=0, dtype=np.float64), nn.sigmoid, nn.Linear(2, 1, key=1, dtype=np.float64), nn.sigmoid
    )
    weights = {"layers[0].weight": W1.T, "layers[0].bias": b1, "layers[2].weight": W2[:, None], "layers[2].bias": [b2]}
    model = model.replace({path: np.array(value) for path, value in weights.items()})
    assert abs(model(x)[0] - network(x, W1, b1, W2, b2)) < 1e-15

    def halved(prediction, target):
        return 0.5 * np.mean((prediction - target) ** 2)

    data = x[None, :], np.array([[target]])  # one example
    return train.fit(model, data, halved, optim.sgd(0.5), epochs=steps, batch_size=1).history["loss"]


def main():
    x, target = np.array([0.5, 0.3]), 0.25
    W1, b1 = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([0.5, 0.6])
    W2, b2 = np.array([0.7, 0.8]), 0.9
    print(f"network(x) = {network(x, W1, b1, W2, b2):.15f}")

    gradients = gg.grad(network, argnums=("W1", "b1", "W2", "b2"))(x, W1, b1, W2, b2)
    for name, ours, hand in zip(("W1", "b1", "W2", "b2"), gradients, by_hand(x, W1, b1, W2, b2), strict=True):
        print(f"d{name} = {np.array2string(np.asarray(ours), precision=8, prefix='dW1 = ')}")
        assert np.allclose(ours, hand, rtol=1e-14)

    print(f"\n{gg.explain(network, x, W1, b1, W2, b2, wrt='W1')}\n")

    expected = by_layers(x, W1, b1, W2, b2, target, steps=101)
    step = gg.value_and_grad(loss, argnums=("W1", "b1", "W2", "b2"))
    for number in range(101):
        value, (dW1, db1, dW2, db2) = step(x, W1, b1, W2, b2, target)
        assert abs(value - expected[number]) < 1e-14
        W1, b1, W2, b2 = W1 - 0.5 * dW1, b1 - 0.5 * db1, W2 - 0.5 * dW2, b2 - 0.5 * db2
        if number % 20 == 0:
            print(f"step {number:3d}: loss {value:.8f}, by layers {expected[number]:.8f}")


if __name__ == "__main__":
    main()
