"""Hand tracking: residuals of a skinned hand against measured points, and their dense Jacobian by forward mode.

The parameters come in groups: the global pose and each finger's four angles. A group's seeds are pushed on their own,
so what the other groups move has no tangent at all: a finger's derivative is made of that finger's bones.
"""

from typing import Any

import numpy as np

import glassgrad as gg
from benchmarks.gradbench.task import Input, Task, array, listing

FINGERS = 5
JOINTS = 4  # bones of a finger; the first does not bend, the second also spreads
SMALL = 1e-4  # an angle below this is no rotation
# A wrist, five fingers on it with each bone on the one before, and a forearm on the wrist.
PARENTS = [-1, *[0 if joint == 0 else JOINTS * f + joint for f in range(FINGERS) for joint in range(JOINTS)], 0]


def turned(bend, spread):
    """A joint's rotation: about x by the bend, then about z by the spread."""
    cx, sx, cz, sz = np.cos(bend), np.sin(bend), np.cos(spread), np.sin(spread)
    return gg.numpy.array([[cz, -sz * cx, sz * sx], [sz, cz * cx, -cz * sx], [0.0, sx, cx]])


def bent(relative, bend, spread=0.0):
    """A bone's place relative to its parent, its joint bent."""
    return np.concatenate([relative[:, :3] @ turned(bend, spread), relative[:, 3:]], axis=1)


def finger(angles, model, first, root):
    """The transforms of a finger's bones, applied to the rest pose, as (bone, row of 3, column of 4)."""
    relative, undone = model["base_relatives"], model["inverse_base_absolutes"]
    bends = [None, (angles[0], angles[1]), (angles[2],), (angles[3],)]
    placed, transforms = root, []
    for bone, bend in enumerate(bends, first):
        placed = placed @ (relative[bone] if bend is None else bent(relative[bone], *bend))
        transforms.append(placed[:3] @ undone[bone])
    return np.stack(transforms)


def skinned(transforms, weights, positions):
    """What some bones add to every vertex: its weighted transforms times its rest position."""
    blended = (weights @ transforms.reshape(len(transforms), 12)).reshape(-1, 3, 4)  # (vertex, row, column)
    return np.sum(blended * positions[:, None, :], axis=2)


def vertices(fingers, model):
    """The vertices of the posed hand, before the global rotation and translation."""
    relative, undone = model["base_relatives"], model["inverse_base_absolutes"]
    weights, positions = model["weights"], model["base_positions"]
    root, last = relative[0], 1 + FINGERS * JOINTS
    still = np.stack([(root @ undone[0])[:3], (root @ relative[last] @ undone[last])[:3]])  # wrist and forearm
    total = skinned(still, np.stack([weights[:, 0], weights[:, last]], axis=1), positions)
    for index, angles in enumerate(fingers):
        first = 1 + JOINTS * index
        transforms = finger(angles, model, first, root)
        total = total + skinned(transforms, weights[:, first : first + JOINTS], positions)
    return total


def rotation(axis):
    """Rodrigues' rotation by the angle |axis|; none where the angle is small."""
    square = np.sum(axis**2)
    turns = square >= SMALL**2
    angle = np.sqrt(np.where(turns, square, 1.0))
    x, y, z = axis / angle
    s, c = np.sin(angle), np.cos(angle)
    matrix = gg.numpy.array(
        [
            [x * x + (1.0 - x * x) * c, x * y * (1.0 - c) - z * s, x * z * (1.0 - c) + y * s],
            [x * y * (1.0 - c) + z * s, y * y + (1.0 - y * y) * c, y * z * (1.0 - c) - x * s],
            [x * z * (1.0 - c) - y * s, z * y * (1.0 - c) + x * s, z * z + (1.0 - z * z) * c],
        ]
    )
    return np.where(turns, matrix, np.eye(3))


def residuals(parts, model, data):
    """Measured points less the hand's. `parts`: places on the triangles (or None), rotation, shift, fingers."""
    us, axis, shift, *fingers = parts
    hand = vertices(fingers, model)
    if us is None:
        local = hand[data["correspondences"]]
    else:
        corners = data["triangles"][data["correspondences"]]  # (point, corner)
        first, second, third = (hand[corners[:, corner]] for corner in range(3))
        u, v = us[:, :1], us[:, 1:]
        local = u * first + v * second + (1.0 - u - v) * third
    return data["points"] - (local @ rotation(axis).T + shift)


def jacobian(parts, model, data):
    """The derivatives by every parameter in turn, (parameter, point, coordinate); places count as two."""

    def columns(index):
        def moved(part):
            return residuals((*parts[:index], part, *parts[index + 1 :]), model, data)

        def pushed(seed):
            return gg.jvp(moved, (parts[index],), (np.broadcast_to(seed, parts[index].shape),))[1]

        return gg.vmap(pushed)(np.eye(parts[index].shape[-1]))

    return np.concatenate([columns(index) for index, part in enumerate(parts) if part is not None])


OBJECTIVE = gg.jit(residuals)
JACOBIAN = gg.jit(jacobian)


def _arguments(given: Input) -> tuple[Any, ...]:
    theta, us, data = array(given["theta"]), given["us"], given["data"]
    model = {
        name: array(data["model"][name])
        for name in ("base_relatives", "inverse_base_absolutes", "base_positions", "weights")
    }
    if data["model"]["is_mirrored"] or data["model"]["parents"] != PARENTS:
        raise ValueError("a mirrored hand, or one with other bones: the suite's models have neither")
    parts = (array(us) if len(us) else None, theta[:3], theta[3:6], *theta[6:].reshape(FINGERS, 4))
    points = {
        "points": array(data["points"]),
        "correspondences": np.asarray(data["correspondences"]),
        "triangles": np.asarray(data["model"]["triangles"]),
    }
    return parts, model, points


FUNCTIONS: dict[str, Any] = {
    "objective": lambda given: Task(OBJECTIVE, _arguments(given), lambda result: listing(result.ravel())),
    "jacobian": lambda given: Task(JACOBIAN, _arguments(given), lambda r: listing(r.reshape(len(r), -1).T)),
}
