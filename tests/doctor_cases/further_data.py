"""Recipes of data of the second set of cases: other shapes, units and kinds than those of `data.py`."""

from collections.abc import Callable

import numpy as np

from tests.doctor_cases.arrays import Pair, Random, floats, shuffled


# ------------------------------------------------------------------ rows of features
def moons(random: Random, count: int = 512) -> Pair:
    """Two crescents that reach into each other; labels (count,)."""
    labels = np.arange(count) % 2
    angle = random.uniform(0, np.pi, count)
    x = np.where(labels, 1 - np.cos(angle), np.cos(angle))
    y = np.where(labels, 0.5 - np.sin(angle), np.sin(angle))
    return shuffled(random, np.stack([x, y], 1) + 0.1 * random.normal(size=(count, 2)), labels)


def checkers(random: Random, cells: int = 4, count: int = 1024) -> Pair:
    """A board of so many cells a side, from -2 to 2; the colour is the class."""
    x = random.uniform(-2, 2, (count, 2))
    places = np.floor((x + 2) / 4 * cells).astype(int)
    return floats(x), (places.sum(axis=1) % 2).astype(np.int64)


def parity(random: Random, bits: int = 3, count: int = 512) -> Pair:
    """Signs; the class is whether an odd number of them is negative."""
    x = random.choice([-1.0, 1.0], (count, bits))
    return floats(x), (np.prod(x, axis=1) < 0).astype(np.int64)


def wines(random: Random) -> Pair:
    """The wines of sklearn as they are: 13 features of up to 1,680, 3 classes."""
    from sklearn.datasets import load_wine

    return shuffled(random, *load_wine(return_X_y=True))


def diabetes(random: Random) -> Pair:
    """The diabetes data as they are: 10 features of about 0.05, targets from 25 to 346."""
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    order = random.permutation(len(x))
    return floats(x[order]), floats(y[order, None])


def homes(random: Random, count: int = 512) -> Pair:
    """Rooms, square metres, year and metres to the centre, in these units; prices, standardised."""
    rooms = random.integers(1, 8, count)
    area = 25 * rooms + random.uniform(0, 40, count)
    year = random.integers(1900, 2021, count)
    away = random.exponential(5000, count)
    price = area / 60 + (year - 1960) / 40 - np.log1p(away / 1000) + 0.2 * random.normal(size=count)
    return floats(np.stack([rooms, area, year, away], 1)), floats((price - price.mean()) / price.std())[:, None]


def product(random: Random, count: int = 512) -> Pair:
    """y = a b."""
    x = random.normal(size=(count, 2))
    return floats(x), floats(x[:, :1] * x[:, 1:])


def counts(random: Random, features: int = 5, count: int = 600) -> Pair:
    """How often something happened: Poisson, with a rate that is the exponential of a linear function."""
    x = random.normal(size=(count, features))
    weights = np.random.default_rng(8).normal(size=features) * 0.35
    return floats(x), floats(random.poisson(np.exp(1 + x @ weights)))[:, None]


def pairs(random: Random, count: int = 512) -> Pair:
    """Two numbers to be told from three."""
    x = random.normal(size=(count, 3))
    return floats(x), floats(np.stack([np.sin(x[:, 0]) + x[:, 1], x[:, 1] * x[:, 2]], 1))


def topics(random: Random, classes: int = 6, words: int = 120, count: int = 600) -> Pair:
    """Which words a message has, 0 or 1, as of Reuters' news: each topic has words of its own."""
    labels = np.arange(count) % classes
    chance = np.full((classes, words), 0.04)
    for topic, own in enumerate(np.array_split(np.arange(words), classes)):
        chance[topic, own] = 0.3
    return shuffled(random, random.random((count, words)) < chance[labels], labels)


