"""argmax, any and their like over axes of one element wrote values of the operand's type into the result."""

import numpy as np
import pytest

import glassgrad as gg

SHAPES = [(3, 1), (1, 3), (1, 1), (3, 1, 1), (1, 1, 3), (2, 1, 3), (1,)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, bool])
@pytest.mark.parametrize("name", ["any", "all", "sum", "prod", "max", "min", "argmax", "argmin"])
def test_over_each_axis(name, dtype, shape):
    x = np.resize(np.array([2.5, 0.0, -3.0]), shape).astype(dtype)
    if dtype is np.float64 and name in ("any", "all"):
        x.flat[-1] = np.nan
    function = getattr(np, name)
    for axis in (*range(len(shape)), None):
        found, expected = gg.jit(lambda x, axis=axis: function(x, axis=axis))(x), function(x, axis=axis)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
