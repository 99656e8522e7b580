"""Weights of a few levels, learnt with the straight-through estimator: rounding has derivative 0 almost everywhere, so
a rule passes the gradient on as if it were not there.

    python examples/straight_through.py
"""

import numpy as np

import glassgrad as gg


@gg.custom_derivative
def rounded(w):
    return np.round(4 * w) / 4


@rounded.pullback
def pass_on(ct, result, w):
    return ct


def loss(w, X, y, levels):
    return np.mean((X @ levels(w) - y) ** 2)


def main():
    random = np.random.default_rng(0)
    X, truth = random.normal(size=(100, 4)), np.array([0.5, -1.25, 0.0, 2.0])
    y = X @ truth

    w = np.zeros(4)
    print("gradient through plain rounding:", gg.grad(loss)(w + 0.1, X, y, lambda w: np.round(4 * w) / 4))
    for _ in range(60):
        w = w - 0.1 * gg.grad(loss)(w, X, y, rounded)
    print("learnt levels:", np.round(4 * w) / 4, "truth:", truth)


if __name__ == "__main__":
    main()
