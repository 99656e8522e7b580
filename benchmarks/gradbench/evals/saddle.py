"""A saddle point by descent on a maximum that is itself found by descent, derivatives taken through both."""

from typing import Any

import glassgrad as gg
from benchmarks.gradbench.evals.descent import MODES, argmax, argmin
from benchmarks.gradbench.task import Input, Task, listing


def surface(x1, y1, x2, y2):
    return (x1**2 + y1**2) - (x2**2 + y2**2)


def saddle_point(outer, inner):
    def highest(p, start):
        def along(*q):
            return surface(*p, *q)

        return argmax(along, MODES[inner](along), start)

    def found(first, second):
        start = (first, second)

        def ridge(*p):
            return surface(*p, *highest(p, start))

        p = argmin(ridge, MODES[outer](ridge), start)
        return *p, *highest(p, start)

    return gg.jit(found)


def _task(outer: str, inner: str) -> Any:
    compiled = saddle_point(outer, inner)

    def task(given: Input) -> Task:
        first, second = given["start"]
        return Task(compiled, (float(first), float(second)), listing)

    return task


FUNCTIONS: dict[str, Any] = {outer + inner: _task(outer, inner) for outer in "fr" for inner in "fr"}
