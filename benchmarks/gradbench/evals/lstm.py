"""An LSTM with diagonal weights over a text: a long loop over steps of a few dozen operations on short vectors.

What does not depend on the state is done for all steps at once, before the loop (the input weights) and after it
(the output layer and the losses); the loop keeps the layers' hidden and cell states.
"""

from typing import Any

import numpy as np

import glassgrad as gg
from benchmarks.gradbench.task import Input, Task, array, number


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def layer(weight, bias, hidden, cell, x):
    """One layer, one step; `weight` and `bias` hold the gates forget, in, out and change as rows."""
    forget = sigmoid(x * weight[0] + bias[0])
    into = sigmoid(hidden * weight[1] + bias[1])
    out = sigmoid(x * weight[2] + bias[2])
    change = np.tanh(hidden * weight[3] + bias[3])
    cell = cell * forget + into * change
    return out * np.tanh(cell), cell


def loss(main, extra, state, sequence):
    width = extra.shape[1]
    gates = main.reshape(-1, 2, 4, width)  # (layer, weight or bias, gate, bit)
    given, wanted = sequence[:-1] * extra[0], sequence[1:]

    def step(states, x):
        passed = []
        for index, (hidden, cell) in enumerate(states):
            passed.append(layer(gates[index, 0], gates[index, 1], hidden, cell, x))
            x = passed[-1][0]
        return tuple(passed), x

    starts = tuple((state[2 * index], state[2 * index + 1]) for index in range(gates.shape[0]))
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
