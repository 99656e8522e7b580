"""Python integers beyond an array's dtype: refused in arithmetic, compared by their value; as NumPy 2 does."""

import operator

import numpy as np
import pytest

import glassgrad as gg


def traced(function, *arguments):
    """The function's result on traced arguments."""
    return gg.jit(function)(*arguments)


@pytest.mark.parametrize("name", ["add", "mul", "mod", "and_", "lshift"])
@pytest.mark.parametrize("swapped", [False, True])
def test_arithmetic_refuses(name, swapped):
    function = getattr(operator, name)
    with pytest.raises(OverflowError, match="out of bounds for int8"):
        traced(lambda x: function(300, x) if swapped else function(x, 300), np.arange(3, dtype=np.int8))


@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge", "eq", "ne"])
@pytest.mark.parametrize("number", [300, -300, 2**40, -1, 255, 256, 2**70])
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64"])
def test_comparisons_go_by_value(name, number, dtype):
    function, x = getattr(operator, name), np.array([0, 1, 100], dtype)
    np.testing.assert_array_equal(traced(lambda x: function(x, number), x), function(x, number))
    np.testing.assert_array_equal(traced(lambda x: function(number, x), x), function(number, x))


def test_the_ends_of_the_range_fit():
    x = np.zeros(2, np.int8)
    assert traced(lambda x: x + 127, x).dtype == traced(lambda x: x + -128, x).dtype == np.int8
