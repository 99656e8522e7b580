"""Medians of infinities and of what is large, and the dtypes of quantiles and of `np.polyval`."""

import numpy as np
import pytest

import glassgrad as gg


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "numbers", [[np.inf, np.inf], [-np.inf, 1, 2, np.inf], [6e4, -6e4], [5.9e4, 6e4], [np.nan, 1, 2], [3, 1, 2], [7]]
)
@pytest.mark.parametrize("keepdims", [False, True])
def test_medians(numbers, dtype, keepdims):
    x = np.array([numbers, numbers[::-1]], dtype)
    for axis in (None, 0, 1, (0, 1)):
        found = gg.jit(lambda x, axis=axis: np.median(x, axis=axis, keepdims=keepdims))(x)
        with np.errstate(invalid="ignore"):
            expected = np.median(x, axis=axis, keepdims=keepdims)
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape


X = np.array([[0.5, 2.0, 3.0], [5.0, 1.5, 0.25]])
FUNCTIONS = {
    "one quantile": lambda x: np.quantile(x, 0.3, axis=0),
    "one quantile of NumPy's": lambda x: np.quantile(x, np.float64(0.3)),
    "a list of quantiles": lambda x: np.quantile(x, [0.3, 0.9], axis=1),
    "one percentile": lambda x: np.percentile(x, 30, axis=0),
    "a list of percentiles": lambda x: np.percentile(x, [10, 50], keepdims=True),
    "neighbours": lambda x: np.percentile(x, [10, 50], method="lower"),
    "a polynomial": lambda x: np.polyval([1.0, 2.0, 3.0], x),
    "a polynomial of whole numbers": lambda x: np.polyval([1, 2], x),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_dtypes(name, dtype):
    x = X.astype(dtype)
    found, expected = gg.jit(FUNCTIONS[name])(x), FUNCTIONS[name](x)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=2e-3 if dtype is np.float16 else 1e-6)
