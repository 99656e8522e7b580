"""Keywords of NumPy's reductions count (`where=`, `initial=`, `mean=`, `dtype=`), and results have NumPy's dtypes."""

import warnings

import numpy as np
import pytest

import glassgrad as gg

X = np.array([[1.0, 2.0, 7.0], [4.0, -1.0, 2.0]])
WITH_NAN = np.array([[1.0, 2.0, np.nan], [4.0, -1.0, 2.0]])
MASK = np.array([[True, False, True], [True, True, False]])
REDUCTIONS = ("sum", "prod", "mean", "var", "std", "max", "min")
WAYS = {
    "where": {"where": MASK, "axis": 0, "keepdims": True},
    "initial": {"initial": 3.0},
    "where and initial": {"where": MASK, "initial": 3.0, "axis": 1},
    "dtype": {"dtype": np.float32},
    "mean": {"mean": np.array([[2.0]])},
    "mean and where": {"mean": np.array([[2.0]]), "where": MASK},
    "correction": {"correction": 1, "axis": 0},
}


def same(function, x, **how):
    """The traced function gives NumPy's number, shape and dtype, or raises where NumPy does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = function(x, **how)
        except (TypeError, ValueError) as error:
            with pytest.raises((TypeError, ValueError)):
                gg.checkpoint(lambda x: function(x, **how))(x)
            return error
        found = gg.checkpoint(lambda x: function(x, **how))(x)
    for a, b in zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]:
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=1e-4)
    return expected


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex64", "int64"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [*REDUCTIONS, *[f"nan{name}" for name in REDUCTIONS]])
def test_keywords_count(name, way, dtype):
    same(getattr(np, name), X.astype(dtype), **WAYS[way])
    if dtype == "float32":
        same(getattr(np, name), WITH_NAN.astype(dtype), **WAYS[way])


@pytest.mark.parametrize(
    "name", ["nanmean", "nanvar", "nanstd", "nanmedian", "std", "var", "median", "cov", "corrcoef"]
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64", "int64"])
def test_dtypes_of_statistics(name, dtype):
    same(getattr(np, name), X.astype(dtype))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float32"])
def test_dtypes_of_elementwise_functions(dtype):
    x = X.astype(dtype)
    for function in (np.fabs, np.conjugate, np.angle, np.round):
        same(function, x)
    same(np.average, x, axis=0, returned=True)


@pytest.mark.parametrize("decimals", [-1, -2, 0, 1])
def test_whole_numbers_are_rounded_too(decimals):
    same(np.round, np.array([1, 7, 15, 25, -14, 149]), decimals=decimals)


@pytest.mark.parametrize("order", [1, -1, np.inf, 0, 3])
def test_norms_of_whole_numbers(order):
    same(np.linalg.norm, np.array([1, 7, -3]), ord=order)


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.logical_and, np.logical_or])
def test_ufunc_methods(ufunc):
    same(ufunc.reduce, np.array(2.0))
    for x in (np.array([1, 2, 0]), np.array([1.0, 2.0, 0.0]), np.zeros((0, 2))):
        same(ufunc.accumulate, x)


def test_one_number_is_sorted_and_no_number_has_no_median():
    same(np.argsort, np.array(2.0))
    same(np.median, np.zeros(0))
    same(np.median, np.zeros((0, 2)), axis=0)


def test_quantiles_of_complex_numbers_are_refused():
    same(lambda x: np.quantile(x, 0.3), X.astype(complex))
    same(np.median, (X + 1j * X[::-1]).astype(np.complex64))


def test_a_starting_value_has_a_derivative():
    assert gg.grad(lambda s: np.max(s * X, initial=s))(0.5) == 7.0
    assert gg.grad(lambda s: np.nanmax(s * X, initial=10.0 * s))(0.5) == 10.0
