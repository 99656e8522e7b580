"""A value read in part (`a[:3]`) does not share the loops over all of it: nothing is written beyond an array's end."""

import numpy as np

import glassgrad as gg


def test_a_part_has_loops_of_its_own():
    def f(x):
        a = np.exp(x)
        return a, np.sin(a[:3]) * 2.0, a[:, :2].sum(axis=1)

    x = np.linspace(0.0, 1.0, 20).reshape(5, 4)
    with gg.settings(engine="cpu"):
        found = gg.jit(f)(x)
    for value, expected in zip(found, f(x), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-14)
