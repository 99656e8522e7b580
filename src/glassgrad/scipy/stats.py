"""scipy.stats on traced values: densities, distribution functions and quantiles of the common distributions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats
from scipy import special

from glassgrad.base.errors import UnsupportedError
from glassgrad.scipy.distributions import LOG_ROOT_TWO_PI, Distribution
from glassgrad.scipy.lookup import names_of
from glassgrad.tracing.tracer import any_traced

_look_up, __dir__ = names_of("scipy.stats")


def __getattr__(name: str) -> Any:
    plain = getattr(scipy.stats, name, None)
    if hasattr(plain, "rvs"):  # a distribution that has no formulas here
        return plain
    return _look_up(name)


def _positive(x: Any, *_: Any) -> Any:
    return x > 0


def _unit(x: Any, *_: Any) -> Any:
    return (x > 0) & (x < 1)


def _whole(k: Any, *_: Any) -> Any:
    return (k >= 0) & (k == np.floor(k))


def _clipped(x: Any) -> Any:
    """The number, and 0 for what lies left of it."""
    return np.maximum(x, 0.0)


# ------------------------------------------------------------------ on the whole line
norm = Distribution(
    scipy.stats.norm,
    (),
    log_density=lambda z: -(z**2) / 2 - LOG_ROOT_TWO_PI,
    cumulative=special.ndtr,
    survival=lambda z: special.ndtr(-z),
    log_cumulative=special.log_ndtr,
    log_survival=lambda z: special.log_ndtr(-z),
    quantile=special.ndtri,
    entropy_of=lambda: LOG_ROOT_TWO_PI + 0.5,
    mean_of=lambda: 0.0,
    variance_of=lambda: 1.0,
)
t = Distribution(
    scipy.stats.t,
    ("df",),
    log_density=lambda z, df: -(df + 1) / 2 * np.log1p(z**2 / df) - special.betaln(df / 2, 0.5) - np.log(df) / 2,
    cumulative=lambda z, df: special.stdtr(df, z),
    survival=lambda z, df: special.stdtr(df, -z),
    quantile=lambda q, df: special.stdtrit(df, q),
    entropy_of=lambda df: (
        (df + 1) / 2 * (special.psi((df + 1) / 2) - special.psi(df / 2)) + np.log(df) / 2 + special.betaln(df / 2, 0.5)
    ),
    mean_of=lambda df: np.where(df > 1, 0.0, np.nan),
    variance_of=lambda df: np.where(df > 2, df / np.where(df > 2, df - 2, 1.0), np.inf),
)
cauchy = Distribution(
    scipy.stats.cauchy,
    (),
    log_density=lambda z: -np.log(np.pi) - np.log1p(z**2),
    cumulative=lambda z: 0.5 + np.arctan(z) / np.pi,
    survival=lambda z: 0.5 - np.arctan(z) / np.pi,
    quantile=lambda q: np.tan(np.pi * (q - 0.5)),
    entropy_of=lambda: np.log(4 * np.pi),
)
logistic = Distribution(
    scipy.stats.logistic,
    (),
    log_density=lambda z: special.log_expit(z) + special.log_expit(-z),
    cumulative=special.expit,
    survival=lambda z: special.expit(-z),
    log_cumulative=special.log_expit,
    log_survival=lambda z: special.log_expit(-z),
    quantile=special.logit,
    entropy_of=lambda: 2.0,
    mean_of=lambda: 0.0,
    variance_of=lambda: np.pi**2 / 3,
)
laplace = Distribution(
    scipy.stats.laplace,
    (),
    log_density=lambda z: -np.abs(z) - np.log(2),
    cumulative=lambda z: np.where(z > 0, 1 - np.exp(-np.abs(z)) / 2, np.exp(-np.abs(z)) / 2),
    survival=lambda z: np.where(z > 0, np.exp(-np.abs(z)) / 2, 1 - np.exp(-np.abs(z)) / 2),
    quantile=lambda q: -np.sign(q - 0.5) * np.log1p(-2 * np.abs(q - 0.5)),
    entropy_of=lambda: np.log(2) + 1,
    mean_of=lambda: 0.0,
    variance_of=lambda: 2.0,
)

# ------------------------------------------------------------------ on the half line
expon = Distribution(
    scipy.stats.expon,
    (),
    log_density=lambda z: -z,
    cumulative=lambda z: -np.expm1(-_clipped(z)),
    survival=lambda z: np.exp(-_clipped(z)),
    quantile=lambda q: -np.log1p(-q),
    inside=lambda z: z >= 0,
    entropy_of=lambda: 1.0,
    mean_of=lambda: 1.0,
    variance_of=lambda: 1.0,
)
gamma = Distribution(
    scipy.stats.gamma,
    ("a",),
    log_density=lambda z, a: special.xlogy(a - 1, z) - z - special.gammaln(a),
    cumulative=lambda z, a: special.gammainc(a, _clipped(z)),
    survival=lambda z, a: special.gammaincc(a, _clipped(z)),
    quantile=lambda q, a: special.gammaincinv(a, q),
    inside=_positive,
    entropy_of=lambda a: a + special.gammaln(a) + (1 - a) * special.psi(a),
    mean_of=lambda a: a,
    variance_of=lambda a: a,
)
chi2 = Distribution(
    scipy.stats.chi2,
    ("df",),
    log_density=lambda z, df: special.xlogy(df / 2 - 1, z) - z / 2 - special.gammaln(df / 2) - df / 2 * np.log(2),
    cumulative=lambda z, df: special.chdtr(df, _clipped(z)),
    survival=lambda z, df: special.chdtrc(df, _clipped(z)),
    quantile=lambda q, df: 2 * special.gammaincinv(df / 2, q),
    inside=_positive,
    entropy_of=lambda df: df / 2 + np.log(2) + special.gammaln(df / 2) + (1 - df / 2) * special.psi(df / 2),
    mean_of=lambda df: df,
    variance_of=lambda df: 2 * df,
)
lognorm = Distribution(
    scipy.stats.lognorm,
    ("s",),
    log_density=lambda z, s: -((np.log(z) / s) ** 2) / 2 - np.log(s * z) - LOG_ROOT_TWO_PI,
    cumulative=lambda z, s: special.ndtr(np.log(_clipped(z)) / s),
    survival=lambda z, s: special.ndtr(-np.log(_clipped(z)) / s),
    quantile=lambda q, s: np.exp(s * special.ndtri(q)),
    inside=_positive,
    entropy_of=lambda s: LOG_ROOT_TWO_PI + 0.5 + np.log(s),
    mean_of=lambda s: np.exp(s**2 / 2),
    variance_of=lambda s: np.expm1(s**2) * np.exp(s**2),
)
halfnorm = Distribution(
    scipy.stats.halfnorm,
    (),
    log_density=lambda z: np.log(2 / np.pi) / 2 - z**2 / 2,
    cumulative=lambda z: special.erf(_clipped(z) / np.sqrt(2)),
    survival=lambda z: special.erfc(_clipped(z) / np.sqrt(2)),
    inside=lambda z: z >= 0,
    quantile=lambda q: special.ndtri((1 + q) / 2),
    entropy_of=lambda: np.log(np.pi / 2) / 2 + 0.5,
    mean_of=lambda: np.sqrt(2 / np.pi),
    variance_of=lambda: 1 - 2 / np.pi,
)

# ------------------------------------------------------------------ on an interval
uniform = Distribution(
    scipy.stats.uniform,
    (),
    log_density=lambda z: 0.0 * z,
    cumulative=lambda z: np.clip(z, 0.0, 1.0),
    survival=lambda z: np.clip(1 - z, 0.0, 1.0),
    quantile=lambda q: q,
    inside=lambda z: (z >= 0) & (z <= 1),
    entropy_of=lambda: 0.0,
    mean_of=lambda: 0.5,
    variance_of=lambda: 1 / 12,
)
beta = Distribution(
    scipy.stats.beta,
    ("a", "b"),
    log_density=lambda z, a, b: special.xlog1py(b - 1, -z) + special.xlogy(a - 1, z) - special.betaln(a, b),
    cumulative=lambda z, a, b: special.betainc(a, b, np.clip(z, 0.0, 1.0)),
    survival=lambda z, a, b: special.betaincc(a, b, np.clip(z, 0.0, 1.0)),
    quantile=lambda q, a, b: special.betaincinv(a, b, q),
    inside=_unit,
    entropy_of=lambda a, b: (
        special.betaln(a, b) - (a - 1) * special.psi(a) - (b - 1) * special.psi(b) + (a + b - 2) * special.psi(a + b)
    ),
    mean_of=lambda a, b: a / (a + b),
    variance_of=lambda a, b: a * b / ((a + b) ** 2 * (a + b + 1)),
)

# ------------------------------------------------------------------ on whole numbers
poisson = Distribution(
    scipy.stats.poisson,
    ("mu",),
    log_density=lambda k, mu: special.xlogy(k, mu) - special.gammaln(k + 1) - mu,
    cumulative=lambda k, mu: special.pdtr(np.floor(k), mu),
    survival=lambda k, mu: special.pdtrc(np.floor(k), mu),
    inside=_whole,
    discrete=True,
    mean_of=lambda mu: mu,
    variance_of=lambda mu: mu,
)
bernoulli = Distribution(
    scipy.stats.bernoulli,
    ("p",),
    log_density=lambda k, p: special.xlogy(k, p) + special.xlog1py(1 - k, -p),
    cumulative=lambda k, p: np.where(k < 0, 0.0, np.where(k < 1, 1 - p, 1.0)),
    inside=lambda k, p: (k == 0) | (k == 1),
    discrete=True,
    entropy_of=lambda p: special.entr(p) + special.entr(1 - p),
    mean_of=lambda p: p,
    variance_of=lambda p: p * (1 - p),
)
binom = Distribution(
    scipy.stats.binom,
    ("n", "p"),
    log_density=lambda k, n, p: (
        special.gammaln(n + 1)
        - special.gammaln(k + 1)
        - special.gammaln(n - k + 1)
        + special.xlogy(k, p)
        + special.xlog1py(n - k, -p)
    ),
    cumulative=lambda k, n, p: special.betaincc(np.floor(k) + 1, n - np.floor(k), p),
    inside=lambda k, n, p: _whole(k) & (k <= n),
    discrete=True,
    mean_of=lambda n, p: n * p,
    variance_of=lambda n, p: n * p * (1 - p),
)


# ------------------------------------------------------------------ of several numbers
@dataclass(frozen=True, slots=True)
class Dirichlet:
    """The Dirichlet distribution: shares that add up to 1."""

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """The logarithm of the density. x has shape (k,) or (k, n), or (k - 1, …) with the last share left out."""
        if not any_traced([x, alpha]):
            return scipy.stats.dirichlet.logpdf(x, alpha)
        if np.shape(x)[0] + 1 == np.shape(alpha)[0]:
            x = np.concatenate([x, np.expand_dims(1 - np.sum(x, axis=0), 0)])
        weights = np.reshape(alpha, (-1, *[1] * (np.ndim(x) - 1)))
        log_beta = np.sum(special.gammaln(alpha)) - special.gammaln(np.sum(alpha))
        return np.sum(special.xlogy(weights - 1, x), axis=0) - log_beta

    def pdf(self, x: Any, alpha: Any) -> Any:
        """The density."""
        return np.exp(self.logpdf(x, alpha)) if any_traced([x, alpha]) else scipy.stats.dirichlet.pdf(x, alpha)

    def __getattr__(self, name: str) -> Any:
        return getattr(scipy.stats.dirichlet, name)


@dataclass(frozen=True, slots=True)
class MultivariateNormal:
    """The normal distribution of vectors."""

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """The logarithm of the density of vectors x of shape (…, n)."""
        if not any_traced([x, mean, cov]):
            return scipy.stats.multivariate_normal.logpdf(x, mean, cov, allow_singular)
        mean, cov = _mean_and_covariance(mean, cov)
        size = np.shape(mean)[0]
        deviation = np.reshape(x, (*np.shape(x), 1)) - mean if size == 1 and np.shape(x)[-1:] != (1,) else x - mean
        if allow_singular:
            inverse, log_det, rank = _pseudo(cov)
            distance = np.sum((deviation @ inverse) * deviation, axis=-1)
        else:
            flat = np.reshape(deviation, (-1, size))
            solved = np.reshape(np.linalg.solve(cov, flat.T).T, np.shape(deviation))
            distance = np.sum(deviation * solved, axis=-1)
            log_det, rank = np.linalg.slogdet(cov)[1], size
        return -0.5 * (rank * np.log(2 * np.pi) + log_det + distance)

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """The density of vectors x of shape (…, n)."""
        if not any_traced([x, mean, cov]):
            return scipy.stats.multivariate_normal.pdf(x, mean, cov, allow_singular)
        return np.exp(self.logpdf(x, mean, cov, allow_singular))

    def entropy(self, mean: Any = None, cov: Any = 1) -> Any:
        """The differential entropy."""
        if not any_traced([mean, cov]):
            return scipy.stats.multivariate_normal.entropy(mean, cov)
        mean, cov = _mean_and_covariance(mean, cov)
        return 0.5 * (np.shape(mean)[0] * np.log(2 * np.pi * np.e) + np.linalg.slogdet(cov)[1])

    def __getattr__(self, name: str) -> Any:
        return getattr(scipy.stats.multivariate_normal, name)


def _mean_and_covariance(mean: Any, cov: Any) -> tuple[Any, Any]:
    """A mean of shape (n,) and a covariance of shape (n, n); a number or a vector stands for a diagonal."""
    size = np.shape(mean)[0] if np.ndim(mean) else np.shape(cov)[0] if np.ndim(cov) else 1
    mean = np.zeros(size) if mean is None else np.broadcast_to(mean, (size,))
    if np.ndim(cov) < 2:
        cov = np.eye(size) * cov
    if np.shape(cov) != (size, size):
        raise UnsupportedError(f"multivariate_normal: a covariance of shape {np.shape(cov)} for {size} numbers")
    return mean, cov


def _pseudo(cov: Any) -> tuple[Any, Any, Any]:
    """The pseudo-inverse, the logarithm of the product of the eigenvalues that are not 0, and how many they are."""
    small = 1e6 * np.finfo(float).eps  # SciPy's threshold, relative to the largest
    values = np.linalg.eigvalsh(cov)
    kept = values > small * np.max(np.abs(values))
    return np.linalg.pinv(cov, rcond=small), np.sum(np.log(np.where(kept, values, 1.0))), np.sum(kept)


dirichlet, multivariate_normal = Dirichlet(), MultivariateNormal()
