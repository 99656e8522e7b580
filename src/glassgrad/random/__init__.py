"""Random numbers from explicit keys; what is random is said where it is drawn, and drawn again it is the same.

>>> key = random.key(0)
>>> first, second = random.split(key)  # never draw twice from one key
>>> random.normal(first, (3,), scale=0.5).shape  # differentiable in the scale
(3,)

Keys work under jit, vmap (a batch of keys gives what single keys give), grad and scan. A plain key gives plain arrays.
Distributions are differentiable in their parameters by reparameterisation: location and scale by arithmetic, the
shapes of gamma, beta, Dirichlet, chi-squared and Student numbers implicitly (Figurnov, Mohamed and Mnih, 2018).
"""

from glassgrad.random.continuous import (
    cauchy,
    exponential,
    gumbel,
    laplace,
    logistic,
    lognormal,
    multivariate_normal,
    normal,
    truncated_normal,
    uniform,
)
from glassgrad.random.discrete import bernoulli, categorical, choice, permutation, poisson, randint, shuffle
from glassgrad.random.keys import bits, fold_in, key, split
from glassgrad.random.shaped import beta, chisquare, dirichlet, gamma, loggamma, student_t

__all__ = [
    "bernoulli",
    "beta",
    "bits",
    "categorical",
    "cauchy",
    "chisquare",
    "choice",
    "dirichlet",
    "exponential",
    "fold_in",
    "gamma",
    "gumbel",
    "key",
    "laplace",
    "loggamma",
    "logistic",
    "lognormal",
    "multivariate_normal",
    "normal",
    "permutation",
    "poisson",
    "randint",
    "shuffle",
    "split",
    "student_t",
    "truncated_normal",
    "uniform",
]
