"""A charge steered through the origin: descent on a simulation whose forces are themselves derivatives.

The simulation ends when the particle crosses the axis: a while loop inside the code that is differentiated.
"""

from typing import Any

import numpy as np

import glassgrad as gg
from benchmarks.gradbench.evals.descent import MODES, argmin
from benchmarks.gradbench.task import Task, number

DT = 0.1


def landing(w, mode):
    """The square of where the particle meets the axis, by Euler's method and a straight last piece."""

    def potential(x, y):
        return 1.0 / np.sqrt((x - 10.0) ** 2 + (y - 10.0 + w) ** 2) + 1.0 / np.sqrt((x - 10.0) ** 2 + y**2)

    slope = MODES[mode](potential)

    def moved(state):
        x, y, vx, vy = state
        ax, ay = slope(x, y)
        return x + DT * vx, y + DT * vy, vx - DT * ax, vy - DT * ay

    x, y, vx, vy = gg.while_loop(lambda s: s[1] + DT * s[3] > 0.0, moved, (0.0, 8.0, 0.75, 0.0))
    x, y = x + DT * vx, y + DT * vy
    return (x - y / vy * vx) ** 2


def steered(outer, inner):
    def objective(w):
        return landing(w, inner)

    return gg.jit(lambda w: argmin(objective, MODES[outer](objective), (w,))[0])


def _task(outer: str, inner: str) -> Any:
    compiled = steered(outer, inner)
    return lambda given: Task(compiled, (float(given["w"]),), number)


FUNCTIONS: dict[str, Any] = {outer + inner: _task(outer, inner) for outer in "fr" for inner in "fr"}
