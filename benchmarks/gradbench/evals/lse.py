"""logsumexp of a long vector, from its parts: a maximum, an exponential, a sum, a logarithm."""

from typing import Any

import numpy as np

import glassgrad as gg
from benchmarks.gradbench.task import Task, array, listing, number


def logsumexp(x):
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


PRIMAL = gg.jit(logsumexp)
GRADIENT = gg.jit(gg.grad(logsumexp))

FUNCTIONS: dict[str, Any] = {
    "primal": lambda given: Task(PRIMAL, (array(given["x"]),), number),
    "gradient": lambda given: Task(GRADIENT, (array(given["x"]),), listing),
}
