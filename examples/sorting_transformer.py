"""A small transformer learns to sort: eight digits in any order become eight digits in order.

python examples/sorting_transformer.py
"""

import numpy as np

import glassgrad as gg
from glassgrad import nn, optim, train

LENGTH, DIGITS, SIZE = 8, 10, 32


class Sorter(nn.Layer):
    """For each place of the answer a score for each digit: (batch, place) digits to (batch, place, digit)."""

    digits: nn.Embedding
    places: nn.Array  # (place, size): what tells a place of the answer from the next
    blocks: nn.Sequential
    norm: nn.LayerNorm
    reading: nn.Linear

    def __init__(self, *, key):
        keys = gg.random.split(nn.as_key(key), 5)
        self.digits = nn.Embedding(DIGITS, SIZE, key=keys[0])
        self.places = gg.random.normal(keys[1], (LENGTH, SIZE)).astype(np.float32)
        self.blocks = nn.Sequential(*[nn.TransformerEncoderBlock(SIZE, 4, hidden=64, key=k) for k in keys[2:4]])
        self.norm = nn.LayerNorm(SIZE)
        self.reading = nn.Linear(SIZE, DIGITS, key=keys[4])

    def __call__(self, sequence):
        return self.reading(self.norm(self.blocks(self.digits(sequence) + self.places)))


def main():
    random = np.random.default_rng(0)
    sequences = random.integers(0, DIGITS, (20_000, LENGTH))
    run = train.fit(
        Sorter(key=0),
        (sequences, np.sort(sequences, axis=-1)),
        nn.cross_entropy,
        lambda steps: optim.adamw(optim.schedules.one_cycle(5e-3, steps)),
        epochs=6,
        batch_size=100,
    )
    print(f"{run.model.parameter_count():,} parameters, {run.step / run.timings.steps:,.0f} steps a second")
    for record in run.history.epochs:
        print(f"epoch {record['epoch']}: loss {record['loss']:.5f}")

    unseen = random.integers(0, DIGITS, (1000, LENGTH))
    answers = np.argmax(run.model(unseen), axis=-1)
    print(f"{unseen[0]} becomes {answers[0]}")
    share = np.mean(np.all(answers == np.sort(unseen, axis=-1), axis=-1))
    print(f"{share:.1%} of {len(unseen)} new sequences are sorted without a fault")
    assert share > 0.98


if __name__ == "__main__":
    main()
