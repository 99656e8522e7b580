"""A small network in plain NumPy, fitted by gradient descent to scikit-learn's breast cancer data.

python examples/breast_cancer.py
"""

import numpy as np
from sklearn.datasets import load_breast_cancer

import glassgrad as gg


def predict(params, X):
    """The log-odds of a benign tumour."""
    hidden = np.tanh(X @ params["W1"] + params["b1"])
    return hidden @ params["W2"] + params["b2"]


def loss(params, X, y):
    """The mean of log(1 + exp(z)) - y z, written so that it does not overflow."""
    z = predict(params, X)
    return np.mean(np.logaddexp(0.0, z) - y * z)


def accuracy(params, X, y):
    return np.mean((predict(params, X) > 0) == (y > 0.5))


def main():
    X, y = load_breast_cancer(return_X_y=True)
    random = np.random.default_rng(0)
    order = random.permutation(len(X))
    X, y, cut = X[order], y[order].astype(float), 426
    X = (X - X[:cut].mean(axis=0)) / X[:cut].std(axis=0)  # (tumour, measurement)

    params = {
        "W1": random.normal(size=(30, 16)) * np.sqrt(2 / 46),
        "b1": np.zeros(16),
        "W2": random.normal(size=16) * np.sqrt(2 / 17),
        "b2": 0.0,
    }
    step = gg.jit(gg.value_and_grad(loss))
    for number in range(201):
        value, gradient = step(params, X[:cut], y[:cut])
        if number % 40 == 0:
            lengths = "  ".join(f"‖d{name}‖ {np.linalg.norm(part):.4f}" for name, part in gradient.items())
            print(f"step {number:3d}: loss {value:.4f}  {lengths}")
        params = {name: params[name] - 0.5 * gradient[name] for name in params}

    print(f"test accuracy {accuracy(params, X[cut:], y[cut:]):.1%}")


if __name__ == "__main__":
    main()
