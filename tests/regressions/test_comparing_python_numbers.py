"""A comparison of two traced Python numbers is a truth value, not a number of their kind."""

import numpy as np

import glassgrad as gg


def test_conditions_on_python_numbers_combine():
    found = gg.while_loop(lambda s: (s[0] < 1.0) & (s[1] < 10), lambda s: (s[0] + 0.3, s[1] + 1), (0.0, 0))
    assert found == (1.2, 4)
    assert gg.jit(lambda x: (x < 1.0) & (x > 0.0))(0.5).dtype == np.bool_


def test_division_of_whole_python_numbers_gives_a_float():
    np.testing.assert_array_equal(gg.jit(lambda n: (n / 2) * np.ones(2, np.float32))(3), np.full(2, 1.5, np.float32))
