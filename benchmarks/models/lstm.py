"""An LSTM (Hochreiter and Schmidhuber 1997) whose last state predicts one number for each sequence."""

import numpy as np
from scipy.special import expit

from benchmarks.harness.case import Run
from benchmarks.models import steps

INPUTS = 32


def shapes(hidden):
    return {
        "cell_weight_ih_l0": (INPUTS, 4 * hidden),
        "cell_weight_hh_l0": (hidden, 4 * hidden),
        "cell_bias_ih_l0": (4 * hidden,),
        "cell_bias_hh_l0": (4 * hidden,),
        "last_weight": (hidden, 1),
        "last_bias": (1,),
    }


def batch(length, count):
    """(step, example, input), and a number for each example."""
    random = np.random.default_rng(1)
    x = random.normal(size=(length, count, INPUTS)).astype(np.float32)
    return x, np.tanh(x[-8:, :, :1].sum(axis=0))


def glassgrad(hidden: int, length: int, count: int) -> Run:
    import glassgrad as gg

    def loss(p, x, y):
        def step(state, given):
            h, c = state
            sums = given + h @ p["cell_weight_hh_l0"] + p["cell_bias_hh_l0"]
            into, forget, change, out = np.split(sums, 4, axis=1)
            c = expit(forget) * c + expit(into) * np.tanh(change)
            return (expit(out) * np.tanh(c), c), None

        given = x @ p["cell_weight_ih_l0"] + p["cell_bias_ih_l0"]  # for all steps at once
        start = np.zeros((count, hidden), np.float32)
        (h, _), _ = gg.scan(step, (start, start), given)
        return np.mean((h @ p["last_weight"] + p["last_bias"] - y) ** 2)

    return steps.with_glassgrad(loss, steps.drawn(shapes(hidden)), batch(length, count))


def jax(hidden: int, length: int, count: int) -> Run:
    import jax.nn
    import jax.numpy as jnp

    def loss(p, x, y):
        def step(state, given):
            h, c = state
            sums = given + h @ p["cell_weight_hh_l0"] + p["cell_bias_hh_l0"]
            into, forget, change, out = jnp.split(sums, 4, axis=1)
            c = jax.nn.sigmoid(forget) * c + jax.nn.sigmoid(into) * jnp.tanh(change)
            return (jax.nn.sigmoid(out) * jnp.tanh(c), c), None

        given = x @ p["cell_weight_ih_l0"] + p["cell_bias_ih_l0"]
        start = jnp.zeros((count, hidden), jnp.float32)
        (h, _), _ = jax.lax.scan(step, (start, start), given)
        return jnp.mean((h @ p["last_weight"] + p["last_bias"] - y) ** 2)

    return steps.with_jax(loss, steps.drawn(shapes(hidden)), batch(length, count))


def torch(hidden: int, length: int, count: int, *, compiles: bool = False) -> Run:
    from torch import nn

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.last = nn.LSTM(INPUTS, hidden), nn.Linear(hidden, 1)

        def forward(self, x):
            return self.last(self.cell(x)[0][-1])

    loss = lambda model, x, y: nn.functional.mse_loss(model(x), y)  # noqa: E731
    return steps.with_torch(Reader(), loss, steps.drawn(shapes(hidden)), batch(length, count), compiles=compiles)
