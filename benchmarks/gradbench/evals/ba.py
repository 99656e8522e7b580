"""Bundle adjustment: residuals of many observations, and their sparse Jacobian as rows of blocks (CSR).

The Jacobian of one observation is a function of 15 numbers with two results; `vmap` makes it one loop over all. Which
columns a block stands in depends on the observations alone: the indices are made once, in the preparation.
"""

from typing import Any

import numpy as np

import glassgrad as gg
from benchmarks.gradbench.task import Input, Task, array

CAMERA = 11  # rotation (3), centre (3), focal length, principal point (2), radial distortion (2)
ROW = CAMERA + 3 + 1  # the columns of one residual: its camera, its point, its weight
SENT = 2 * ROW  # of the repeated rows the answer holds the first block and the last entry


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def rotated(axis, point):
    """Rodrigues' rotation by the angle |axis|; its first-order limit where the angle is zero."""
    square = dot(axis, axis)
    turns = square > 0.0
    angle = np.sqrt(np.where(turns, square, 1.0))
    cosine, sine = np.cos(angle), np.sin(angle)
    unit = [a / angle for a in axis]
    along = dot(unit, point) * (1.0 - cosine)
    across, limit = cross(unit, point), cross(axis, point)
    return [
        np.where(turns, point[i] * cosine + across[i] * sine + unit[i] * along, point[i] + limit[i]) for i in range(3)
    ]


def residual(feature, *numbers):
    """How far a camera's view of a point is from where it was seen, times the observation's weight.

    The numbers are the camera's eleven, the point's three and the weight, one by one: of 15 numbers an engine makes 15
    registers, of one vector with places taken out of it and added back into it perhaps not.
    """
    turn, centre, (length, up, vp, near, far), point, weight = (
        numbers[first:last] for first, last in ((0, 3), (3, 6), (6, 11), (11, 14), (14, 15))
    )
    x, y, z = rotated(turn, [a - b for a, b in zip(point, centre, strict=True)])
    u, v = x / z, y / z
    square = u * u + v * v
    stretch = (1.0 + near * square + far * square * square) * length
    return weight[0] * (u * stretch + up - feature[0]), weight[0] * (v * stretch + vp - feature[1])


def weight_error(weight):
    return 1.0 - weight * weight


def gathered(cameras, points, weights, views):
    """For each observation its 15 numbers."""
    return np.concatenate([cameras[views[:, 0]], points[views[:, 1]], weights[:, None]], axis=1)


def objective(cameras, points, weights, features, views):
    numbers = gathered(cameras, points, weights, views)
    seen = gg.vmap(lambda feature, row: np.stack(residual(feature, *row)))(features, numbers)
    return seen, weight_error(weights)


def jacobian(cameras, points, weights, features, views):
    """The values of the sparse Jacobian, row by row: two residuals of each observation, then the weights' errors."""
    derivatives = gg.jacobian(residual, tuple(range(1, ROW + 1)), mode="reverse")

    def block(feature, row):
        return np.stack([np.stack(by_number) for by_number in derivatives(feature, *row)])

    blocks = gg.vmap(block)(features, gathered(cameras, points, weights, views))
    return np.concatenate([blocks.reshape(-1), gg.elementwise_grad(weight_error)(weights)])


OBJECTIVE = gg.jit(objective)
JACOBIAN = gg.jit(jacobian)


def structure(views: np.ndarray, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the rows start and the column of each value."""
    p = len(views)
    seen = np.arange(p)
    camera = CAMERA * views[:, :1] + np.arange(CAMERA)
    point = CAMERA * n + 3 * views[:, 1:] + np.arange(3)
    weight = CAMERA * n + 3 * m + seen
    block = np.concatenate([camera, point, weight[:, None]], axis=1)  # (observation, column of the row)
    columns = np.concatenate([np.repeat(block, 2, axis=0).ravel(), weight])
    rows = np.concatenate([np.arange(2 * p) * ROW, 2 * p * ROW + np.arange(p + 1)])
    return rows, columns


def _arguments(given: Input) -> tuple[Any, ...]:
    n, m, p = given["n"], given["m"], given["p"]
    views = np.stack([np.arange(p) % n, np.arange(p) % m], axis=1)
    cameras, points = np.tile(array(given["cam"]), (n, 1)), np.tile(array(given["x"]), (m, 1))
    return cameras, points, np.full(p, float(given["w"])), np.tile(array(given["feat"]), (p, 1)), views


def _errors(result: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    seen, weights = result
    return {
        "reproj_error": {"elements": seen[0].tolist(), "repeated": len(seen)},
        "w_err": {"element": float(weights[0]), "repeated": len(weights)},
    }


def _jacobian(given: Input) -> Task:
    arguments = _arguments(given)
    rows, columns = structure(arguments[-1], given["n"], given["m"])

    def answer(values: np.ndarray) -> dict[str, Any]:
        parts = {"rows": rows, "cols": columns, "vals": values}
        return {name: [*part[:SENT].tolist(), part[-1].item()] for name, part in parts.items()}

    return Task(JACOBIAN, arguments, answer)


FUNCTIONS: dict[str, Any] = {
    "objective": lambda given: Task(OBJECTIVE, _arguments(given), _errors),
    "jacobian": _jacobian,
}
