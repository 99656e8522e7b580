"""The determinant by expansion along the first row, minor by minor.

The recursion is Python's, over the depth: each level is one loop over columns, so the graph has `ell` levels and not
`ell!` terms. The last levels run side by side (vmap); the ones above are loops that keep nothing for reverse mode.
"""

from typing import Any

import numpy as np

import glassgrad as gg
from benchmarks.gradbench.task import Input, Task, array, listing, number

TOGETHER = 6  # minors of this size and below: 6! products side by side


def without_each(m):
    """Row j: the numbers below m without j."""
    return np.array([[i for i in range(m) if i != j] for j in range(m)])


def minor(matrix, columns):
    """The determinant of the last rows of a square matrix, in the columns that are left."""
    m, ell = columns.shape[0], matrix.shape[0]
    entries = matrix[ell - m, columns]
    if m == 1:
        return entries[0]
    signed = entries * (-1.0) ** np.arange(m)
    left = columns[without_each(m)]  # (removed, left)
    if m <= TOGETHER:
        return np.sum(signed * gg.vmap(lambda rest: minor(matrix, rest))(left))

    def term(total, item):
        entry, rest = item
        return total + entry * minor(matrix, rest), None

    return gg.scan(term, 0.0, (signed, left), checkpoint=True)[0]


def determinant(matrix):
    return minor(matrix, np.arange(matrix.shape[0]))


PRIMAL = gg.jit(determinant)
GRADIENT = gg.jit(gg.grad(determinant))


def _arguments(given: Input) -> tuple[Any, ...]:
    return (array(given["A"]).reshape(given["ell"], given["ell"]),)


FUNCTIONS: dict[str, Any] = {
    "primal": lambda given: Task(PRIMAL, _arguments(given), number),
    "gradient": lambda given: Task(GRADIENT, _arguments(given), lambda result: listing(result.ravel())),
}
