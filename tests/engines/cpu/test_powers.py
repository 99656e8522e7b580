"""Powers with half of a whole number as exponent: products and a root, with the special values of powers."""

import numpy as np
import pytest

import glassgrad as gg
from benchmarks.maths.references import errors

HALVES = [-3.5, -2.5, -1.5, -0.5, 1.5, 2.5, 3.5]
TYPES = ["float32", "float64"]


def _through_the_range(exponent: float, dtype: str) -> np.ndarray:
    """Numbers whose powers go from below the smallest number to above the largest."""
    form = np.finfo(dtype)
    reach = (form.maxexp + form.nmant + 2) / abs(exponent)
    lower, upper = max(form.minexp - form.nmant, -reach), min(form.maxexp, reach)
    return np.exp2(np.linspace(lower, upper, 3001)[1:-1]).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("exponent", HALVES)
def test_every_size_is_within_four_units(exponent: float, dtype: str) -> None:
    x = _through_the_range(exponent, dtype)
    got = gg.jit(lambda x: x**exponent)(x)
    assert errors("power", got, x, np.full(x.shape, exponent)).max() < 4


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("exponent", HALVES)
def test_special_values_are_those_of_powers(exponent: float, dtype: str) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, -2.5, 4.0], dtype)
    with np.errstate(all="ignore"):
        wanted = np.power(x, np.full_like(x, exponent))
    for given, expected in [(x, wanted), (np.tile(x, 50)[::-1], np.tile(wanted, 50)[::-1])]:
        got = gg.jit(lambda x: x**exponent)(given)
        np.testing.assert_allclose(got, expected, rtol=1e-6)
        held = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(got)[held], np.signbit(expected)[held])


@pytest.mark.parametrize("exponent", HALVES)
def test_gradients_are_powers_too(exponent: float) -> None:
    x = np.array([0.25, 1.0, 2.25, 9.0])
    got = gg.jit(gg.grad(lambda x: np.sum(x**exponent)))(x)
    np.testing.assert_allclose(got, exponent * x ** (exponent - 1), rtol=1e-14)


def test_no_power_is_computed() -> None:
    found = gg.jit(lambda x: x**-1.5).inspect(np.ones(4))
    assert "sqrt" in found.kernels[0].code
    assert "pow(" not in found.kernels[0].code
