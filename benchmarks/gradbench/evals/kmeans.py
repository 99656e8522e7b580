"""The cost of a clustering and Newton's direction: the gradient over the diagonal of the Hessian.

Each point's nearest centroid is found first and kept, so derivatives of both orders are gathers and scatters of
n × d numbers; the n × k distances serve the argmin alone, and an engine that fuses never stores them.
"""

from typing import Any

import numpy as np

import glassgrad as gg
from benchmarks.gradbench.task import Input, Task, array, listing, number


def cost(centroids, points):
    # |p - c|² without |p|², which does not change the order.
    nearest = np.argmin(np.sum(centroids**2, axis=1) - 2.0 * (points @ centroids.T), axis=1)  # (point,)
    return np.sum((points - centroids[nearest]) ** 2)


def direction(centroids, points):
    """The Hessian is diagonal, so its product with ones is its diagonal; the gradient comes along."""
    gradient, diagonal = gg.jvp(gg.grad(lambda c: cost(c, points)), (centroids,), (np.ones(centroids.shape),))
    return gradient / diagonal


COST = gg.jit(cost)
DIRECTION = gg.jit(direction)


def _arguments(given: Input) -> tuple[Any, ...]:
    return array(given["centroids"]), array(given["points"])


FUNCTIONS: dict[str, Any] = {
    "cost": lambda given: Task(COST, _arguments(given), number),
    "dir": lambda given: Task(DIRECTION, _arguments(given), listing),
}
