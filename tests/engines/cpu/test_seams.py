"""What runs round at the end of an axis is read side by side but for the seam: rolls at any shift, size and dtype."""

import numpy as np
import pytest

import glassgrad as gg

ROLLS = {
    "by one": lambda x: x + np.roll(x, 1, -1),
    "back": lambda x: x * np.roll(x, -1, -1),
    "by a third": lambda x: np.maximum(np.roll(x, x.shape[-1] // 3, -1), x),
    "all round": lambda x: np.roll(x, 1, 0) + np.roll(x, -1, 0) + np.roll(x, 1, -1) + np.roll(x, -1, -1),
    "as one axis": lambda x: np.roll(x, 3) + x,
    "twice": lambda x: np.roll(np.roll(x, 2, -1) + x, 5, -1),
    "added up": lambda x: np.sum(x * np.roll(x, 1, -1)),
    "rows added up": lambda x: np.sum(x * np.roll(x, 1, -1), axis=-1),
}
SHAPES = [(100, 100), (7, 33), (3, 65), (2, 1000), (5, 4), (1, 1), (2, 40_000)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.int16, np.bool_])
@pytest.mark.parametrize("name", ROLLS)
def test_values(name, dtype, shape):
    x = (np.random.default_rng(0).normal(size=shape) * 20).astype(dtype)
    np.testing.assert_allclose(gg.jit(ROLLS[name])(x), ROLLS[name](x), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["all round", "as one axis", "rows added up"])
def test_derivatives(name):
    x = np.random.default_rng(1).normal(size=(37, 41))
    total = lambda x: np.sum(np.sin(ROLLS[name](x)))  # noqa: E731 - one line
    np.testing.assert_allclose(gg.jit(gg.grad(total))(x), gg.grad(total)(x), rtol=1e-12)


def test_the_last_element_may_end_the_memory():
    """Nothing behind an array is read in the lanes that lie elsewhere: the page behind may be nobody's."""
    mmap = pytest.importorskip("mmap")
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 64 * page)
    whole = np.frombuffer(memory, np.float64)
    x = whole[-1000:]
    x[:] = np.arange(1000.0)
    np.testing.assert_array_equal(gg.jit(lambda x: x + np.roll(x, 1))(x), x + np.roll(x, 1))


def test_lanes_lie_along_the_axis_that_is_rolled():
    text = str(gg.jit(lambda x: x + np.roll(x, 1, 1)).inspect(np.ones((100, 100))))
    inner = next(line for line in text.splitlines() if "int j" in line)
    assert "lanes" in inner


def test_a_slice_is_no_reason_to_go_across_the_rows():
    """A row of a matrix that is read by itself gets loops of its own; those of the matrix stay as its memory lies."""

    def function(x, seen):
        y = np.tanh(x) * x
        return y, y[5] - seen

    text = str(gg.jit(function).inspect(np.ones((100, 200)), np.ones(200)))
    assert "int i = 0; i < 20000" in text
