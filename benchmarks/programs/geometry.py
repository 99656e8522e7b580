"""Geometry: many small problems at once, of 30 to 300 operations on numbers each."""

from numpy.random import default_rng


def rotated(np, turn, point):
    """Rodrigues' rotation of a point about an axis by the axis's length."""
    angle = np.sqrt(np.sum(turn * turn) + 1e-12)
    axis = turn / angle
    along = np.dot(axis, point) * (1.0 - np.cos(angle))
    return np.cos(angle) * point + np.sin(angle) * np.cross(axis, point) + along * axis


def projected(np, camera, point):
    """Where a camera (rotation, translation, focal length, two distortions) sees a point."""
    p = rotated(np, camera[:3], point) + camera[3:6]
    image = p[:2] / p[2]
    square = np.sum(image**2)
    return camera[6] * (1.0 + camera[7] * square + camera[8] * square**2) * image


def cameras_and_points(count, dtype="float64"):
    random = default_rng(0)
    cameras = random.normal(size=(count, 9)) * 0.1 + [0, 0, 0, 0, 0, 5, 1, 0, 0]
    return cameras.astype(dtype), random.normal(size=(count, 3)).astype(dtype)


def bundle_jacobians(lib):
    """2 × 9 Jacobians of 20 000 observations, by reverse mode."""
    jacobian = lib.jacobian_reverse(lambda c, p: projected(lib.np, c, p))
    return lib.vmap(jacobian), cameras_and_points(20_000)


def bundle_jacobians_forward(lib):
    """The same by forward mode, in single precision."""
    jacobian = lib.jacobian_forward(lambda c, p: projected(lib.np, c, p))
    return lib.vmap(jacobian), cameras_and_points(20_000, "float32")


def bundle_gradient(lib):
    """The gradient of the robust reprojection error, with points and cameras gathered."""
    np, random = lib.np, default_rng(1)
    cameras, points = cameras_and_points(1_000)
    seen = random.integers(0, 50, 20_000), random.integers(0, 1_000, 20_000)
    features = random.normal(size=(20_000, 2))

    def loss(cameras, points, camera, point, features):
        project = lib.vmap(lambda c, p: projected(np, c, p))
        error = np.sum((project(cameras[camera], points[point]) - features) ** 2, axis=1)
        return np.sum(np.log1p(error))

    return lib.grad(loss), (cameras[:50], points, *seen, features)


def gauss_newton_poses(lib):
    """One Gauss–Newton step for each of 2 000 poses of 6 numbers, 12 points each."""
    np, random = lib.np, default_rng(0)

    def step(pose, points, seen):
        def residual(pose):
            p = lib.vmap(lambda x: rotated(np, pose[:3], x))(points) + pose[3:]
            return (p[:, :2] / p[:, 2:] - seen).ravel()

        j, r = lib.jacobian_forward(residual)(pose), residual(pose)
        return pose - np.linalg.solve(j.T @ j + 1e-3 * np.eye(6), j.T @ r)

    poses = random.normal(size=(2_000, 6)) * 0.1 + [0, 0, 0, 0, 0, 5]
    points = random.normal(size=(2_000, 12, 3))
    return lib.vmap(step), (poses, points, random.normal(size=(2_000, 12, 2)))


def small_solves(lib):
    """The gradient through 50 000 systems of 3 × 3."""
    np, random = lib.np, default_rng(0)

    def loss(a, b):
        return np.sum(lib.vmap(lambda a, b: np.sin(np.linalg.solve(a, b)))(a, b))

    a = random.normal(size=(50_000, 3, 3)) * 0.3 + 2.0 * np.eye(3)
    return lib.grad(loss), (a, random.normal(size=(50_000, 3)))


