"""XOR, which no straight line can do: two hidden units learn it, as Rumelhart, Hinton and Williams showed in 1986.

python examples/xor.py
"""

import numpy as np

from glassgrad import nn, optim, train

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
TARGETS = np.array([[0], [1], [1], [0]], np.float32)


def main():
    line = nn.Linear(2, 1, key=0)
    alone = train.fit(line, (INPUTS, TARGETS), nn.binary_cross_entropy, optim.adam(0.05), epochs=500, batch_size=4)
    print(f"a straight line: loss {alone.history['loss'][-1]:.3f}, that of a coin {np.log(2):.3f}")
    assert abs(alone.history["loss"][-1] - np.log(2)) < 1e-3

    network = nn.mlp([2, 2, 1], activation="tanh", key=4)
    print(network)
    run = train.fit(network, (INPUTS, TARGETS), nn.binary_cross_entropy, optim.adam(0.05), epochs=500, batch_size=4)
    for inputs, score in zip(INPUTS, run.model(INPUTS)[:, 0], strict=True):
        print(f"{inputs[0]:.0f} xor {inputs[1]:.0f} = {int(score > 0)}   probability {nn.sigmoid(score):.3f}")
    assert np.array_equal(run.model(INPUTS) > 0, TARGETS > 0.5)


if __name__ == "__main__":
    main()
