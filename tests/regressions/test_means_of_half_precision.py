"""Sums of half precision overflow at 65,504: what divides by them or takes their logarithm adds in float32."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn

ROWS = 70_000
X = np.random.default_rng(0).normal(3.0, 1.0, ROWS).astype(np.float16)
CASES = {
    "mean": np.mean,
    "mean along an axis": lambda x: np.mean(x[None, :], axis=1),
    "mean of some": lambda x: np.mean(x, where=x > -10),
    "var": np.var,
    "std": lambda x: np.std(x, ddof=1),
    "average": np.average,
    "softmax": nn.softmax,
    "log_softmax": nn.log_softmax,
    "logsumexp": gg.scipy.special.logsumexp,
}


@pytest.mark.parametrize("engine", ["cpu", "reference"])
@pytest.mark.parametrize("name", CASES)
def test_many_numbers_of_half_precision(name, engine):
    function = CASES[name]
    with gg.settings(engine=engine):
        found = gg.jit(function)(X)
    assert found.dtype == np.float16
    assert np.allclose(found, function(X.astype(np.float64)), rtol=2e-3, atol=1e-7)


@pytest.mark.parametrize("engine", ["cpu", "reference"])
@pytest.mark.parametrize("rows", [70, ROWS])
def test_the_derivative_of_a_mean(engine, rows):
    with gg.settings(engine=engine):
        found = gg.jit(gg.grad(lambda x: np.mean(3 * x)))(X[:rows])
    assert np.allclose(found, 3 / rows, rtol=0.02)


def test_plain_arrays_are_no_exception():
    found = nn.softmax(np.ones(ROWS, np.float16))
    assert found.dtype == np.float16
    assert np.allclose(found, 1 / ROWS, rtol=0.02)
