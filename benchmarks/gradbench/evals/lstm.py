"""An LSTM with diagonal weights over a text: a long loop over steps of a few dozen operations on short vectors.

What does not depend on the state is done for all steps at once, before the loop (the input weights) and after it
(the output layer and the losses); the loop keeps the layers' hidden and cell states.
"""

from typing import Any

import numpy as np
from scipy.special import expit

import glassgrad as gg
from benchmarks.gradbench.task import Input, Task, array, number


def layer(gates, hidden, cell, x):
    """One layer, one step; the gates are the weights and then the biases of forget, in, out and change."""
    forget, into, out, change, forget_bias, in_bias, out_bias, change_bias = gates
    kept = cell * expit(x * forget + forget_bias)
    cell = kept + expit(hidden * into + in_bias) * np.tanh(hidden * change + change_bias)
    return expit(x * out + out_bias) * np.tanh(cell), cell


def loss(main, extra, state, sequence):
    width = extra.shape[1]
    layers = [tuple(gates) for gates in main.reshape(-1, 8, width)]  # taken apart once, before the loop
    given, wanted = sequence[:-1] * extra[0], sequence[1:]

    def step(states, x):
        passed = []
        for gates, (hidden, cell) in zip(layers, states, strict=True):
            passed.append(layer(gates, hidden, cell, x))
            x = passed[-1][0]
        return tuple(passed), x

    starts = tuple((state[2 * index], state[2 * index + 1]) for index in range(len(layers)))
    _, last = gg.scan(step, starts, given)
    guesses = last * extra[1] + extra[2]  # (step, bit)
    totals = np.log(np.sum(np.exp(guesses), axis=1, keepdims=True) + 2.0)
    return -np.mean(wanted * (guesses - totals))


OBJECTIVE = gg.jit(loss)
JACOBIAN = gg.jit(gg.grad(loss, ("main", "extra")))


def _arguments(given: Input) -> tuple[Any, ...]:
    return tuple(array(given[name]) for name in ("main_params", "extra_params", "state", "sequence"))


def _answer(gradients: tuple[np.ndarray, np.ndarray]) -> list[float]:
    return np.concatenate([gradient.ravel() for gradient in gradients]).tolist()


FUNCTIONS: dict[str, Any] = {
    "objective": lambda given: Task(OBJECTIVE, _arguments(given), number),
    "jacobian": lambda given: Task(JACOBIAN, _arguments(given), _answer),
}
