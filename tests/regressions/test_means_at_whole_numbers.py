"""`np.mean(x, dtype=int)` adds up whole numbers and cuts the mean off; of the spread that is refused."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import DtypeError

X = np.array([[1.5, 2.75], [3.875, 4.125]])


@pytest.mark.parametrize("engine", ["cpu", "reference"])
@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint16, np.bool_])
@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
def test_means(engine, dtype, axis):
    with gg.settings(engine=engine):
        found = gg.jit(lambda x: np.mean(x, axis=axis, dtype=dtype, keepdims=True))(X)
    expected = np.mean(X, axis=axis, dtype=dtype, keepdims=True)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


@pytest.mark.parametrize("function", [np.var, np.std])
def test_a_spread_has_fractions(function):
    with pytest.raises(DtypeError, match=r"at int64 would lose the fractions[^$]*hint: .*astype"):
        gg.jit(lambda x: function(x, dtype=np.int64))(X)
