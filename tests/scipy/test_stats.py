"""glassgrad.scipy.stats: values are SciPy's, derivatives agree with numbers."""

from typing import Any

import numpy as np
import pytest
import scipy.stats

import glassgrad as gg
from glassgrad.base.errors import NotDifferentiableError, UnsupportedError, UsageError
from glassgrad.scipy import stats
from glassgrad.testing.check import check_gradients

LINE = np.array([-1.3, 0.2, 2.1])
HALF = np.array([0.4, 1.3, 2.9])
UNIT = np.array([0.15, 0.5, 0.82])
COUNTS = np.array([0.0, 1.0, 3.0])

# name -> (points, shape parameters that may move, location, scale, methods besides pdf and logpdf)
CONTINUOUS: dict[str, tuple[np.ndarray, tuple[float, ...], float, float, str]] = {
    "norm": (LINE, (), 0.3, 1.7, "cdf sf logcdf logsf"),
    "cauchy": (LINE, (), 0.3, 1.7, "cdf sf"),
    "logistic": (LINE, (), 0.3, 1.7, "cdf sf logcdf logsf"),
    "laplace": (LINE, (), 0.3, 1.7, "cdf sf"),
    "expon": (HALF, (), -0.2, 1.7, "cdf sf logcdf"),
    "lognorm": (HALF, (0.7,), -0.2, 1.7, "cdf sf"),
    "halfnorm": (HALF, (), -0.2, 1.7, "cdf sf"),
    "uniform": (UNIT, (), -0.2, 1.7, "cdf sf"),
    "gamma": (HALF, (2.3,), -0.2, 1.7, ""),
    "chi2": (HALF, (3.1,), -0.2, 1.7, ""),
    "beta": (UNIT, (2.3, 1.4), -0.1, 1.7, ""),
    "t": (LINE, (3.1,), 0.3, 1.7, ""),
}
# Distribution functions whose shape parameters are held.
HELD = {"gamma": (2.3,), "chi2": (3.0,), "beta": (2.3, 1.4), "t": (3.1,)}
METHODS = [(name, method) for name, (*_, more) in CONTINUOUS.items() for method in ("pdf logpdf " + more).split()]


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_all_parameters_move(name: str, method: str) -> None:
    points, shapes, loc, scale, _ = CONTINUOUS[name]
    function = getattr(getattr(stats, name), method)
    value, _ = gg.vjp(function, points, *shapes, loc, scale)
    expected = getattr(getattr(scipy.stats, name), method)(points, *shapes, loc, scale)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    check_gradients(function, points, *shapes, loc, scale)


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("method", ["cdf", "sf", "logcdf", "logsf"])
def test_distribution_functions_with_shapes_held(name: str, method: str) -> None:
    points, _, loc, scale, _ = CONTINUOUS[name]

    def function(x: Any, loc: Any, scale: Any) -> Any:
        return getattr(getattr(stats, name), method)(x, *HELD[name], loc=loc, scale=scale)

    np.testing.assert_allclose(gg.vjp(function, points, loc, scale)[0], function(points, loc, scale), rtol=1e-12)
    check_gradients(function, points, loc, scale)


@pytest.mark.parametrize(
    "name", ["norm", "cauchy", "logistic", "expon", "lognorm", "gamma", "chi2", "beta", "t", "uniform"]
)
def test_quantiles_undo_the_distribution_function(name: str) -> None:
    _, shapes, loc, scale, _ = CONTINUOUS[name]
    distribution = getattr(stats, name)

    def quantile(q: Any) -> Any:
        return distribution.ppf(q, *shapes, loc, scale)

    np.testing.assert_allclose(gg.vjp(quantile, UNIT)[0], quantile(UNIT), rtol=1e-12)
    check_gradients(quantile, UNIT)
    np.testing.assert_allclose(
        gg.vjp(lambda q: distribution.isf(q, *shapes), UNIT)[0], distribution.isf(UNIT, *shapes), rtol=1e-10
    )


def test_density_is_zero_outside_of_the_support() -> None:
    x = np.array([-1.0, 0.5, 2.0])
    for distribution, shapes in (
        (stats.gamma, (2.0,)),
        (stats.beta, (2.0, 3.0)),
        (stats.expon, ()),
        (stats.uniform, ()),
    ):
        value, pullback = gg.vjp(lambda x: distribution.pdf(x, *shapes), x)  # noqa: B023 - used at once
        np.testing.assert_allclose(value, distribution.pdf(x, *shapes), rtol=1e-12)
        (slope,) = pullback(np.ones(3))
        assert slope[0] == 0
        assert np.all(np.isfinite(slope))


@pytest.mark.parametrize("method", ["pmf", "logpmf", "cdf", "sf"])
def test_discrete_distributions(method: str) -> None:
    for distribution, parameters in ((stats.poisson, (2.3,)), (stats.bernoulli, (0.3,)), (stats.binom, (5, 0.3))):
        counts = np.array([0.0, 1.0, 0.0]) if distribution is stats.bernoulli else COUNTS

        def function(p: Any) -> Any:
            return getattr(distribution, method)(counts, *parameters[:-1], p)  # noqa: B023 - used at once

        if distribution is stats.bernoulli and method == "sf":
            counts = np.array([0.0, 0.0, 0.0])
        np.testing.assert_allclose(gg.vjp(function, parameters[-1])[0], function(parameters[-1]), rtol=1e-12)
        check_gradients(function, parameters[-1])
    assert gg.vjp(lambda mu: stats.poisson.pmf(1.5, mu), 2.0)[0] == 0


