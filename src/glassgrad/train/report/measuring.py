"""What the pictures of a report are drawn from: calibration, confusion, residuals, intervals. Floor 7."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Calibration:
    """Rows in groups of like probability: what was said, what came true, and a 95 % interval of the latter."""

    said: np.ndarray
    came: np.ndarray
    low: np.ndarray
    high: np.ndarray
    error: float  # expected calibration error: the mean distance of the two, weighted by rows


def interval(hits: np.ndarray | float, trials: np.ndarray | float, z: float = 1.96) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of a share (Wilson 1927, JASA 22, 209-212); z = 1.96 for 95 %.

    >>> low, high = interval(95, 100)
    >>> round(float(low), 3), round(float(high), 3)
    (0.888, 0.978)
    """
    hits, trials = np.asarray(hits, float), np.asarray(trials, float)
    share = hits / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    reach = z / (1 + z**2 / trials) * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return np.maximum(middle - reach, 0.0), np.minimum(middle + reach, 1.0)


def rarer_class(truth: np.ndarray) -> int:
    """Which of two classes fewer rows have: that is the one to be found; the second where they are as many."""
    return int(2 * np.count_nonzero(truth == 1) <= len(truth))


def calibration(truth: np.ndarray, probabilities: np.ndarray, groups: int = 10) -> Calibration:
    """Of the rarer class where there are two, else of the class that was predicted; groups of equal size."""
    if probabilities.shape[1] == 2:
        rarer = rarer_class(truth)
        said, came = probabilities[:, rarer], truth == rarer
    else:
        chosen = probabilities.argmax(axis=1)
        said, came = probabilities[np.arange(len(truth)), chosen], chosen == truth
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, min(groups, max(len(truth) // 10, 1))) if len(part)]
    sizes = np.array([len(part) for part in parts])
    hits = np.array([came[part].sum() for part in parts])
    means = np.array([said[part].mean() for part in parts])
    low, high = interval(hits, sizes)
    error = float(np.sum(np.abs(means - hits / sizes) * sizes) / sizes.sum())
    return Calibration(means, hits / sizes, low, high, error)


def confusion(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    """(true class, predicted class) counts."""
    return np.bincount(truth * classes + prediction, minlength=classes**2).reshape(classes, classes)


def by_class(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(precision, recall) of each class; NaN for one that is never predicted, or never there."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return counts.diagonal() / counts.sum(axis=0), counts.diagonal() / counts.sum(axis=1)


def layers_of(paths: tuple[str, ...]) -> dict[str, list[int]]:
    """The parameters of each layer, by their places, in the order of the network.

    >>> layers_of(("layers[0].weight", "layers[0].bias", "layers[2].weight"))
    {'layers[0]': [0, 1], 'layers[2]': [2]}
    """
    found: dict[str, list[int]] = {}
    for place, path in enumerate(paths):
        found.setdefault(path.rpartition(".")[0] or path, []).append(place)
    return found


def thinned(x: np.ndarray, y: np.ndarray, most: int = 160) -> tuple[np.ndarray, np.ndarray]:
    """At most so many points: the geometric means of neighbours, which suit a log axis; zeros are left out."""
    is_shown = np.isfinite(y) & (y > 0)
    x, y = x[is_shown], y[is_shown]
    if len(x) <= most:
        return x, y
    parts = np.array_split(np.arange(len(x)), most)
    return np.array([x[part].mean() for part in parts]), np.array([math.exp(np.log(y[part]).mean()) for part in parts])
