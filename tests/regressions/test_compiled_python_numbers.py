"""A Python number given to a compiled function leaves a float32 array what it is, as in NumPy."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("engine", ["reference", "cpu"])
def test_dtypes_are_those_of_numpy(engine):
    def f(x, y):
        return x * y + 1, y

    with gg.settings(engine=engine):
        compiled = gg.jit(f)
        for y in (2.0, 2, True, np.float64(2.0), np.float32(2.0), np.array([2.0])):
            x = np.ones(3, np.float32)
            for _ in range(2):
                assert compiled(x, y)[0].dtype == f(x, y)[0].dtype, y
            assert compiled(2.0, y)[0].dtype == np.asarray(f(2.0, y)[0]).dtype, y
