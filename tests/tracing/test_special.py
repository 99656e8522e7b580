"""glassgrad.scipy.special: SciPy's functions that are no ufuncs, on traced values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.scipy import special
from glassgrad.testing.check import check_gradients

X = np.array([[0.3, 1.2, 2.4], [0.7, 0.1, 1.9]])
WEIGHTS = np.array([1.0, -0.4, 3.0])

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "logsumexp": lambda x: special.logsumexp(x, axis=1),
    "logsumexp of all": special.logsumexp,
    "logsumexp kept": lambda x: special.logsumexp(x, axis=0, keepdims=True),
    "logsumexp with weights": lambda x: special.logsumexp(x, axis=1, b=np.abs(WEIGHTS)),
    "logsumexp with traced weights": lambda x: special.logsumexp(x, b=x**2, keepdims=True),
    "logsumexp with signs": lambda x: special.logsumexp(x, axis=1, b=WEIGHTS, return_sign=True)[0],
    "logsumexp of complex": lambda x: np.real(special.logsumexp(x * (1 + 1j), axis=1)),
    "softmax": lambda x: special.softmax(x, axis=1) ** 2,
    "softmax of all": lambda x: special.softmax(x) ** 2,
    "log_softmax": lambda x: special.log_softmax(x, axis=-1) ** 2,
    "polygamma": lambda x: special.polygamma(2, x),
    "polygamma of several orders": lambda x: special.polygamma([0, 1, 2], x),
    "multigammaln": lambda x: special.multigammaln(x + 2, 3),
    "factorial": special.factorial,
    "comb": lambda x: special.comb(x + 3, 2),
    "comb repeated": lambda x: special.comb(x + 3, 2, repetition=True),
    "perm": lambda x: special.perm(x + 3, 2),
    "zeta": lambda x: special.zeta(3.0, x),
    "sinc": special.sinc,
    "softplus": special.softplus,
    "lambertw": lambda x: np.real(special.lambertw(x)),
    "jvp": lambda x: special.jvp(1, x, 2),
    "yvp": lambda x: special.yvp(1, x, 1),
    "ivp": lambda x: special.ivp(1, x, 2),
    "kvp": lambda x: special.kvp(1, x, 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_derivative(name: str) -> None:
    function = FUNCTIONS[name]
    value, _ = gg.vjp(function, X)
    expected = function(X)
    assert np.asarray(value).dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    check_gradients(function, X)


def test_large_and_empty_exponents() -> None:
    x = np.array([1e4, 1e4 - 1, -1e4])
    np.testing.assert_allclose(gg.grad(special.logsumexp)(x), special.softmax(x), rtol=1e-13)
    assert gg.vjp(lambda x: special.logsumexp(x), np.zeros(0))[0] == -np.inf
    value, pullback = gg.vjp(lambda x: special.logsumexp(x), 2.0)
    assert (value, pullback(1.0)[0]) == (2.0, 1.0)


def test_ufuncs_are_scipys_own() -> None:
    import scipy.special

    assert special.erf is scipy.special.erf
