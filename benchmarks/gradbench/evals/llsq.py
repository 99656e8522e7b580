"""Least squares of a polynomial against a sign: a recurrence along the coefficients, many points side by side.

The polynomial is Horner's: it is linear in what the loop carries, so its reverse mode needs no tape, only t again.
"""

from typing import Any

import numpy as np

import glassgrad as gg
from benchmarks.gradbench.task import Input, Task, array, listing, number


def objective(x, n):
    t = -1.0 + np.arange(n) * (2.0 / (n - 1))  # (point,)
    fitted, _ = gg.scan(lambda total, coefficient: (total * t + coefficient, None), np.zeros(n), x, reverse=True)
    return np.sum((np.sign(t) - fitted) ** 2) / 2.0


PRIMAL = gg.jit(objective, static="n")
GRADIENT = gg.jit(gg.grad(objective), static="n")


def _arguments(given: Input) -> tuple[Any, ...]:
    return array(given["x"]), int(given["n"])


FUNCTIONS: dict[str, Any] = {
    "primal": lambda given: Task(PRIMAL, _arguments(given), number),
    "gradient": lambda given: Task(GRADIENT, _arguments(given), listing),
}
