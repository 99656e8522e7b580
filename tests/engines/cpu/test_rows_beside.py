"""Short loops over rows that lie beside one another, or are looked up, read them in squares: with NumPy's results."""

import numpy as np
import pytest

import glassgrad as gg

COLUMNS = (5, 8, 13)
FUNCTIONS = {
    "all columns": lambda x, at: np.argmin(x, axis=1) + np.sum(x * x, axis=1),
    "a part": lambda x, at: np.sum(x[:, 1:] * x[:, :-1], axis=1) - x[:, 2],
    "the last rows": lambda x, at: np.sum(x[-40:] * x[-41:-1], axis=1),
    "backwards": lambda x, at: np.sum(x[::-1, ::-1] * np.arange(x.shape[1]), axis=1),
    "every other row": lambda x, at: np.sum(x[::2, :-1] * x[::2, 1:], axis=1),
    "looked up": lambda x, at: np.sum((x - x[at]) ** 2, axis=1),
    "parts looked up": lambda x, at: np.sum(x[at][:, 1:] * x[at][:, 1:], axis=1),
    "written over": lambda x, at: np.cumsum(x[:, ::-1] * 2, axis=1) + np.max(x, axis=1, keepdims=True),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16], ids=["float32", "float64", "int16"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_rows_of_every_length(name, dtype):
    random = np.random.default_rng(2)
    for columns in COLUMNS:
        x = random.integers(-9, 9, size=(531, columns)).astype(dtype)
        at = random.integers(-531, 531, size=531)
        with gg.settings(engine="cpu"):
            found = gg.jit(FUNCTIONS[name])(x, at)
        expected = FUNCTIONS[name](x, at)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(found, expected, err_msg=f"{columns} columns")


def test_rows_side_by_side_are_read_whole():
    def nearest(x):
        return np.argmin(x, axis=1)

    x = np.random.default_rng(3).normal(size=(1000, 12))
    text = gg.jit(nearest).inspect(x).llvm
    assert "load <4 x double>" in text
    assert text.count("insertelement") < 12 * 32
