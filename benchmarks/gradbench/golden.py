"""What the evals ask for, written plainly a second time, and the check of answers against it.

Each function works on complex numbers too, so a derivative along a direction v is Im f(z + i h v) / h to the last
digits (Squire and Trapp, SIAM Review 40, 1998). Nothing here uses Glassgrad.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

Given = Any
TOLERANCE = 1e-4  # the suite's: |x - y| against |x| + |y|, or against 1 where that is more
STEP = 1e-30
# The answers that the suite itself expects of its two descents.
LANDED = 0.2071918746486116
SADDLE = [8.246324826140356e-06] * 4


@dataclass(frozen=True, slots=True)
class Rule:
    """An eval's function with its parameters as one vector, and how answers lie in JSON.

    `rows` turns the derivative's answer into (result, parameter) for as many results as the answer holds.
    """

    primal: str
    derivative: str
    parameters: Callable[[Given], np.ndarray]
    value: Callable[[np.ndarray, Given], np.ndarray]
    results: Callable[[Any], np.ndarray]
    rows: Callable[[Any, Given], np.ndarray]


# ------------------------------------------------------------------ the functions
def _larger(x: np.ndarray, axis: int) -> np.ndarray:
    return np.expand_dims(np.max(x.real, axis=axis), axis)


def _logsumexp(x: np.ndarray, axis: int) -> np.ndarray:
    top = _larger(x, axis)
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(x - top), axis=axis))


def _llsq(x: np.ndarray, given: Given) -> np.ndarray:
    t = -1.0 + np.arange(given["n"]) * 2.0 / (given["n"] - 1)
    return np.sum((np.sign(t) - np.vander(t, len(x), increasing=True) @ x) ** 2) / 2.0


def _gmm(z: np.ndarray, given: Given) -> np.ndarray:
    d, k, n, gamma = (given[name] for name in ("d", "k", "n", "gamma"))
    alpha, mu, q, l = np.split(z, np.cumsum([k, k * d, k * d]))
    mu, q, l, x = mu.reshape(k, d), q.reshape(k, d), l.reshape(k, -1), np.array(given["x"])
    terms, prior, freedom = [], 0.0, d + given["m"] + 1
    for i in range(k):
        factor = np.diag(np.exp(q[i]))
        factor.T[np.triu_indices(d, 1)] = l[i]
        terms.append(alpha[i] + np.sum(q[i]) - 0.5 * np.sum(((x - mu[i]) @ factor.T) ** 2, axis=1))
        prior = prior + given["m"] * np.sum(q[i]) - 0.5 * gamma**2 * np.sum(factor**2)
        prior += freedom * d * math.log(gamma / math.sqrt(2)) - scipy.special.multigammaln(freedom / 2, d)
    likelihood = np.sum(_logsumexp(np.array(terms), 0)) - n * (_logsumexp(alpha, 0) + d / 2 * math.log(2 * math.pi))
    return likelihood + prior


def _lstm(z: np.ndarray, given: Given) -> np.ndarray:
    main, extra = np.split(z, [np.size(given["main_params"])])
    main, extra = main.reshape(np.shape(given["main_params"])), extra.reshape(3, -1)
    sequence, bits = np.array(given["sequence"]), extra.shape[1]
    state, total = np.array(given["state"], dtype=z.dtype), 0.0
    for given_bits, wanted in itertools.pairwise(sequence):
        x = given_bits * extra[0]
        for layer in range(len(main) // 2):
            weight, bias = main[2 * layer].reshape(4, bits), main[2 * layer + 1].reshape(4, bits)
            hidden, cell = state[2 * layer], state[2 * layer + 1]
            sums = weight * np.stack([x, hidden, x, hidden]) + bias
            forget, into, out = 1.0 / (1.0 + np.exp(-sums[:3]))
            cell = cell * forget + into * np.tanh(sums[3])
            x = out * np.tanh(cell)
            state[2 * layer], state[2 * layer + 1] = x, cell
        guess = x * extra[1] + extra[2]
        total = total + wanted @ (guess - np.log(np.sum(np.exp(guess)) + 2.0))
    return -total / (bits * (len(sequence) - 1))


def _ode(x: np.ndarray, given: Given) -> np.ndarray:
    def slope(y: np.ndarray) -> np.ndarray:
        return x * np.concatenate([[1.0], y[:-1]])

    y, h = np.zeros_like(x), 2.0 / given["s"]
    for _ in range(given["s"]):
        k1 = slope(y)
        k2 = slope(y + h * k1 / 2)
        k3 = slope(y + h * k2 / 2)
        y = y + h * (k1 + 2 * k2 + 2 * k3 + slope(y + h * k3)) / 6
    return y


def _turn(axis: np.ndarray) -> np.ndarray:
    """The matrix of a rotation by |axis|."""
    angle = np.sqrt(np.sum(axis**2))
    x, y, z = axis / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def _ba(z: np.ndarray, given: Given) -> np.ndarray:
    """The residuals of the first observation and the error of its weight."""
    camera, point, weight = z[:11], z[11:14], z[14]
    seen = _turn(camera[:3]) @ (point - camera[3:6])
    flat = seen[:2] / seen[2]
    square = flat @ flat
    spread = flat * (1 + camera[9] * square + camera[10] * square**2)
    return np.array([*(weight * (spread * camera[6] + camera[7:9] - given["feat"])), 1 - weight**2])


def _around(angle: Any, axis: int) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3, dtype=np.asarray(angle).dtype)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
    return matrix


def _ht(z: np.ndarray, given: Given) -> np.ndarray:
    us, theta = z[:-26].reshape(-1, 2), z[-26:]
    data, model = given["data"], given["data"]["model"]
    angles = np.zeros((3, len(model["parents"])), dtype=z.dtype)  # about x, z and y
    for index, four in enumerate(theta[6:].reshape(5, 4)):
        bone = 4 * index + 2
        angles[0, bone : bone + 3], angles[1, bone] = four[[0, 2, 3]], four[1]
    rest, weights = np.array(model["base_positions"]), np.array(model["weights"])
    absolute, hand = [], np.zeros((len(rest), 3), dtype=z.dtype)
    for bone, parent in enumerate(model["parents"]):
        local = np.eye(4, dtype=z.dtype)
        local[:3, :3] = _around(angles[1, bone], 2) @ _around(angles[2, bone], 1) @ _around(angles[0, bone], 0)
        local = np.array(model["base_relatives"][bone]) @ local
        absolute.append(local if parent < 0 else absolute[parent] @ local)
        moved = rest @ (absolute[bone] @ np.array(model["inverse_base_absolutes"][bone])).T
        hand += weights[:, bone : bone + 1] * moved[:, :3]
    hand = hand @ _turn(theta[:3]).T + theta[3:6]
    corners = hand[np.array(model["triangles"])[data["correspondences"]]]
    shares = np.stack([us[:, 0], us[:, 1], 1 - us[:, 0] - us[:, 1]], axis=1)
    return (np.array(data["points"]) - np.einsum("pc,pcx->px", shares, corners)).ravel()


def _kmeans(centroids: np.ndarray, given: Given) -> np.ndarray:
    points, total = np.array(given["points"]), 0.0
    centroids = centroids.reshape(-1, points.shape[1])
    for some in np.array_split(points, max(1, len(points) // 100)):
        total += np.sum(np.min(np.sum((some[:, None] - centroids) ** 2, axis=2), axis=1))
    return np.array(total)


def _direction(given: Given) -> np.ndarray:
    """Newton's direction of kmeans: a centroid less the mean of the points nearest to it."""
    points, centroids = np.array(given["points"]), np.array(given["centroids"])
    near = np.concatenate(
        [
            np.argmin(np.sum((some[:, None] - centroids) ** 2, axis=2), axis=1)
            for some in np.array_split(points, max(1, len(points) // 100))
        ]
    )
    sums = np.zeros_like(centroids)
    np.add.at(sums, near, points)
    return centroids - sums / np.bincount(near, minlength=len(centroids))[:, None]


def _det(z: np.ndarray, given: Given) -> np.ndarray:
    """A determinant as the product of pivots, which complex numbers go through as well."""
    return np.linalg.det(z.reshape(given["ell"], given["ell"]))


# ------------------------------------------------------------------ the table
def _flat(*names: str) -> Callable[[Given], np.ndarray]:
    return lambda given: np.concatenate([np.ravel(np.array(given[name], dtype=float)) for name in names])


def _one(answer: Any) -> np.ndarray:
    return np.atleast_1d(np.array(answer, dtype=float))


def _gradient(answer: Any, given: Given) -> np.ndarray:
    return np.array(answer, dtype=float).reshape(1, -1)


def _gmm_rows(answer: Any, given: Given) -> np.ndarray:
    return _flat("alpha", "mu", "q", "l")(answer)[None]


def _ba_rows(answer: Any, given: Given) -> np.ndarray:
    """The rows of the first observation and the last weight's, checked to stand where they belong."""
    n, m, p = (given[name] for name in ("n", "m", "p"))
    row = [*range(11), *range(11 * n, 11 * n + 3), 11 * n + 3 * m]
    starts = [*range(0, 30 * p, 15), *range(30 * p, 31 * p + 1)]
    if answer["cols"] != [*row, *row, 11 * n + 3 * m + p - 1] or answer["rows"] != [*starts[:30], starts[-1]]:
        return np.full((3, 15), np.nan)
    return np.concatenate([np.reshape(answer["vals"][:30], (2, 15)), [[0.0] * 14 + [answer["vals"][30]]]])


def _ba_results(answer: Any) -> np.ndarray:
    return np.array([*answer["reproj_error"]["elements"], answer["w_err"]["element"]])


def _ht_rows(answer: Any, given: Given) -> np.ndarray:
    """The compressed columns of the places spread out: each point's residuals depend on its own two."""
    packed = np.array(answer)
    places = np.zeros((len(packed), 2 * (len(packed) // 3)))
    for column in range(2):
        rows = np.arange(len(packed))
        places[rows, 2 * (rows // 3) + column] = packed[:, column]
    return np.concatenate([places, packed[:, 2:]], axis=1)


def _ht_parameters(given: Given) -> np.ndarray:
    return np.concatenate([np.ravel(given["us"]), given["theta"]])


RULES = {
    "llsq": Rule("primal", "gradient", _flat("x"), _llsq, _one, _gradient),
    "lse": Rule("primal", "gradient", _flat("x"), lambda z, given: _logsumexp(z, 0), _one, _gradient),
    "gmm": Rule("objective", "jacobian", _flat("alpha", "mu", "q", "l"), _gmm, _one, _gmm_rows),
    "lstm": Rule("objective", "jacobian", _flat("main_params", "extra_params"), _lstm, _one, _gradient),
    "ba": Rule("objective", "jacobian", lambda g: np.array([*g["cam"], *g["x"], g["w"]]), _ba, _ba_results, _ba_rows),
    "ht": Rule("objective", "jacobian", _ht_parameters, _ht, _one, _ht_rows),
    "det": Rule("primal", "gradient", _flat("A"), _det, _one, _gradient),
}


# ------------------------------------------------------------------ the check
def difference(x: Any, y: Any) -> float:
    """The largest difference of two arrays in the suite's measure; infinite where shapes or NaNs differ."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.shape != y.shape or not np.isfinite(x).all() or not np.isfinite(y).all():
        return math.inf
    return float(np.max(np.abs(x - y) / np.maximum(1.0, np.abs(x) + np.abs(y)), initial=0.0))


def differs(expected: Any, found: Any) -> float:
    """The same for two answers as they lie in JSON."""
    match expected, found:
        case dict(), dict() if expected.keys() == found.keys():
            return max((differs(expected[name], found[name]) for name in expected), default=0.0)
        case (dict(), _) | (_, dict()):
            return math.inf
        case list(), list() if len(expected) == len(found) and any(isinstance(x, list | dict) for x in expected):
            return max((differs(x, y) for x, y in zip(expected, found, strict=True)), default=0.0)
        case _:
            return difference(expected, found)


def off(module: str, function: str, given: Given, output: Any, directions: Sequence[np.ndarray] | None = None) -> float:
    """How far an answer is from what it should be: derivatives along the directions, three drawn ones if none given."""
    match module, function:
        case "hello", _:
            return difference(2.0 * given if function == "double" else given * given, output)
        case "particle", _:
            return difference(LANDED, output)
        case "saddle", _:
            return difference(SADDLE, output)
        case "kmeans", "cost":
            return difference(_kmeans(np.array(given["centroids"]).ravel(), given), output)
        case "kmeans", _:
            return difference(_direction(given), output)
        case "ode", _:
            rule = Rule("primal", "gradient", _flat("x"), _last if function == "gradient" else _ode, _one, _gradient)
        case _:
            rule = RULES[module]
    z = rule.parameters(given)
    if function == rule.primal:
        return difference(_one(rule.value(z, given)), rule.results(output))
    if directions is None:
        directions = np.random.default_rng(0).normal(size=(3, len(z)))
    rows = rule.rows(output, given)
    wanted = [_one(np.imag(rule.value(z + 1j * STEP * v, given)) / STEP) for v in directions]
    return max(difference(one, rows @ v) for one, v in zip(wanted, directions, strict=True))


def _last(x: np.ndarray, given: Given) -> np.ndarray:
    return _ode(x, given)[-1]
