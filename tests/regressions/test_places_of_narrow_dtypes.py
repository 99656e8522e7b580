"""Indices of a dtype that does not hold the size of the axis, in `np.take`; and ufuncs reduced over one value."""

import numpy as np
import pytest

import glassgrad as gg

X = np.linspace(0.0, 1.0, 300)


@pytest.mark.parametrize("mode", ["clip", "wrap", "raise"])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint64])
def test_take(mode, dtype):
    places = np.array([[0, 100, 7], [127, 3, 1]], dtype)
    found = gg.jit(lambda x, i: np.take(x, i, mode=mode))(X, places)
    np.testing.assert_array_equal(found, np.take(X, places, mode=mode))


@pytest.mark.parametrize("mode", ["clip", "wrap"])
def test_beyond_the_ends(mode):
    places = np.array([-1, -128, 5, 127], np.int8)
    for x in (X, X[:3]):
        found = gg.jit(lambda x, i: np.take(x, i, mode=mode))(x, places)
        np.testing.assert_array_equal(found, np.take(x, places, mode=mode))


def test_nothing_is_taken_of_nothing():
    found = gg.jit(lambda x, i: np.take(x, i, axis=1, mode="clip"))(np.zeros((2, 0)), np.zeros((0, 3), np.uint32))
    assert found.shape == (2, 0, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64, np.float32])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("ufunc", [np.logaddexp, np.hypot])
def test_a_reduction_of_one_value_has_the_dtype_of_more(ufunc, count, dtype):
    x = np.ones((2, count), dtype)
    found, expected = gg.jit(lambda x: ufunc.reduce(x, axis=1))(x), ufunc.reduce(x, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-2)
    assert found.dtype == expected.dtype


@pytest.mark.parametrize("bounds", [(0, 128), (-1000, 3), (-1000, 1000), (None, 500), (1.5, 3)])
def test_cut_at_a_number_that_the_dtype_does_not_hold(bounds):
    x = np.array([-128, -5, 2, 127], np.int8)
    found, expected = gg.jit(lambda x: np.clip(x, *bounds))(x), np.clip(x, *bounds)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


def test_cut_below_at_a_number_above_all():
    with pytest.raises(OverflowError, match="300 out of bounds for int8"):
        gg.jit(lambda x: np.clip(x, 300, 400))(np.zeros(2, np.int8))
