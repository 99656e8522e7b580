"""Handwritten digits by a small convolutional network: at least 98 % of the test images are read right.

python examples/digits.py
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import glassgrad as gg
from glassgrad import nn, optim, train


def network(key):
    """(image, 1, 8, 8) to (image, 10) scores."""
    keys = gg.random.split(gg.random.key(key), 4)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, key=keys[0]),
        nn.BatchNorm(16),
        nn.relu,
        nn.Conv2d(16, 32, 3, padding=1, key=keys[1]),
        nn.BatchNorm(32),
        nn.relu,
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 64, key=keys[2]),
        nn.relu,
        nn.Dropout(0.3),
        nn.Linear(64, 10, key=keys[3]),
    )


def accuracy(scores, labels, *, mask=None):
    """The share of the images that count whose largest score is that of their label."""
    right = np.argmax(scores, axis=-1) == labels
    return np.mean(right) if mask is None else np.sum(right & mask) / np.sum(mask)


def main():
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 1, 8, 8).astype(np.float32) / 16
    inputs, test_inputs, targets, test_targets = train_test_split(
        images, labels, test_size=0.2, random_state=0, stratify=labels
    )
    run = train.fit(
        network(key=0),
        (inputs, targets),
        nn.cross_entropy,
        lambda steps: optim.adamw(optim.schedules.one_cycle(4e-3, steps)),
        epochs=15,
        batch_size=64,
        validation=0.1,
        last="drop",
        metrics={"accuracy": accuracy},
    )
    for record in run.history.epochs[2::3]:
        print(
            f"epoch {record['epoch']:2d}: loss {record['loss']:.4f}, "
            f"accuracy of the images held back {record['validation accuracy']:.1%}"
        )
    found = accuracy(run.model(test_inputs), test_targets)
    print(f"test accuracy {found:.1%} of {len(test_inputs)} images")
    assert found >= 0.98


if __name__ == "__main__":
    main()
