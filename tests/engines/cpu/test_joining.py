"""Gradients of slices: what is added to parts of an array, part by part, written once by boxes."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.plan.kernels import Role


def total(function):
    """The gradient of a weighted sum of what the function gives."""

    def weighted(x):
        y = function(x)
        return np.sum(y * np.cos(np.arange(y.size)).reshape(y.shape).astype(x.dtype))

    return gg.grad(weighted)


LINES = {
    "differences": lambda x: (x[1:] - x[:-1]) ** 2,
    "second differences": lambda x: (x[2:] - 2 * x[1:-1] + x[:-2]) ** 2,
    "far apart": lambda x: x[3:] * x[:-3] + np.sin(x[1:-2]),
    "dear values": lambda x: np.tanh(x[1:]) * np.exp(-(x[:-1] ** 2)),
    "numbers": lambda x: x[0] * x[-1] + x[1] * x[0] + x[1:] ** 2,
    "beside the whole": lambda x: np.sin(x)[1:] * x[:-1] * np.sum(x * x),
    "new axes": lambda x: x[None, 1:] * x[:-1, None],
    "steps": lambda x: x[1::2] + x[:-1:2] if x.size % 2 == 0 else x[::-1][1:] * x[1:],
    "second derivative": lambda x: gg.grad(lambda z: np.sum((z[1:] - z[:-1]) ** 4))(x),
    "concatenated": lambda x: np.concatenate([np.sin(x), np.cos(x[:2])])[1:] * np.concatenate([x, x[:2]])[:-1],
    "vectors of parts": lambda x: np.concatenate([x[:1] - x[1:2], x[2:] * x[:-2], x[-1:]]),
}
PLANES = {
    "five points": lambda x: (x[1:-1, 1:-1] * -4 + x[2:, 1:-1] + x[:-2, 1:-1] + x[1:-1, 2:] + x[1:-1, :-2]) ** 2,
    "total variation": lambda x: np.concatenate(
        [((x[1:] - x[:-1]) ** 2).ravel(), ((x[:, 1:] - x[:, :-1]) ** 2).ravel()]
    ),
    "columns": lambda x: x[:, 0] * x[:, 1] - x[:, -1] ** 2,
    "rows and columns": lambda x: x[0] * np.sum(x[:, 1] ** 2) + x[-1, -1] * x[0, 0] * x[1],
    "corner": lambda x: np.exp(x[1:, 1:]) * x[:-1, :-1],
    "ellipsis": lambda x: x[..., 1:] * x[..., :-1],
    "rolled": lambda x: (np.roll(x, 1, 0) - x[::-1])[1:] * x[:-1],
}


def compared(function, x):
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(x)
    compiled = gg.jit(function)
    with gg.settings(engine="cpu"):
        found = compiled(x)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    close = 2e-4 if x.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(found, expected, rtol=close, atol=close)
    (version,) = compiled.cache.values()
    return version.program.plan


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("size", [4, 5, 37, 1003])
@pytest.mark.parametrize("name", LINES)
def test_parts_of_lines(name, size, dtype):
    if name == "new axes" and size > 100:
        size = 64
    x = np.random.default_rng(size).normal(size=size).astype(dtype)
    compared(total(LINES[name]), x)
    x[2], x[-1] = np.inf, np.nan
    with np.errstate(all="ignore"):
        compared(total(LINES[name]), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 5), (3, 41), (67, 33)])
@pytest.mark.parametrize("name", PLANES)
def test_parts_of_planes(name, shape, dtype):
    compared(total(PLANES[name]), np.random.default_rng(3).normal(size=shape).astype(dtype))


@pytest.mark.parametrize("shape", [(3, 3, 3), (5, 4, 9), (17, 3, 20)])
def test_parts_of_spaces(shape):
    def seven(x):
        inner = (slice(1, -1),) * 3
        around = [x[(*inner[:k], cut, *inner[k + 1 :])] for k in range(3) for cut in (slice(2, None), slice(None, -2))]
        return (sum(around) - 6 * x[inner]) ** 2

    compared(total(seven), np.random.default_rng(4).normal(size=shape))


@pytest.mark.parametrize("size", [2, 1])
def test_parts_that_are_empty_or_all(size):
    compared(total(lambda x: x[1:] * x[:-1] + np.sum(x[:1])), np.arange(1.0, 1.0 + size))


def test_many_parts_are_added_where_the_array_lies():
    def windows(x):
        return sum([np.sin(k * x[k : k + 20]) for k in range(60)])

    compared(total(windows), np.linspace(-1, 1, 100))


def test_a_stencil_is_written_once():
    plan = compared(total(LINES["second differences"]), np.linspace(0, 1, 20011))
    assert Role.WRITE not in plan.roles.values()
    assert len(plan.steps) == 3  # the weighted differences, all but four elements of the gradient, and those