# ------------------------------------------------------------------ pictures
def textures(random: Random, classes: int = 4, size: int = 10, count: int = 400) -> Pair:
    """Coloured pictures (3, size, size) of stripes; their direction is the class. Numbers from 0 to 1."""
    labels = np.arange(count) % classes
    direction = np.pi * labels / classes
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    along = np.cos(direction)[:, None, None] * across + np.sin(direction)[:, None, None] * down
    stripes = np.sin(1.6 * along + random.uniform(0, 2 * np.pi, (count, 1, 1)))
    colour = random.uniform(0.3, 1.0, (count, 3, 1, 1))
    x = 0.5 + 0.35 * colour * stripes[:, None] + 0.08 * random.normal(size=(count, 3, size, size))
    return shuffled(random, x.clip(0, 1), labels)


# ------------------------------------------------------------------ sequences
def reviews(random: Random, length: int = 16, vocabulary: int = 40, count: int = 512) -> Pair:
    """Words from 1 on; 1 to 5 praise, 6 to 10 blame. Is there more praise? Labels (count, 1)."""
    labels = np.arange(count) % 2
    x = random.integers(11, vocabulary, (count, length))
    for row, praises in enumerate(labels):
        places = random.permutation(length)[:5]
        x[row, places[:4]] = random.integers(1, 6, 4) if praises else random.integers(6, 11, 4)
        x[row, places[4:]] = random.integers(6, 11) if praises else random.integers(1, 6)
    order = random.permutation(count)
    return x[order].astype(np.int64), floats(labels[order])[:, None]


def order(random: Random, length: int = 8, count: int = 600) -> Pair:
    """Words among which 1 and 2 are once each; the class is which of them comes first."""
    labels = np.arange(count) % 2
    x = random.integers(3, 8, (count, length))
    for row, label in enumerate(labels):
        early, late = sorted(random.permutation(length)[:2])
        x[row, early], x[row, late] = (1, 2) if label else (2, 1)
    places = random.permutation(count)
    return x[places].astype(np.int64), labels[places].astype(np.int64)


def successors(random: Random, length: int = 10, vocabulary: int = 8, count: int = 512) -> Pair:
    """Text in which most letters have one that follows; the class is the letter that comes next."""
    follows = np.random.default_rng(9).permutation(vocabulary)
    x = np.empty((count, length + 1), np.int64)
    x[:, 0] = random.integers(0, vocabulary, count)
    for place in range(length):
        strays = random.random(count) < 0.1
        x[:, place + 1] = np.where(strays, random.integers(0, vocabulary, count), follows[x[:, place]])
    return x[:, :-1].copy(), x[:, -1].copy()


def adding(random: Random, length: int = 20, count: int = 512) -> Pair:
    """Numbers from 0 to 1 beside marks; the sum of the two marked ones. Hochreiter and Schmidhuber (1997)."""
    x = np.zeros((count, length, 2))
    x[:, :, 0] = random.random((count, length))
    half = length // 2
    rows = np.arange(count)
    one, other = random.integers(0, half, count), random.integers(half, length, count)
    x[rows, one, 1] = x[rows, other, 1] = 1
    return floats(x), floats(x[rows, one, 0] + x[rows, other, 0])[:, None]


def prices(random: Random, length: int = 12, count: int = 400) -> Pair:
    """Windows (length, 1) of a series that swings about 0, and what comes next."""
    time = np.arange(length + 1) + random.uniform(0, 1000, (count, 1))
    series = np.sin(0.5 * time) + 0.5 * np.sin(0.19 * time) + 0.05 * random.normal(size=time.shape)
    return floats(series[:, :-1, None]), floats(series[:, -1:])


def returns(random: Random, length: int = 10, count: int = 2000) -> Pair:
    """What a price gained each day, and on the next: nobody can tell."""
    series = random.normal(size=(count, length + 1))
    return floats(series[:, :-1, None]), floats(series[:, -1:])


RECIPES: tuple[Callable[..., Pair], ...] = (
    moons, checkers, parity, wines, diabetes, homes, product, counts, pairs, topics, textures, reviews, order,
    successors, adding, prices, returns,
)  # fmt: skip
