"""The log posterior of a Gaussian mixture with a Wishart prior, and its gradient in four arrays.

All components' products with all points are one matrix product, with the squares and sums as its epilogue.
"""

import math
from typing import Any

import numpy as np
import scipy.special

import glassgrad as gg
from benchmarks.gradbench.task import Input, Task, array, number
from glassgrad.scipy.special import logsumexp

INDEPENDENT = ("alpha", "mu", "q", "l")


def triangles(q, l):
    """The lower triangular factors of the precisions: exp(q) on the diagonal, l below it, column by column."""
    d = q.shape[1]
    column, row = np.triu_indices(d, 1)
    factors = gg.numpy.zeros((q.shape[0], d, d))  # (component, row, column)
    factors[:, row, column] = l
    factors[:, np.arange(d), np.arange(d)] = np.exp(q)
    return factors


def objective(alpha, mu, q, l, x, gamma, freedom):
    n, d = x.shape
    k = alpha.shape[0]
    factors = triangles(q, l)
    sums = np.sum(q, axis=1)  # (component,)
    moved = (x @ factors.reshape(k * d, d).T).reshape(n, k, d) - np.einsum("krc,kc->kr", factors, mu)
    likelihood = np.sum(logsumexp(alpha + sums - 0.5 * np.sum(moved**2, axis=2), axis=1)) - n * logsumexp(alpha)
    prior = -0.5 * gamma**2 * np.sum(factors**2) + freedom * np.sum(sums)
    return likelihood + prior


def constant(given: Input) -> float:
    """What does not depend on the parameters: the normalisers of the Gaussians and of the Wishart densities."""
    d, k, n, gamma = given["d"], given["k"], given["n"], given["gamma"]
    freedom = d + given["m"] + 1
    wishart = freedom * d * math.log(gamma / math.sqrt(2.0)) - scipy.special.multigammaln(freedom / 2.0, d)
    return float(k * wishart - n * d / 2.0 * math.log(2.0 * math.pi))


OBJECTIVE = gg.jit(objective, static="freedom")
JACOBIAN = gg.jit(gg.grad(objective, INDEPENDENT), static="freedom")


def _arguments(given: Input) -> tuple[Any, ...]:
    pairs = given["d"] * (given["d"] - 1) // 2
    alpha, mu, q = (array(given[name]) for name in INDEPENDENT[:3])
    return (
        alpha,
        mu,
        q,
        array(given["l"]).reshape(given["k"], pairs),
        array(given["x"]),
        float(given["gamma"]),
        given["m"],
    )


def _objective(given: Input) -> Task:
    fixed = constant(given)
    return Task(OBJECTIVE, _arguments(given), lambda result: number(result) + fixed)


def _answer(gradients: tuple[np.ndarray, ...]) -> dict[str, Any]:
    return {name: gradient.tolist() for name, gradient in zip(INDEPENDENT, gradients, strict=True)}


FUNCTIONS: dict[str, Any] = {
    "objective": _objective,
    "jacobian": lambda given: Task(JACOBIAN, _arguments(given), _answer),
}
