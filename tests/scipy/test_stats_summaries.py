"""Entropies, means and variances of glassgrad.scipy.stats, and the quantiles of laplace and halfnorm."""

import numpy as np
import pytest
import scipy.stats

import glassgrad as gg
from glassgrad.base.errors import UnsupportedError
from glassgrad.scipy import stats

SHAPES = {
    "norm": (),
    "t": (4.3,),
    "logistic": (),
    "laplace": (),
    "expon": (),
    "gamma": (2.3,),
    "chi2": (3.1,),
    "lognorm": (0.7,),
    "halfnorm": (),
    "uniform": (),
    "beta": (2.3, 1.4),
    "cauchy": (),
}
COUNTING = {"poisson": (3.2,), "bernoulli": (0.3,), "binom": (7.0, 0.3)}


def agrees(name, method, args):
    plain = getattr(getattr(scipy.stats, name), method)
    ours = getattr(getattr(stats, name), method)
    assert ours(*args) == plain(*args)
    numbers = tuple(range(len(args)))
    value, gradient = gg.value_and_grad(lambda *a: ours(*a) + 0.0 * sum(a), numbers)(*args)
    np.testing.assert_allclose(value, plain(*args), rtol=1e-10)
    for k in numbers:
        above, below = ([a + sign * 1e-5 * (k == j) for j, a in enumerate(args)] for sign in (1, -1))
        np.testing.assert_allclose(gradient[k], (plain(*above) - plain(*below)) / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("method", ["entropy", "mean", "var", "std"])
@pytest.mark.parametrize("name", [name for name in SHAPES if name != "cauchy"])
def test_continuous(name, method):
    agrees(name, method, (*SHAPES[name], 0.4, 1.7))


def test_entropy_of_cauchy():
    agrees("cauchy", "entropy", (0.4, 1.7))
    with pytest.raises(UnsupportedError, match=r"cauchy\.mean"):
        gg.grad(lambda s: stats.cauchy.mean(0.0, s))(1.0)


@pytest.mark.parametrize("method", ["mean", "var", "std"])
@pytest.mark.parametrize("name", COUNTING)
def test_counting(name, method):
    if name == "binom":  # the number of trials is held
        plain, ours = getattr(scipy.stats.binom, method), getattr(stats.binom, method)
        found = gg.grad(lambda p: ours(7, p))(0.3)
        np.testing.assert_allclose(found, (plain(7, 0.3 + 1e-6) - plain(7, 0.3 - 1e-6)) / 2e-6, rtol=1e-6)
    else:
        agrees(name, method, COUNTING[name])


def test_entropy_of_bernoulli():
    agrees("bernoulli", "entropy", (0.3,))


def test_frozen_distributions_have_them():
    found = gg.grad(lambda scale: stats.norm(0.0, scale).entropy())(2.0)
    np.testing.assert_allclose(found, 0.5)


@pytest.mark.parametrize("name", ["laplace", "halfnorm"])
def test_quantiles(name):
    q = np.array([0.1, 0.45, 0.8])
    ours, plain = getattr(stats, name), getattr(scipy.stats, name)
    np.testing.assert_allclose(gg.jit(lambda q: ours.ppf(q, 0.3, 1.7))(q), plain.ppf(q, 0.3, 1.7), rtol=1e-12)
    slopes = gg.elementwise_grad(lambda q: ours.ppf(q, 0.3, 1.7))(q)
    np.testing.assert_allclose(slopes, 1 / plain.pdf(plain.ppf(q, 0.3, 1.7), 0.3, 1.7), rtol=1e-10)
