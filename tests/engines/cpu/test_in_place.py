"""Values that are written over what they are made from, and that lie in results until these are written."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.trees import flatten
from glassgrad.engines.cpu.program import Program
from tests.engines.cpu.test_donation import CASES

RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))


def differs_nowhere(function, *args):
    with gg.settings(engine="reference"):
        expected = flatten(gg.jit(function)(*args))[0]
    with gg.settings(engine="cpu"):
        compiled = gg.jit(function)
        for _ in range(2):
            for one, other in zip(flatten(compiled(*args))[0], expected, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-4 if one.dtype == np.float32 else 1e-10, atol=1e-5)


# What a value that lies in memory comes from: a product, a running sum, a sort.
MAKERS = {
    "products": lambda x, y: (x @ y, y @ x),
    "running sums": lambda x, y: (np.cumsum(x, axis=0), np.cumsum(y, axis=1)),
    "sorted": lambda x, y: (np.sort(x, axis=0), np.cumsum(y, axis=0)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [33, 70, 129])
@pytest.mark.parametrize("made", MAKERS)
@pytest.mark.parametrize("name", CASES)
def test_readers_see_what_was_there_before(name, made, size, dtype):
    x, y = RANDOM.normal(size=(2, size, size)).astype(dtype) * (0.5 / size)
    if name == "whole numbers":
        x, y = np.rint(x * size * 4), np.rint(y * size * 4)
    x[0, 0] = 1e-8
    if dtype == np.float32 and "products" not in made:
        x[1, 1], y[2, 2] = np.inf, np.nan
    differs_nowhere(lambda x, y: CASES[name](*MAKERS[made](x, y)), x, y)


TWISTS = {
    "itself turned beside it": lambda v: (np.tanh(v), v.T * 2.0),
    "turned, then itself": lambda v: (np.cumsum(v.T * 2.0, axis=0), np.tanh(v)),
    "a chain of products": lambda v: (np.tanh(np.tanh(v) @ v) @ v) * 2.0,
    "reversed in the same loops": lambda v: (v * 2.0, v[::-1] + v, v[:, ::-1] - v),
    "read again by a sum": lambda v: (np.exp(v * 0.1), np.sum(v, axis=1), np.sum(v, axis=0), np.max(v)),
    "softmax of rows": lambda v: np.exp(v - np.max(v, 1)[:, None]) / np.sum(np.exp(v - np.max(v)), 1)[:, None],
    "normalised columns": lambda v: (v - v.mean(axis=0)) / np.sqrt(v.var(axis=0) + 1.0),
    "parts put together": lambda v: np.concatenate([v * 2.0, np.tanh(v)], axis=1) @ np.ones((2 * len(v), len(v))),
    "cast": lambda v: ((v > 0).astype(v.dtype) * 3.0, np.rint(v).astype(np.int64), v.astype(np.float32) + 1),
    "attention": lambda v: _attention(v),
    "the gradient of attention": lambda v: gg.grad(lambda v: np.sum(_attention(v) ** 3))(v),
    "less its own first column": lambda v: (v - v[:, :1], v - v[:1], v[::-1] - np.sum(v, axis=1, keepdims=True)),
    "less its neighbours": lambda v: v * 2.0 - np.max(v, axis=1, keepdims=True) - np.roll(v, 1, axis=1),
    "written into": lambda v: gg.numpy.asarray(_written(np.tanh(v))) + v,
    "many results": lambda v: [np.tanh(v @ v) * k for k in range(1, 6)] + [np.cumsum(v, axis=0) @ v],
}  # fmt: skip


def _attention(v):
    """Three axes: the parts of a frame are matrices, then rows."""
    heads = np.stack([v, np.tanh(v), v * 0.5])
    scores = heads @ np.swapaxes(heads, 1, 2)
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    mixed = (weights / np.sum(weights, axis=-1, keepdims=True)) @ heads
    centred = mixed - np.mean(mixed, axis=(1, 2), keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=2, keepdims=True) + 1e-3)


def _written(v):
    v = v * 1.0
    v[1:3] = v[4:6] * 2.0
    return v


@pytest.mark.parametrize("size", [40, 97])
@pytest.mark.parametrize("name", TWISTS)
def test_values_that_are_read_otherwise_too(name, size):
    x = RANDOM.normal(size=(size, size)) * 0.2
    differs_nowhere(lambda x: TWISTS[name](x @ x), x)
    differs_nowhere(lambda x: TWISTS[name](np.cumsum(x, axis=0)), x)
    differs_nowhere(lambda x: flatten(TWISTS[name](np.sin(x @ x) @ x))[0][0] @ x, x)


def test_programs_of_many_layers_and_their_gradients():
    weights = [RANDOM.normal(size=(40, 40)) / 6 for _ in range(6)]
    x = RANDOM.normal(size=(70, 40))

    def loss(weights, x):
        h = x
        for w in weights:
            h = h + np.tanh(h @ w)
            h = h / np.sqrt(np.mean(h * h, axis=1, keepdims=True) + 1.0)
        return np.mean(h * h)

    def step(weights, means, x):
        value, slopes = gg.value_and_grad(loss)(weights, x)
        means = [0.9 * m + g for m, g in zip(means, slopes, strict=True)]
        return [w - 0.1 * m for w, m in zip(weights, means, strict=True)], means, value

    differs_nowhere(step, weights, [np.zeros_like(w) for w in weights], x)
    differs_nowhere(gg.grad(gg.checkpoint(loss)), weights, x)
    batch = np.stack([x] * 3)
    differs_nowhere(lambda w, b: gg.scan(lambda w, x: (step(w, w, x)[0], loss(w, x)), w, b), weights, batch)


def arena_of(function, *args, donate=()):
    """The bytes beside arguments and results."""
    seen = []
    begin = Program.__init__

    def remember(self, *given):
        begin(self, *given)
        seen.append(self.arena_bytes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Program, "__init__", remember)
        gg.jit(function, donate=donate)(*args)
    return seen[-1]


def test_a_gradient_lies_in_the_result_that_is_made_from_it():
    w, x = RANDOM.normal(size=(400, 300)), RANDOM.normal(size=(50, 400))

    def gradient(w, x):
        return gg.grad(lambda w: np.sum(np.tanh(x @ w)))(w)

    assert arena_of(lambda w, x: w - 0.1 * gradient(w, x), w, x) <= arena_of(gradient, w, x)


def test_a_result_that_takes_an_argument_over_is_not_free_before():
    w, x = RANDOM.normal(size=(400, 400)), RANDOM.normal(size=(50, 400))

    def step(w, x):
        h = np.cumsum(np.cumsum(x @ w, axis=0) @ w, axis=1)
        return w * 0.5 + np.mean(h), h

    expected = step(w, x)
    mine = w.copy()
    found = gg.jit(step, donate="w")(mine, x)
    assert found[0] is mine
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
