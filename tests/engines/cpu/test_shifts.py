"""The gradients of stencils in space: what is added at several places of a box is laid out once, with zeros around."""

import numpy as np
import pytest

import glassgrad as gg

INNER = (slice(1, -1),) * 3


def around(x):
    return [x[(*INNER[:k], cut, *INNER[k + 1 :])] for k in range(3) for cut in (slice(2, None), slice(None, -2))]


def boxes(x):
    """In four dimensions."""
    return [x[None, a : a + len(x) - 1, :, b : b + x.shape[2] - 2] for a in (0, 1) for b in (0, 2)]


def along(x, axis):
    """Three places along an axis; the other axes without their ends."""
    cuts = (slice(2, None), slice(1, -1), slice(None, -2))
    return sum([x[tuple([cut if k == axis else slice(1, -1) for k in range(3)])] for cut in cuts])


STENCILS = {
    "seven points": lambda x: (sum(around(x)) - 6 * x[INNER]) ** 2,
    "six points": lambda x: np.sin(sum(around(x))),
    "far apart": lambda x: (x[:-5] + x[2:-3] + x[5:]) ** 2,
    "four dimensions": lambda x: np.exp(sum(boxes(x))),
    "two arrays at three places each": lambda x: along(x, 0) ** 2 * np.cos(along(x, 2)),
    "planes": lambda x: (x[0] + x[1] + x[-1] + x[2]) ** 3,
}


def gradient(stencil):
    def weighted(x):
        y = stencil(x)
        return np.sum(y * np.cos(np.arange(y.size)).reshape(y.shape).astype(x.dtype))

    return gg.grad(weighted)


def by_both(function, *arguments):
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(*arguments)
    with gg.settings(engine="cpu"):
        return gg.jit(function)(*arguments), expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("shape", [(7, 5, 5), (9, 40, 19), (17, 6, 70)], ids=str)
@pytest.mark.parametrize("name", STENCILS)
def test_gradients_of_stencils(name, shape, dtype):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    close = 5e-4 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(*by_both(gradient(STENCILS[name]), x), rtol=close, atol=close)


def test_what_is_not_finite_spreads_to_its_neighbours_alone():
    x = np.random.default_rng(1).normal(size=(8, 9, 10))
    x[2, 3, 4], x[6, 6, 6] = np.inf, np.nan
    with np.errstate(all="ignore"):
        found, expected = by_both(gradient(STENCILS["seven points"]), x)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert np.isfinite(found).sum() > 500


def test_sums_on_the_way_may_be_used_as_well():
    def partial(v):
        zeros = np.zeros_like(np.pad(v, 1))
        zeros[1:-1, 1:-1, 2:] += v
        zeros[1:-1, 1:-1, :-2] += v
        before = zeros * 1.0
        zeros[1:-1, 2:, 1:-1] += v
        zeros[1:-1, :-2, 1:-1] += v
        return before, zeros, zeros[INNER] * v

    v = np.random.default_rng(2).normal(size=(4, 4, 4))
    for found, expected in zip(*by_both(partial, v), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_a_stencil_in_space_has_few_loops():
    x = np.random.default_rng(3).normal(size=(30, 30, 30))
    compiled = gg.jit(gradient(STENCILS["seven points"]))
    with gg.settings(engine="cpu"):
        assert len(compiled.inspect(x).llvm.split("\n")) < 4000  # each of dozens of parts had its own: 14,000
