"""The recipes of data, and what may be done to them. Everything is small and drawn from a seed."""

from collections.abc import Callable

import numpy as np

from tests.doctor_cases import further_changes, further_data
from tests.doctor_cases.arrays import Pair, Random, floats, shuffled


# ------------------------------------------------------------------ recipes: (inputs, targets)
def blobs(random: Random, classes: int = 3, features: int = 2, count: int = 512) -> Pair:
    """Clouds around centres."""
    centres = np.random.default_rng(5).normal(size=(classes, features)) * 3
    labels = np.arange(count) % classes
    return shuffled(random, centres[labels] + random.normal(size=(count, features)), labels)


def spirals(random: Random, classes: int = 3, count: int = 600) -> Pair:
    """Arms of a spiral."""
    labels = np.arange(count) % classes
    radius = np.linspace(0.1, 1, count)
    angle = 2 * np.pi * labels / classes + 3 * radius + random.normal(size=count) * 0.1
    return shuffled(random, np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1) * 2, labels)


def circles(random: Random, count: int = 512) -> Pair:
    """A disc in a ring; labels (count, 1)."""
    labels = np.arange(count) % 2
    angle = random.uniform(0, 2 * np.pi, count)
    radius = np.where(labels == 1, 0.5, 1.5) + random.normal(size=count) * 0.15
    x, y = shuffled(random, np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), labels)
    return x, y[:, None].astype(np.float32)


def halves(random: Random, features: int = 8, count: int = 512) -> Pair:
    """Two classes parted by a plane; labels (count, 1)."""
    x = random.normal(size=(count, features))
    weights = np.random.default_rng(6).normal(size=features)
    return floats(x), floats(x @ weights + 0.3 * random.normal(size=count) > 0)[:, None]


