"""The inputs of GradBench's evals: the sizes and seeds that its own evals use by default.

Hand models and texts are read from a copy of the suite where one is given; without it they are made up at the same
sizes, which changes no time: no program here branches on their values.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SEED = 31337
# Cameras, points and observations of the first fourteen of the problems named after BAL.
ADJUSTMENTS = (
    (49, 7776, 31843),
    (21, 11315, 36455),
    (161, 48126, 182072),
    (372, 47423, 204472),
    (257, 65132, 225911),
    (539, 65220, 277273),
    (93, 61203, 287451),
    (88, 64298, 383937),
    (810, 88814, 393775),
    (1197, 126327, 563734),
    (1723, 156502, 678718),
    (253, 163691, 899155),
    (245, 198739, 1091386),
    (356, 226730, 1255268),
)
HAND_POINTS = (100, 192, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 100000)
HAND_VERTICES, HAND_TRIANGLES, HAND_BONES = 10000, 1084, 22


@dataclass(frozen=True, slots=True)
class Workload:
    """One input with the functions to evaluate on it."""

    name: str
    input: Any
    functions: tuple[str, ...]


def hello(suite: Path | None) -> Iterator[Workload]:
    for x in (1.0, 2.0, 8.0, 128.0):
        yield Workload(f"x={x:g}", x, ("square", "double"))


def llsq(suite: Path | None) -> Iterator[Workload]:
    random = np.random.RandomState(SEED)
    for n in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8196, 16392):
        yield Workload(f"n={n}", {"x": random.rand(128).tolist(), "n": n}, ("primal", "gradient"))


def lse(suite: Path | None) -> Iterator[Workload]:
    random = np.random.RandomState(SEED)
    for doublings in range(10):
        n = 2500 << doublings
        yield Workload(f"n={n}", {"x": random.rand(n).tolist()}, ("primal", "gradient"))


def gmm(suite: Path | None) -> Iterator[Workload]:
    sizes = [(d, k) for d in (2, 10, 20, 32, 64) for k in (5, 10, 25, 50, 100)]
    for d, k in sorted(sizes, key=lambda size: size[0] * size[1]):
        yield Workload(f"d={d} k={k}", mixture(d, k, 1000), ("objective", "jacobian"))


def mixture(d: int, k: int, n: int) -> dict[str, Any]:
    """Points and a mixture of Gaussians, drawn in the suite's order."""
    random = np.random.default_rng(SEED)
    return {
        "d": d,
        "k": k,
        "n": n,
        "x": random.normal(size=(n, d)).tolist(),
        "m": 0,
        "gamma": 1.0,
        "alpha": random.normal(size=k).tolist(),
        "mu": random.uniform(size=(k, d)).tolist(),
        "q": random.normal(size=(k, d)).tolist(),
        "l": random.normal(size=(k, d * (d - 1) // 2)).tolist(),
    }


def kmeans(suite: Path | None) -> Iterator[Workload]:
    random = np.random.RandomState(SEED)
    sizes = [(k, n, d) for k in (10, 100, 1000) for n in (1000, 10000) for d in (8, 16)]
    for k, n, d in sorted(sizes, key=math.prod):
        points = random.rand(n, d).tolist()
        yield Workload(f"k={k} n={n} d={d}", {"points": points, "centroids": points[-k:]}, ("cost", "dir"))


def lstm(suite: Path | None) -> Iterator[Workload]:
    random = np.random.RandomState(SEED)
    text = _text(suite, 8192)
    for layers, count in sorted([(l, c) for l in (2, 4, 6) for c in (1024, 4096, 8192)], key=math.prod):
        yield Workload(f"l={layers} c={count}", network(text[:count], layers, random), ("objective", "jacobian"))


def network(text: str, layers: int, random: Any) -> dict[str, Any]:
    """An LSTM for a text, whose letters are rows of bits."""
    bits = math.ceil(math.log2(max(map(ord, text))))
    return {
        "state": random.random_sample((2 * layers, bits)).tolist(),
        "main_params": random.random_sample((2 * layers, 4 * bits)).tolist(),
        "extra_params": random.random_sample((3, bits)).tolist(),
        "sequence": [[float(bit) for bit in f"{ord(letter):0{bits}b}"] for letter in text],
    }


def _text(suite: Path | None, count: int) -> str:
    path = suite / "evals/lstm/data/lstm_full.txt" if suite else None
    if path and path.exists():
        return path.read_text(encoding="utf-8")[:count]
    letters = [*map(chr, range(32, 127)), "\N{RIGHT SINGLE QUOTATION MARK}"]  # the last makes it 14 bits
    return "".join(np.random.RandomState(SEED).choice(letters, count))


def ode(suite: Path | None) -> Iterator[Workload]:
    random = np.random.RandomState(SEED)
    for n, s in sorted([(n, s) for n in (1000, 10000, 100000) for s in (1, 10, 100)], key=math.prod):
        yield Workload(f"n={n} s={s}", {"x": random.rand(n).tolist(), "s": s}, ("primal", "gradient"))


def ba(suite: Path | None) -> Iterator[Workload]:
    for index, (n, m, p) in enumerate(ADJUSTMENTS, 1):
        path = suite / f"evals/ba/data/ba{index}_n{n}_m{m}_p{p}.txt" if suite else None
        given = _adjustment(path) if path and path.exists() else made_up_adjustment(n, m, p)
        yield Workload(f"ba{index}", given, ("objective", "jacobian"))


def _adjustment(path: Path) -> dict[str, Any]:
    sizes, *rows = [[float(word) for word in line.split()] for line in path.read_text().splitlines() if line.strip()]
    n, m, p = map(int, sizes)
    return {"n": n, "m": m, "p": p, "cam": rows[0], "x": rows[1], "w": rows[2][0], "feat": rows[3]}


def made_up_adjustment(n: int, m: int, p: int) -> dict[str, Any]:
    """A camera, a point before it and where it was seen."""
    camera = [0.3, -0.2, 0.5, 0.1, 0.2, -0.4, 400.0, 5.0, -8.0, 0.08, 0.002]
    return {"n": n, "m": m, "p": p, "cam": camera, "x": [1.5, -0.7, 4.0], "w": 0.417, "feat": [150.0, -80.0]}


def ht(suite: Path | None) -> Iterator[Workload]:
    folder = suite / "evals/ht/data/complicated_big" if suite else None
    for index, count in enumerate(HAND_POINTS, 1):
        path = folder / f"hand{index}_t26_c{count}.txt" if folder else None
        if path and path.exists() and (path.parent / "model").is_dir():  # its largest files are fetched apart
            given = _hand(path, path.parent / "model")
        else:
            given = made_up_hand(HAND_VERTICES, HAND_TRIANGLES, count)
        yield Workload(f"c={count}", given, ("objective", "jacobian"))


def _hand(path: Path, model: Path) -> dict[str, Any]:
    """A tracking problem: per point its triangle and coordinates, then its place on it, then the 26 parameters."""
    first, *lines = path.read_text().splitlines()
    count, parameters = map(int, first.split())
    rows = [[float(word) for word in line.split()] for line in lines if line.strip()]
    points, places, theta = rows[:count], rows[count : 2 * count], rows[2 * count : 2 * count + parameters]
    return {
        "theta": [row[0] for row in theta],
        "us": places,
        "data": {
            "model": _hand_model(model),
            "correspondences": [int(row[0]) for row in points],
            "points": [row[1:] for row in points],
        },
    }


def _hand_model(folder: Path) -> dict[str, Any]:
    bones = [line.split(":") for line in (folder / "bones.txt").read_text().splitlines()]
    places = np.array([[float(word) for word in bone[2:34]] for bone in bones]).reshape(-1, 2, 4, 4)
    vertices = [line.split(":") for line in (folder / "vertices.txt").read_text().splitlines()]
    weights = np.zeros((len(vertices), len(bones)))
    for row, vertex in zip(weights, vertices, strict=True):
        for pair in range(int(vertex[8])):
            row[int(vertex[9 + 2 * pair])] = float(vertex[10 + 2 * pair])
    triangles = [[int(word) for word in line.split(":")] for line in (folder / "triangles.txt").read_text().split()]
    return {
        "bone_count": len(bones),
        "bone_names": [bone[0] for bone in bones],
        "parents": [int(bone[1]) for bone in bones],
        "base_relatives": places[:, 0].tolist(),
        "inverse_base_absolutes": places[:, 1].tolist(),
        "base_positions": [[*map(float, vertex[:3]), 1.0] for vertex in vertices],
        "weights": weights.tolist(),
        "triangles": triangles,
        "is_mirrored": False,
    }


def made_up_hand(vertices: int, triangles: int, points: int) -> dict[str, Any]:
    """A hand of the suite's build (wrist, five fingers of four bones, forearm) with drawn numbers."""
    random = np.random.default_rng(SEED)
    parents = [-1, *[0 if joint == 0 else 4 * f + joint for f in range(5) for joint in range(4)], 0]
    relative = np.tile(np.eye(4), (HAND_BONES, 1, 1))
    relative[:, :3, 3] = random.normal(size=(HAND_BONES, 3))
    absolute = np.empty_like(relative)
    for bone, parent in enumerate(parents):
        absolute[bone] = relative[bone] if parent < 0 else absolute[parent] @ relative[bone]
    weights = random.random((vertices, HAND_BONES)) * (random.random((vertices, HAND_BONES)) < 4 / HAND_BONES)
    model = {
        "bone_count": HAND_BONES,
        "bone_names": [f"bone{index}" for index in range(HAND_BONES)],
        "parents": parents,
        "base_relatives": relative.tolist(),
        "inverse_base_absolutes": np.linalg.inv(absolute).tolist(),
        "base_positions": np.concatenate([random.normal(size=(vertices, 3)), np.ones((vertices, 1))], 1).tolist(),
        "weights": weights.tolist(),
        "triangles": random.integers(0, vertices, (triangles, 3)).tolist(),
        "is_mirrored": False,
    }
    data = {
        "model": model,
        "correspondences": random.integers(0, triangles, points).tolist(),
        "points": random.normal(size=(points, 3)).tolist(),
    }
    return {"theta": random.normal(size=26).tolist(), "us": random.random((points, 2)).tolist(), "data": data}


def particle(suite: Path | None) -> Iterator[Workload]:
    yield Workload("w=0", {"w": 0.0}, ("rr", "ff", "fr", "rf"))


def saddle(suite: Path | None) -> Iterator[Workload]:
    yield Workload("start=1,1", {"start": [1.0, 1.0]}, ("rr", "ff", "fr", "rf"))


def det(suite: Path | None) -> Iterator[Workload]:
    random = np.random.RandomState(SEED)
    for ell in range(5, 12):
        yield Workload(f"ell={ell}", {"A": random.rand(ell * ell).tolist(), "ell": ell}, ("primal", "gradient"))


WORKLOADS = {
    function.__name__: function
    for function in (hello, llsq, lse, gmm, kmeans, lstm, ode, ba, ht, particle, saddle, det)
}
