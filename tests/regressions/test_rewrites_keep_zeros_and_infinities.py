"""Simplified programs give what NumPy gives at -0.0, infinity, NaN, and near the ends of the range."""

import warnings

import numpy as np
import pytest

import glassgrad as gg

ENDS = np.array([-0.0, 0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e308, -1e308])
FORMULAS = {
    "x + 0.0": lambda x: x + 0.0,
    "0.0 + x": lambda x: 0.0 + x,
    "x + 0": lambda x: x + 0,
    "x + (-0.0)": lambda x: x + (-0.0),
    "x - 0.0": lambda x: x - 0.0,
    "x - (-0.0)": lambda x: x - (-0.0),
    "0.0 - x": lambda x: 0.0 - x,
    "-0.0 - x": lambda x: -0.0 - x,
    "-(x - x)": lambda x: -(x - x),
    "-(x - 1)": lambda x: -(x - 1),
    "-(-x)": lambda x: np.negative(-x),
    "1 * x": lambda x: 1 * x,
    "-1 * x": lambda x: -1 * x,
    "x / 1": lambda x: x / 1,
    "x + -x": lambda x: x + (-x),
    "x - -x": lambda x: x - (-x),
    "-x / y": lambda x: (-x) / x[::-1],
    "x * -y": lambda x: x * (-x[::-1]),
    "sum of equal numbers": lambda x: np.sum(np.broadcast_to(x, (3, x.size)), axis=0),
    "sum of no numbers": lambda x: np.sum(np.broadcast_to(x, (0, x.size)), axis=0),
    "complex + 0": lambda x: (x + 1j * x[::-1]) + 0.0,
    "complex * 1": lambda x: (x[:4] + 1j * x[3::-1]) * 1.0,
}


@pytest.mark.parametrize("engine", ["cpu", "reference"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_at_the_ends_of_the_range(name, dtype, engine):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        x, f = ENDS.astype(dtype), FORMULAS[name]
        expected = f(x)
        with gg.settings(engine=engine):
            found = gg.jit(f)(x)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    for part in (np.real, np.imag):
        if name == "sum of equal numbers":  # NumPy's sum of -0.0 is 0.0 or -0.0, as its axes lie in memory
            break
        there = ~np.isnan(part(expected))
        np.testing.assert_array_equal(np.signbit(part(found))[there], np.signbit(part(expected))[there])


@pytest.mark.parametrize("engine", ["cpu", "reference"])
def test_products_with_equal_numbers_do_not_overflow_early(engine):
    x = np.full((3, 2), 1e308)
    for number in (0.1, 0.0):
        f = lambda x, number=number: np.full(3, number) @ x  # noqa: E731 - one formula for each number
        with gg.settings(engine=engine):
            np.testing.assert_allclose(gg.jit(f)(x), f(x))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("exponent", [-1, -2, -3, -5, -8, -9])
def test_negative_powers_reach_the_smallest_numbers(exponent, dtype):
    ends = np.finfo(dtype)
    lows = np.linspace(np.log2(ends.smallest_subnormal) - 2, ends.maxexp - 1, 3001) / exponent
    with np.errstate(all="ignore"):
        x = np.exp2(lows).astype(dtype)
    x = np.concatenate([x, -x, np.array([0.0, -0.0, np.inf, -np.inf, np.nan])]).astype(dtype)
    with np.errstate(all="ignore"):
        expected = x ** np.dtype(dtype).type(exponent)
    found = gg.jit(lambda x: x**exponent)(x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=8 * ends.eps, atol=ends.smallest_subnormal)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize("engine", ["cpu", "reference"])
def test_whole_numbers_that_a_float_does_not_hold_are_rounded_by_it(engine):
    x = np.array([2**53 + 1, 2**62 + 1, 5])
    f = lambda x: x.astype(np.float64).astype(np.int64)  # noqa: E731 - as a function of NumPy and of jit
    with gg.settings(engine=engine):
        np.testing.assert_array_equal(gg.jit(f)(x), f(x))