def xor(random: Random) -> Pair:
    """The four corners."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 4, np.float32)
    return x, (x[:, :1] != x[:, 1:]).astype(np.float32)


def ones(random: Random, features: int = 32, count: int = 400) -> Pair:
    """Rows of ones are True, rows of zeros are False."""
    labels = (np.arange(count) % 2)[:, None]
    return floats(np.repeat(labels, features, axis=1)), floats(labels)


def sine(random: Random, count: int = 512) -> Pair:
    x = random.uniform(-3, 3, (count, 1))
    return floats(x), floats(np.sin(2 * x) + 0.05 * random.normal(size=x.shape))


def square(random: Random, span: float = 1.0, count: int = 400) -> Pair:
    """y = x² for x from -span to span."""
    x = random.uniform(-span, span, (count, 1))
    return floats(x), floats(x**2)


def plane(random: Random, features: int = 8, count: int = 512) -> Pair:
    """A linear function and noise."""
    x = random.normal(size=(count, features))
    weights = np.random.default_rng(7).normal(size=(features, 1))
    return floats(x), floats(x @ weights + 0.1 * random.normal(size=(count, 1)))


def friedman(random: Random, count: int = 512) -> Pair:
    """Friedman's first function, about standardised. Friedman (1991)."""
    x = random.uniform(size=(count, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return floats(2 * x - 1), floats((y - 14.4) / 5)[:, None]


def digits(random: Random) -> Pair:
    """Digits of 64 features from 0 to 1, 10 classes."""
    from sklearn.datasets import load_digits

    x, labels = load_digits(return_X_y=True)
    return shuffled(random, x / 16, labels)


def images(random: Random) -> Pair:
    """The digits as images of one channel, (1, 8, 8)."""
    x, labels = digits(random)
    return x.reshape(-1, 1, 8, 8), labels


def flowers(random: Random) -> Pair:
    """Fisher's irises, as they are: 4 features, 3 classes."""
    from sklearn.datasets import load_iris

    return shuffled(random, *load_iris(return_X_y=True))


def tumours(random: Random) -> Pair:
    """The breast cancer data as they are: 30 features up to 4,000; labels (count, 1)."""
    from sklearn.datasets import load_breast_cancer

    x, labels = shuffled(random, *load_breast_cancer(return_X_y=True))
    return x, labels[:, None].astype(np.float32)


def sums(random: Random, length: int = 20, count: int = 384) -> Pair:
    """Sequences (length, 1), and their sums over the root of the length."""
    x = random.normal(size=(count, length, 1))
    return floats(x), floats(x.sum(axis=1) / np.sqrt(length))


def first(random: Random, length: int = 100, count: int = 384) -> Pair:
    """Noise whose first number says the class, 0 or 1."""
    x = 0.1 * random.normal(size=(count, length, 1))
    labels = np.arange(count) % 2
    x[:, 0, 0] = 2.0 * labels - 1
    return shuffled(random, x, labels)


def waves(random: Random, length: int = 24, count: int = 384) -> Pair:
    """Sine waves of three frequencies with noise; the frequency is the class."""
    labels = np.arange(count) % 3
    time = np.arange(length)[None, :]
    phase = random.uniform(0, 2 * np.pi, (count, 1))
    x = np.sin(time * (0.25 + 0.35 * labels[:, None]) + phase) + 0.2 * random.normal(size=(count, length))
    return shuffled(random, x[:, :, None], labels)


def tokens(random: Random, length: int = 12, vocabulary: int = 8, count: int = 512) -> Pair:
    """Sequences of whole numbers; the class is which of the words 0, 1 and 2 is most often there."""
    labels = np.arange(count) % 3
    x = random.integers(3, vocabulary, (count, length))
    for row, label in enumerate(labels):
        places = random.permutation(length)
        x[row, places[:4]] = label
        x[row, places[4:5]] = (label + 1) % 3
    order = random.permutation(count)
    return x[order].astype(np.int64), labels[order].astype(np.int64)


RECIPES: dict[str, Callable[..., Pair]] = {
    recipe.__name__: recipe
    for recipe in (
        blobs, spirals, circles, halves, xor, ones, sine, square, plane, friedman, digits, images, flowers, tumours,
        sums, first, waves, tokens, *further_data.RECIPES,
    )
}  # fmt: skip


# ------------------------------------------------------------------ what is done to them
def _inputs(pair: Pair, random: Random, operation: str, number: float) -> Pair:
    x, y = pair
    return {"*": floats(x * number), "+": floats(x + number)}[operation], y


def _targets(pair: Pair, random: Random, operation: str, number: float) -> Pair:
    x, y = pair
    changed = y * number if operation == "*" else y + number
    return x, changed.astype(y.dtype)


def _feature(pair: Pair, random: Random, place: float, operation: str, number: float) -> Pair:
    """One feature in other units."""
    x = pair[0].copy()
    x[..., int(place)] = x[..., int(place)] * number if operation == "*" else x[..., int(place)] + number
    return x, pair[1]


def _constant_labels(pair: Pair, random: Random, label: float) -> Pair:
    return pair[0], np.full_like(pair[1], label)


def _shuffled_labels(pair: Pair, random: Random) -> Pair:
    return pair[0], pair[1][random.permutation(len(pair[1]))]


def _cast_labels(pair: Pair, random: Random) -> Pair:
    """Labels divided by 255 and cast to whole numbers: all 0."""
    return pair[0], (pair[1] / 255).astype(np.int64).astype(pair[1].dtype)


def _wrong_labels(pair: Pair, random: Random, share: float) -> Pair:
    """So many labels are those of another row."""
    x, y = pair
    wrong = random.random(len(y)) < share
    return x, np.where(wrong.reshape(-1, *[1] * (y.ndim - 1)), y[random.permutation(len(y))], y)


def _rare(pair: Pair, random: Random, share: float) -> Pair:
    """The label 1 is left in so many rows only."""
    x, y = pair
    is_rare = y.reshape(len(y)) == 1
    keep = ~is_rare | (random.random(len(y)) < share / (1 - share) * (~is_rare).sum() / is_rare.sum())
    return x[keep], y[keep]


def _one_hot(pair: Pair, random: Random) -> Pair:
    return pair[0], np.eye(int(pair[1].max()) + 1, dtype=np.float32)[pair[1].astype(int).reshape(-1)]


def _as_labels(pair: Pair, random: Random) -> Pair:
    """(count, 1) numbers to (count,) whole numbers."""
    return pair[0], pair[1].reshape(-1).astype(np.int64)


def _as_numbers(pair: Pair, random: Random) -> Pair:
    """(count,) labels to (count, 1) numbers."""
    return pair[0], pair[1].reshape(-1, 1).astype(np.float32)


def _flat(pair: Pair, random: Random) -> Pair:
    """(count, 1) targets to (count,)."""
    return pair[0], pair[1].reshape(-1)


def _nan(pair: Pair, random: Random, share: float) -> Pair:
    x = pair[0].copy()
    x[random.random(x.shape) < share] = np.nan
    return x, pair[1]


def _nan_targets(pair: Pair, random: Random, count: float) -> Pair:
    y = pair[1].copy()
    y[random.choice(len(y), int(count), replace=False)] = np.nan
    return pair[0], y


def _noise(pair: Pair, random: Random) -> Pair:
    """Inputs that have nothing to do with the targets."""
    return floats(random.normal(size=pair[0].shape)), pair[1]


def _still(pair: Pair, random: Random) -> Pair:
    """Every row has the same inputs."""
    return np.broadcast_to(pair[0][:1], pair[0].shape).copy(), pair[1]


def _few(pair: Pair, random: Random, count: float) -> Pair:
    return pair[0][: int(count)], pair[1][: int(count)]


def _noisy(pair: Pair, random: Random, deviation: float) -> Pair:
    """Noise on the targets."""
    return pair[0], floats(pair[1] + deviation * random.normal(size=pair[1].shape))


def _signs(pair: Pair, random: Random) -> Pair:
    """Labels 0 and 1 to -1 and 1."""
    return pair[0], floats(2 * pair[1] - 1)


CHANGES: dict[str, Callable[..., Pair]] = {
    "inputs": _inputs, "targets": _targets, "feature": _feature, "constant-labels": _constant_labels,
    "shuffled-labels": _shuffled_labels, "cast-labels": _cast_labels, "wrong-labels": _wrong_labels, "rare": _rare,
    "one-hot": _one_hot, "as-labels": _as_labels, "as-numbers": _as_numbers, "flat": _flat, "nan": _nan,
    "nan-targets": _nan_targets, "noise": _noise, "still": _still, "few": _few, "noisy": _noisy, "signs": _signs,
    **further_changes.CHANGES,
}  # fmt: skip


def made(recipe: str, changed: tuple[str, ...], seed: int) -> Pair:
    """The arrays of a recipe ("spirals 3"), with the changes made in order."""
    random = np.random.default_rng(seed + 100)
    name, *numbers = recipe.split()
    pair = RECIPES[name](random, *[float(number) if "." in number else int(number) for number in numbers])
    for change in changed:
        name, *rest = change.split()
        pair = CHANGES[name](pair, random, *[word if word in "*+" else float(word) for word in rest])
    return pair
