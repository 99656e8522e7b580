"""A small network in plain NumPy, fitted to scikit-learn's breast cancer data by gradient descent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.api.compile import jit
from glassgrad.api.derivatives import value_and_grad

RATE, STEPS, HIDDEN = 0.5, 300, 16


def predict(params: dict[str, Any], X: Any) -> Any:
    """The log-odds of a benign tumour."""
    hidden = np.tanh(X @ params["W1"] + params["b1"])
    return hidden @ params["W2"] + params["b2"]


def loss(params: dict[str, Any], X: Any, y: Any) -> Any:
    """The mean negative log-likelihood: log(1 + exp(z)) - y z, which does not overflow."""
    z = predict(params, X)
    return np.mean(np.logaddexp(0.0, z) - y * z)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of gradient descent: the loss before it and the length of each gradient."""

    number: int
    loss: float
    gradients: dict[str, float]
    accuracy: float


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and test part, standardised by the training part."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order].astype(float)
    cut = int(0.75 * len(X))
    mean, scale = X[:cut].mean(axis=0), X[:cut].std(axis=0)
    X = (X - mean) / scale
    return X[:cut], y[:cut], X[cut:], y[cut:]


def initial(inputs: int) -> dict[str, Any]:
    """Small random weights (Glorot and Bengio 2010), zero biases."""
    rng = np.random.default_rng(1)
    return {
        "W1": rng.normal(size=(inputs, HIDDEN)) * np.sqrt(2 / (inputs + HIDDEN)),
        "b1": np.zeros(HIDDEN),
        "W2": rng.normal(size=HIDDEN) * np.sqrt(2 / (HIDDEN + 1)),
        "b2": 0.0,
    }


def accuracy(params: dict[str, Any], X: np.ndarray, y: np.ndarray) -> float:
    """The share of cases on the right side."""
    return float(np.mean((predict(params, X) > 0) == (y > 0.5)))


def descend() -> Iterator[Step]:
    """Gradient descent on the whole training part, step by step; the accuracy is that of the test part."""
    X, y, X_test, y_test = data()
    params = initial(X.shape[1])
    slope = jit(value_and_grad(loss))
    for number in range(STEPS + 1):
        value, gradient = slope(params, X, y)
        lengths = {name: float(np.linalg.norm(g)) for name, g in gradient.items()}
        yield Step(number, float(value), lengths, accuracy(params, X_test, y_test))
        params = {name: params[name] - RATE * gradient[name] for name in params}
