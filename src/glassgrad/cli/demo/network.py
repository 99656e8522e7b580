"""The two-layer sigmoid network of the text, in plain NumPy: nothing here knows Glassgrad."""

import numpy as np

X = np.array([0.5, 0.3])
W1 = np.array([[0.1, 0.2], [0.3, 0.4]])
b1 = np.array([0.5, 0.6])
W2 = np.array([0.7, 0.8])
b2 = 0.9
TARGET = 0.25


def sigmoid(z: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-z))  # type: ignore[no-any-return]  # NumPy's operators are typed loosely


def network(x: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: float) -> np.ndarray:
    """Two inputs, two hidden sigmoid units, one sigmoid output; 0.871843204787514 at the parameters above."""
    z1 = W1 @ x + b1
    a1 = sigmoid(z1)
    z2 = W2 @ a1 + b2
    return sigmoid(z2)


def loss(x: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: float, target: float) -> np.ndarray:
    """Half of the squared distance from the target."""
    return 0.5 * (network(x, W1, b1, W2, b2) - target) ** 2
