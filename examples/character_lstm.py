"""A character LSTM learns a page by heart, this one, and writes it down again from its first letter.

python examples/character_lstm.py
"""

from pathlib import Path

import numpy as np

import glassgrad as gg
from glassgrad import nn, optim, train


class Writer(nn.Layer):
    """Scores for the next character at each place: (batch, time) characters to (batch, time, character)."""

    characters: nn.Embedding
    memory: nn.LSTM
    reading: nn.Linear

    def __init__(self, characters, size, *, key):
        keys = gg.random.split(nn.as_key(key), 3)
        self.characters = nn.Embedding(characters, 32, key=keys[0])
        self.memory = nn.LSTM(32, size, key=keys[1])
        self.reading = nn.Linear(size, characters, key=keys[2])

    def __call__(self, text):
        return self.run(text)[0]

    def run(self, text, state=None):
        """The scores, and the state to go on from."""
        seen, state = self.memory.run(self.characters(text), state)
        return self.reading(seen), state


def write(model, character, count):
    """A character, and the `count` that the model thinks most likely after it."""
    step = gg.jit(lambda model, text, state: model.run(text, state))
    written, state = [character], None
    for _ in range(count):
        scores, state = step(model, np.array([written[-1:]]), state)
        written.append(int(np.argmax(scores)))
    return written


def main():
    page = Path(__file__).read_text(encoding="utf-8")[:700]
    alphabet = sorted(set(page))
    text = np.array([[alphabet.index(character) for character in page]])  # (1, time)
    run = train.fit(
        Writer(len(alphabet), 128, key=0),
        (text[:, :-1], text[:, 1:]),
        nn.cross_entropy,
        optim.chain(optim.clip_by_norm(1.0), optim.adam(optim.schedules.one_cycle(0.01, 120))),
        epochs=120,
    )
    for record in run.history.epochs[::12]:
        print(f"step {record['step']:3d}: loss {record['loss']:.4f}")
    print(f"{run.step / run.timings.steps:,.0f} steps a second")

    written = write(run.model, text[0, 0], len(page) - 1)
    copy = "".join(alphabet[place] for place in written)
    print(f"\n{copy}")
    assert copy == page


if __name__ == "__main__":
    main()
