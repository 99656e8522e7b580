"""Quotients by one root from one division: the same at zeros, infinities and NaN, else within a last place."""

import re

import numpy as np
import pytest

import glassgrad as gg

AWKWARD = [0.0, -0.0, 1.0, 2.0, 3.0, np.inf, -np.inf, np.nan, -1.0]


def divisions(function, *arguments):
    return len(re.findall(r"fdiv", gg.jit(function).inspect(*arguments).llvm))


def same(function, *arguments):
    found = gg.jit(function)(*arguments)
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(*arguments)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(np.isnan(x), np.isnan(y))
        np.testing.assert_array_equal(np.signbit(x)[~np.isnan(y)], np.signbit(y)[~np.isnan(y)])
        np.testing.assert_allclose(x, y, rtol=4 * np.finfo(np.asarray(y).dtype).eps)


def quotients(x, u):
    root = np.sqrt(u)
    return 1.0 / root, 4.0 / root, x / (2.0 * root), x / (root * -0.5), -0.25 / (8.0 * root), x / root, x / (3.0 * root)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_that_are_no_numbers_and_ends_of_the_line(dtype):
    ends = np.finfo(dtype)
    points = np.array([*AWKWARD, ends.tiny, ends.max, ends.smallest_subnormal, -ends.tiny], dtype)
    x, u = (grid.ravel() for grid in np.meshgrid(points, points))
    with np.errstate(all="ignore"):
        same(quotients, x, u)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (3, 5)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_shapes(shape, dtype):
    rng = np.random.default_rng(0)
    same(quotients, rng.normal(size=shape).astype(dtype)[()], rng.random(shape).astype(dtype)[()])


def test_one_division_for_all_that_are_served():
    assert divisions(lambda x, u: quotients(x, u)[:5], 1.0, 2.0) == 1
    assert divisions(lambda x, u: quotients(x, u)[:6], 1.0, 2.0) == 2


def test_a_single_quotient_stays_as_it_is():
    assert "fmul" not in gg.jit(lambda x, u: x / np.sqrt(u)).inspect(1.0, 2.0).llvm
    assert divisions(lambda x, u: x / (2.0 * np.sqrt(u)), 1.0, 2.0) == 1


def test_an_entry_is_not_greater_than_the_length_of_its_vector():
    """The other quotients by the same root do not make x / |x| a product, which may exceed 1."""
    x = np.abs(np.random.default_rng(0).normal(size=100_000)) + 0.1

    def function(x):
        root = np.sqrt(x * x)
        return x / root, 1.0 / root, x / (2.0 * root)

    np.testing.assert_array_equal(gg.jit(function)(x)[0], 1.0)


def test_numbers_that_are_no_power_of_two_and_other_dtypes():
    x, u = np.float32(0.3), np.float64(0.7)
    same(lambda x, u: (x / (2.0 * np.sqrt(u)), 1.0 / np.sqrt(u), 0.3 / np.sqrt(u), 2**40 / np.sqrt(u)), x, u)
    z = np.complex128(0.3 + 0.4j)
    same(lambda z: ((1.0 / np.sqrt(z)).real, (z / (2.0 * np.sqrt(z))).real), z)


def test_derivatives_through_roots_in_every_order():
    def length(x, y):
        return 1.0 / np.sqrt(x * x + y * y) + np.sqrt(x + y)

    def all_of_them(x, y):
        first = gg.grad(length, (0, 1))(x, y)
        second = gg.hessian(length, (0, 1))(x, y)
        pushed = gg.jvp(lambda x, y: gg.grad(length)(x, y), (x, y), (1.0, 0.5))[1]
        return *first, *[entry for row in second for entry in row], pushed

    found = gg.jit(all_of_them)(1.3, 0.4)
    with gg.settings(engine="reference"):
        expected = gg.jit(all_of_them)(1.3, 0.4)
    np.testing.assert_allclose(np.array(found, float), np.array(expected, float), rtol=1e-13)
