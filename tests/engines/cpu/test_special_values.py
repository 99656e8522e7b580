"""Elementwise functions on the CPU engine at zeros, infinities, NaN and far ends: NumPy's and SciPy's values."""

from itertools import product

import numpy as np
import pytest
import scipy.special

import glassgrad as gg

VALUES = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, np.inf, -np.inf, np.nan, 1e-300, 1e300, 40.0, -800.0])
ONE = "exp log sin cos tan sinh cosh tanh arcsinh arctan log1p expm1 cbrt sqrt sign floor rint sinc absolute square"
TWO = "power arctan2 hypot fmax fmin maximum minimum copysign heaviside logaddexp logaddexp2"
SPECIAL_ONE = "entr logit ndtr log_expit exp10 cosm1 expit erf erfc"
SPECIAL_TWO = "xlogy xlog1py rel_entr huber"


def functions(names, module):
    return [pytest.param(getattr(module, name), id=name) for name in names.split()]


def same_values(function, *arguments):
    with gg.settings(engine="cpu"):
        found = gg.jit(function)(*arguments)
    with np.errstate(all="ignore"):
        expected = function(*arguments)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("function", functions(ONE, np) + functions(SPECIAL_ONE, scipy.special))
def test_functions_of_one_number(function):
    same_values(function, VALUES)


@pytest.mark.parametrize("function", functions(TWO, np) + functions(SPECIAL_TWO, scipy.special))
def test_functions_of_two_numbers(function):
    same_values(function, *map(np.array, zip(*product(VALUES, VALUES), strict=True)))
