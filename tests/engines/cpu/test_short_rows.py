"""Short rows whose columns are computed one after another are written as whole vectors: with NumPy's results."""

import re

import numpy as np
import pytest

import glassgrad as gg

FUNCTIONS = {
    "whole": lambda x: x * (1 + np.sum(x * x, axis=1, keepdims=True)),
    "backwards": lambda x: x[:, ::-1] + np.sum(x, axis=1, keepdims=True),
    "stacked": lambda x: np.stack([np.sum(x, axis=1), x[:, 0], x[:, -1] * 2], axis=1),
    "running": lambda x: np.cumsum(x, axis=1) * 2,
    "tables": lambda x: x[:, :, None] * x[:, None, :3] * np.sum(x, axis=1)[:, None, None],
    "a part": lambda x: np.concatenate([x * np.sum(x, axis=1, keepdims=True), x[:, :1]], axis=1),
    "two": lambda x: (x * np.sum(x, axis=1, keepdims=True), x - np.sum(x * x, axis=1, keepdims=True)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int16], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_rows_of_every_length(name, dtype):
    random = np.random.default_rng(2)
    for rows, columns in [(1037, 3), (64, 4), (65, 7), (99, 2), (17, 12), (33, 13), (100, 1), (3, 5)]:
        x = random.integers(-9, 9, size=(rows, columns)).astype(dtype)
        with gg.settings(engine="cpu"):
            found = gg.jit(FUNCTIONS[name])(x)
        for one, expected in zip(np.atleast_1d(found), np.atleast_1d(FUNCTIONS[name](x)), strict=True):
            np.testing.assert_array_equal(one, expected, err_msg=f"{rows} rows of {columns}")


def test_special_values_stay_in_their_places():
    x = np.array([[np.nan, 1.0, -0.0], [np.inf, -np.inf, 0.0], [1.0, 2.0, 3.0]] * 21, np.float32)

    def scaled(x):
        return x * (1 + 0 * np.max(np.where(np.isfinite(x), x, 0), axis=1, keepdims=True))

    with gg.settings(engine="cpu"):
        found = gg.jit(scaled)(x)
    np.testing.assert_array_equal(found, scaled(x))
    np.testing.assert_array_equal(np.signbit(found), np.signbit(scaled(x)))


def test_over_the_argument_itself():
    x = np.random.default_rng(1).normal(size=(1003, 3))

    def turned(x):
        return x[:, ::-1] / np.sum(np.abs(x), axis=1, keepdims=True)

    given = x.copy()
    with gg.settings(engine="cpu"):
        found = gg.jit(turned, donate=0)(given)
    np.testing.assert_allclose(found, turned(x), rtol=1e-15)


@pytest.mark.parametrize("columns", [2, 3, 4, 6])
def test_no_element_is_stored_by_itself(columns):
    x = np.random.default_rng(0).normal(size=(1024, columns))
    with gg.settings(engine="cpu"):
        text = gg.jit(lambda x: x / np.sum(x * x, axis=1, keepdims=True)).inspect(x).llvm
    assert not re.search(r"store double ", text)
