"""The reference engine took a row picked by a traced number for an array of its own and wrote into the caller's."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("engine", ["reference", "cpu"])
@pytest.mark.parametrize(
    "function",
    [lambda x, i: np.sin(x[i[1]]), lambda x, i: x[i[0]] + 10.0, lambda x, i: np.exp(x[i[1]] * 2.0) + x[i[1]]],
)
def test_the_argument_stays_as_it_is(function, engine):
    x, i = np.arange(6.0).reshape(3, 2), np.array([0, 1])
    with gg.settings(engine=engine):
        found = gg.jit(function)(x, i)
    np.testing.assert_array_equal(x, np.arange(6.0).reshape(3, 2))
    np.testing.assert_allclose(found, function(x, i), rtol=1e-14)


def test_a_row_read_before_its_array_is_written_into():
    def function(x, i):
        y = x * 2.0
        row = y[i[1]].copy()
        y[i[1]] = 0.0
        return row + 1.0, y

    x, i = np.arange(6.0).reshape(3, 2), np.array([0, 1])
    with gg.settings(engine="reference"):
        row, y = gg.jit(function)(x, i)
    np.testing.assert_array_equal(row, [5.0, 7.0])
    np.testing.assert_array_equal(y, [[0.0, 2.0], [0.0, 0.0], [8.0, 10.0]])
