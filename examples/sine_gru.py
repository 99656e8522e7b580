"""A GRU looks at the noisy past of a wave and says where it will be next, closer than the noise lets anybody measure.

python examples/sine_gru.py
"""

import numpy as np

import glassgrad as gg
from glassgrad import nn, optim, train

NOISE, PAST = 0.3, 40


class Forecaster(nn.Layer):
    """The next value of a series: (batch, time, 1) to (batch, 1)."""

    memory: nn.GRU
    reading: nn.Linear

    def __init__(self, size, *, key):
        first, second = gg.random.split(nn.as_key(key))
        self.memory = nn.GRU(1, size, key=first)
        self.reading = nn.Linear(size, 1, key=second)

    def __call__(self, series):
        return self.reading(nn.last(self.memory(series)))


def waves(count, random):
    """Noisy waves of all phases and of periods from 18 to 22 steps, and their next values with noise and without."""
    phase, period = random.uniform(0, 2 * np.pi, (count, 1)), random.uniform(18, 22, (count, 1))
    clean = np.sin(phase + 2 * np.pi * np.arange(PAST + 1) / period)[..., None]  # (count, time, 1)
    noisy = clean + NOISE * random.normal(size=clean.shape)
    return [part.astype(np.float32) for part in (noisy[:, :-1], noisy[:, -1], clean[:, -1])]


def main():
    random = np.random.default_rng(0)
    past, following, _ = waves(4000, random)
    run = train.fit(
        Forecaster(24, key=0),
        (past, following),  # the clean value is not shown: it learns from noise alone
        nn.mse,
        lambda steps: optim.adam(optim.schedules.one_cycle(0.01, steps)),
        epochs=15,
        batch_size=64,
    )
    for record in run.history.epochs[2::3]:
        print(f"epoch {record['epoch']:2d}: loss {record['loss']:.4f}; the noise alone has {NOISE**2:.4f}")

    past, following, clean = waves(1000, random)
    found = run.model(past)
    errors = {
        "the GRU": found - clean,
        "the value before": past[:, -1] - clean,
        "measuring the value itself": following - clean,
    }
    for name, error in errors.items():
        print(f"{name}: {np.sqrt(np.mean(error**2)):.3f} from the wave")
    assert np.std(errors["the GRU"]) < 0.5 * NOISE


if __name__ == "__main__":
    main()
