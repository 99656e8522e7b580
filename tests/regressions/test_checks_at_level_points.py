"""A derivative that is zero but for rounding agrees with its numeric check; one that is wrong still disagrees."""

import numpy as np
import pytest

import glassgrad as gg

A = np.random.default_rng(0).normal(size=(3, 3))
FUNCTIONS = {
    "cross product with itself": lambda x: (np.cross(x, A) ** 2).sum(),
    "a determinant of equal rows": lambda x: np.linalg.det(x - A) ** 2,
    "a residual that is met": lambda x: np.sum((np.linalg.solve(A, x) - np.eye(3)) ** 2),
    "a quotient": lambda x: np.sum((x / A - 1) ** 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_zero_slopes_agree(name, size):
    assert gg.explain(lambda x: size * FUNCTIONS[name](x), A).check.agrees


def test_a_small_wrong_slope_disagrees():
    @gg.custom_derivative
    def flat(x):
        return 1e-7 * x + x**2

    @flat.pullback
    def _(ct, result, x):
        return 0.0 * ct

    assert gg.explain(lambda x: flat(x), 0.0).check.agrees is False