def skinning(lib):
    """A hand's vertices moved by 20 bones of a kinematic chain: the gradient towards the joints' angles."""
    np, random = lib.np, default_rng(0)

    def turn(angles):
        (a, b, c), (x, y, z) = np.cos(angles), np.sin(angles)
        return np.stack(
            [
                np.stack([b * c, x * y * c - a * z, a * y * c + x * z]),
                np.stack([b * z, x * y * z + a * c, a * y * z - x * c]),
                np.stack([-y, x * b, a * b]),
            ]
        )

    def loss(angles, offsets, weights, vertices, target):
        turns = lib.vmap(turn)(angles)
        poses = []
        for finger in range(5):
            rotation, place = np.eye(3), np.zeros(3)
            for joint in range(4):
                bone = 4 * finger + joint
                place = rotation @ offsets[bone] + place
                rotation = rotation @ turns[bone]
                poses.append((rotation, place))
        rotations, places = np.stack([r for r, _ in poses]), np.stack([p for _, p in poses])
        moved = np.einsum("vb,bij,vj->vi", weights, rotations, vertices) + weights @ places
        return np.sum((moved - target) ** 2)

    weights = random.dirichlet([0.3] * 20, 544)
    vertices, target = random.normal(size=(2, 544, 3))
    return lib.grad(loss), (random.normal(size=(20, 3)) * 0.3, random.normal(size=(20, 3)), weights, vertices, target)


def quaternion_hessians(lib):
    """10 000 Hessians of 4 × 4: how far a unit quaternion turns a vector from another."""
    np, random = lib.np, default_rng(0)

    def error(q, x, y):
        q = q / np.linalg.norm(q)
        t = 2.0 * np.cross(q[1:], x)
        return np.sum((x + q[0] * t + np.cross(q[1:], t) - y) ** 2)

    given = random.normal(size=(10_000, 4)), random.normal(size=(10_000, 3)), random.normal(size=(10_000, 3))
    return lib.vmap(lib.hessian(error)), given


def triangle_energies(lib):
    """A mesh's elastic energy: 2 × 2 deformation gradients of 30 000 triangles, gathered and scattered."""
    np, random = lib.np, default_rng(0)

    def energy(edges, rest):
        f = edges @ rest
        j = f[0, 0] * f[1, 1] - f[0, 1] * f[1, 0]
        return np.sum(f * f) - 2.0 - 2.0 * np.log(j) + 5.0 * np.log(j) ** 2

    def total(x, triangles, rest):
        a, b, c = x[triangles[:, 0]], x[triangles[:, 1]], x[triangles[:, 2]]
        return np.sum(lib.vmap(energy)(np.stack([b - a, c - a], axis=-1), rest))

    side = 123
    x = np.stack(np.meshgrid(np.arange(side) * 1.0, np.arange(side) * 1.0, indexing="ij"), axis=-1).reshape(-1, 2)
    x = (x + 0.1 * random.normal(size=x.shape)).astype("float64")
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    lower = np.stack([corner, corner + side, corner + 1], axis=1)
    upper = np.stack([corner + side + 1, corner + 1, corner + side], axis=1)
    triangles = np.concatenate([lower, upper])
    rest = np.concatenate([np.tile(np.eye(2), (len(corner), 1, 1)), np.tile(-np.eye(2), (len(corner), 1, 1))])
    return lib.grad(total), (x, triangles, rest)


def ray_sphere_hits(lib):
    """Shading of 200 000 rays by one sphere, and its derivative towards the scene's six numbers."""
    np, random = lib.np, default_rng(0)

    def image(scene, rays):
        def shade(ray):
            d = ray / np.sqrt(np.dot(ray, ray))
            b = np.dot(d, scene[:3])
            inside = b * b - np.dot(scene[:3], scene[:3]) + scene[3] ** 2
            far = b - np.sqrt(np.maximum(inside, 1e-6))
            normal = (far * d - scene[:3]) / scene[3]
            return np.where(inside > 0.0, np.maximum(normal[2] * scene[4], 0.0) + scene[5], 0.0)

        return np.mean(lib.vmap(shade)(rays))

    rays = random.normal(size=(200_000, 3)) * 0.2 + [0.0, 0.0, 1.0]
    return lib.grad(image), (np.asarray([0.1, 0.0, 3.0, 1.0, -0.8, 0.1]), rays)


PROGRAMS = (
    bundle_jacobians,
    bundle_jacobians_forward,
    bundle_gradient,
    gauss_newton_poses,
    small_solves,
    skinning,
    quaternion_hessians,
    triangle_energies,
    ray_sphere_hits,
)
