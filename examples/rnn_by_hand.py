"""A recurrent network in a Python loop: its gradients, a few training steps, and its backward pass as NumPy source.

python examples/rnn_by_hand.py
"""

import numpy as np

import glassgrad as gg


def rnn(W, U, b, v, sequence, target):
    h = np.zeros(3)
    for x in sequence:
        h = np.tanh(W @ h + U @ x + b)
    prediction = v @ h
    return (prediction - target) ** 2


def main():
    random = np.random.default_rng(0)
    W, U, b, v = random.normal(size=(3, 3)) / 2, random.normal(size=(3, 2)), np.zeros(3), random.normal(size=3)
    sequence, target = random.normal(size=(4, 2)), 1.5  # (time, feature)

    step = gg.value_and_grad(rnn, argnums=("W", "U", "b", "v"))
    for number in range(5):
        loss, (dW, dU, db, dv) = step(W, U, b, v, sequence, target)
        print(f"step {number}: loss {loss:.6f}")
        W, U, b, v = W - 0.05 * dW, U - 0.05 * dU, b - 0.05 * db, v - 0.05 * dv

    # W is used once in every step of the loop, so its gradient is a sum over the steps: four lines add to dW.
    print(gg.source(rnn, W, U, b, v, sequence, target, wrt="W"))


if __name__ == "__main__":
    main()