def test_dirichlet() -> None:
    x, alpha = np.array([0.2, 0.5, 0.3]), np.array([1.5, 2.0, 0.8])
    for method in ("pdf", "logpdf"):
        function = getattr(stats.dirichlet, method)
        expected = getattr(scipy.stats.dirichlet, method)(x, alpha)
        for given in (x, x[:2]):
            np.testing.assert_allclose(gg.vjp(function, given, alpha)[0], expected, rtol=1e-12)
        check_gradients(lambda w, a: function(w / np.sum(w), a), x, alpha)  # noqa: B023 - used at once
        check_gradients(lambda w: function(w[:2] / np.sum(w), alpha), x)  # noqa: B023 - used at once
    many = np.stack([x, x[::-1]], axis=1)
    np.testing.assert_allclose(
        gg.vjp(stats.dirichlet.logpdf, many, alpha)[0], scipy.stats.dirichlet.logpdf(many, alpha)
    )


COV = np.array([[2.0, 0.3, -0.1], [0.3, 1.0, 0.2], [-0.1, 0.2, 0.7]])
MEAN = np.array([0.1, -0.4, 0.3])


@pytest.mark.parametrize("x", [np.array([0.5, 0.2, -1.0]), np.arange(6.0).reshape(2, 3) / 3], ids=["one", "many"])
@pytest.mark.parametrize("singular", [False, True])
def test_multivariate_normal(x: np.ndarray, *, singular: bool) -> None:
    def function(x: Any, mean: Any, root: Any) -> Any:
        return stats.multivariate_normal.logpdf(x, mean, root @ root.T + COV, allow_singular=singular)

    root = COV / 3
    np.testing.assert_allclose(gg.vjp(function, x, MEAN, root)[0], function(x, MEAN, root), rtol=1e-12)
    check_gradients(function, x, MEAN, root)
    np.testing.assert_allclose(
        gg.grad(lambda m: np.sum(stats.multivariate_normal.pdf(x, m, COV)))(MEAN),
        np.sum(
            [
                stats.multivariate_normal.pdf(row, MEAN, COV) * np.linalg.solve(COV, row - MEAN)
                for row in np.atleast_2d(x)
            ],
            axis=0,
        ),
    )


def test_multivariate_normal_of_a_singular_covariance() -> None:
    cov = np.outer(MEAN, MEAN) + np.outer([1, 1, 0], [1, 1, 0])
    value, _ = gg.vjp(lambda x: stats.multivariate_normal.logpdf(x, MEAN, cov, allow_singular=True), MEAN * 1.5)
    expected = scipy.stats.multivariate_normal.logpdf(MEAN * 1.5, MEAN, cov, allow_singular=True)
    assert value == pytest.approx(expected, rel=1e-10)


def test_multivariate_normal_defaults_and_entropy() -> None:
    assert gg.vjp(stats.multivariate_normal.logpdf, np.array(0.7))[0] == pytest.approx(scipy.stats.norm.logpdf(0.7))
    assert gg.vjp(lambda c: stats.multivariate_normal.entropy(MEAN, c), COV)[0] == pytest.approx(
        scipy.stats.multivariate_normal.entropy(MEAN, COV)
    )
    check_gradients(lambda root: stats.multivariate_normal.entropy(None, root @ root.T), COV)


# ------------------------------------------------------------------ what stays SciPy's
def test_plain_numbers_go_to_scipy() -> None:
    assert stats.norm.pdf(0.3, 1.0, 2.0) == scipy.stats.norm.pdf(0.3, 1.0, 2.0)
    assert stats.norm.mean(1.0, 2.0) == 1.0
    assert stats.weibull_min is scipy.stats.weibull_min
    assert stats.multivariate_normal.rvs(MEAN, COV, size=4, random_state=0).shape == (4, 3)
    assert stats.zscore(HALF).shape == (3,)


def test_frozen_distributions() -> None:
    assert gg.grad(lambda x: stats.norm(1.0, 2.0).logpdf(x))(0.5) == pytest.approx(0.125)
    assert gg.grad(lambda m: stats.norm(loc=m, scale=2.0).logpdf(0.5))(1.0) == pytest.approx(-0.125)


def test_errors_name_the_way_out() -> None:
    with pytest.raises(UnsupportedError, match=r"poisson\.ppf"):
        gg.grad(lambda q: stats.poisson.ppf(q, 2.0))(0.3)
    with pytest.raises(UnsupportedError, match=r"norm\.interval"):
        gg.grad(lambda x: stats.norm.interval(x)[0])(0.3)
    with pytest.raises(UsageError, match="df"):
        gg.grad(stats.t.logpdf)(0.3)
    with pytest.raises(NotDifferentiableError, match="shape"):
        gg.grad(lambda df: stats.t.cdf(0.3, df))(2.0)
