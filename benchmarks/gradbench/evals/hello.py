"""The square of a number and its derivative: shows that the protocol works."""

from typing import Any

import glassgrad as gg
from benchmarks.gradbench.task import Task, number


def square(x):
    return x * x


SQUARE = gg.jit(square)
DOUBLE = gg.jit(gg.grad(square))

FUNCTIONS: dict[str, Any] = {
    "square": lambda x: Task(SQUARE, (float(x),), number),
    "double": lambda x: Task(DOUBLE, (float(x),), number),
}
