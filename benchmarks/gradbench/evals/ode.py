"""A chain of differential equations by Runge and Kutta's method; the gradient of its last component.

Reverse mode keeps y of each step and computes the four slopes again: a quarter of the tape.
"""

from typing import Any

import numpy as np

import glassgrad as gg
from benchmarks.gradbench.task import Input, Task, array, listing


def solve(x, steps):
    h = 2.0 / steps

    def slope(y):
        return x * np.concatenate([np.ones(1), y[:-1]])  # y'[0] = x[0], y'[i] = x[i] y[i - 1]

    def step(y, _):
        k1 = slope(y)
        k2 = slope(y + h / 2.0 * k1)
        k3 = slope(y + h / 2.0 * k2)
        k4 = slope(y + h * k3)
        return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

    return gg.scan(step, np.zeros(x.shape), length=steps, checkpoint=True)[0]


PRIMAL = gg.jit(solve, static="steps")
GRADIENT = gg.jit(gg.grad(lambda x, steps: solve(x, steps)[-1]), static="steps")


def _arguments(given: Input) -> tuple[Any, ...]:
    return array(given["x"]), int(given["s"])


FUNCTIONS: dict[str, Any] = {
    "primal": lambda given: Task(PRIMAL, _arguments(given), listing),
    "gradient": lambda given: Task(GRADIENT, _arguments(given), listing),
}
