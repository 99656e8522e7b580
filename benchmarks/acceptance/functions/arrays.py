"""Probability and geometry, broadcasting, indexing, assignment, in-place updates, loops and branches on values."""

import numpy as np

from functions.networks import sigmoid
from functions.registry import add, labels, mask, normal, number, spd, tree, uniform


# ------------------------------------------------------------------ probability and geometry
def gaussian_log_likelihood(X, mu, F):
    S = F @ F.T + np.eye(3)
    L = np.linalg.cholesky(S)
    z = np.linalg.solve(L, (X - mu).T)
    log_det = 2 * np.sum(np.log(np.diagonal(L)))
    n, d = X.shape
    return -0.5 * (np.sum(z**2) + n * log_det + n * d * np.log(2 * np.pi))


def normal_density(x, mu, sigma):
    z = (x - mu) / sigma
    return np.sum(np.exp(-0.5 * z**2) / (sigma * np.sqrt(2 * np.pi)))


def multivariate_normal(x, m, S):
    d = x - m
    _, logdet = np.linalg.slogdet(S)
    return -0.5 * (d @ np.linalg.inv(S) @ d + logdet + len(x) * np.log(2 * np.pi))


def gaussian_process(X, y, length, noise):
    d2 = np.sum((X[:, None] - X[None]) ** 2, axis=-1)
    K = np.exp(-0.5 * d2 / length**2) + noise * np.eye(len(X))
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(L)))


def mixture_likelihood(x, means, log_scales, logits):
    log_weights = logits - np.log(np.sum(np.exp(logits)))
    z = (x[:, None] - means) / np.exp(log_scales)
    log_p = log_weights - log_scales - 0.5 * z**2
    return -np.sum(np.log(np.sum(np.exp(log_p), axis=1)))


def pairwise_distances(X):
    diff = X[:, None, :] - X[None, :, :]
    d = np.sqrt(np.sum(diff**2, axis=2) + 1e-3)
    return np.sum(d)


def pairwise_by_gram(X, Y):
    d2 = np.sum(X**2, axis=1)[:, None] + np.sum(Y**2, axis=1)[None, :] - 2 * X @ Y.T
    return np.sum(np.exp(-d2))


def mahalanobis(x, y, S):
    d = x - y
    return np.sqrt(d @ np.linalg.solve(S, d))


def poisson_regression(X, y, w):
    rate = np.exp(X @ w)
    return np.sum(rate - y * np.log(rate))


def covariance_loss(X, target):
    C = np.cov(X, rowvar=False)
    return np.sum((C - target) ** 2)


def correlation(x, y):
    xc, yc = x - np.mean(x), y - np.mean(y)
    return np.sum(xc * yc) / np.sqrt(np.sum(xc**2) * np.sum(yc**2))


def stress_of_springs(P, length):
    total = 0.0
    for i in range(len(P)):
        for j in range(i):
            d = np.sqrt(np.sum((P[i] - P[j]) ** 2))
            total += (d - length) ** 2
    return total


def polygon_area(P):
    x, y = P[:, 0], P[:, 1]
    return 0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))


def lennard_jones(R, eps, sigma):
    energy = 0.0
    for i in range(len(R) - 1):
        d = R[i + 1 :] - R[i]
        r2 = (d**2).sum(axis=1)
        s6 = (sigma**2 / r2) ** 3
        energy = energy + np.sum(4 * eps * (s6**2 - s6))
    return energy


add("probability and geometry", gaussian_log_likelihood, X=normal(5, 3), mu=normal(3), F=normal(3, 3))
add("probability and geometry", normal_density, x=normal(5), mu=number(0.3), sigma=number(1.2))
add("probability and geometry", multivariate_normal, x=normal(3), m=normal(3), S=spd(3))
add("probability and geometry", gaussian_process, X=normal(5, 2), y=normal(5), length=number(0.9), noise=number(0.2))
add(
    "probability and geometry",
    mixture_likelihood,
    x=normal(6),
    means=normal(3),
    log_scales=normal(3, scale=0.3),
    logits=normal(3),
)
add("probability and geometry", pairwise_distances, X=normal(4, 2))
add("probability and geometry", pairwise_by_gram, X=normal(4, 2), Y=normal(3, 2))
add("probability and geometry", mahalanobis, x=normal(3), y=normal(3), S=spd(3))
add(
    "probability and geometry",
    poisson_regression,
    X=normal(6, 3, scale=0.5),
    y=lambda rng: rng.poisson(2.0, size=6),
    w=normal(3),
)
add("probability and geometry", covariance_loss, X=normal(6, 3), target=spd(3))
add("probability and geometry", correlation, x=normal(6), y=normal(6))
add("probability and geometry", stress_of_springs, P=normal(4, 2), length=number(1.0))
add("probability and geometry", polygon_area, P=normal(5, 2))
add("probability and geometry", lennard_jones, R=normal(4, 3, scale=2.0), eps=number(0.8), sigma=number(0.9))


# ------------------------------------------------------------------ broadcasting and shapes
def add_row_and_column(r, c):
    return np.sum((r[None, :] + c[:, None]) ** 3)


def scale_by_diagonal(d, X, e):
    return np.sum(np.abs(d[:, None] * X * e))


def outer_differences(x, W):
    return np.sum(W * (x[:, None] - x) ** 2)


def broadcast_bias(X, b):
    Y = X + np.broadcast_to(b, X.shape)
    return np.prod(1 + 0.1 * Y)


def reshape_and_transpose(x, W):
    X = x.reshape(2, 3, 2).transpose(2, 0, 1).reshape(4, 3)
    return np.sum(np.tanh(X @ W))


def tiled_rows(x, W):
    return np.sum(np.tile(x, (3, 1)) * W) + np.sum(np.repeat(x, 2) ** 2)


def rolled_products(x):
    return np.sum(x * np.roll(x, 1) * np.roll(x, 2))


def cumulative_sum(x, w):
    return np.sum(np.cumsum(x) ** 2 * w)


def cumulative_product(p, r):
    survival = np.cumprod(1 - sigmoid(p))
    return np.sum(survival * r)


def differences(x):
    return np.sum(np.diff(x) ** 2) + np.sum(np.abs(np.diff(x, n=2)))


def discounted_returns(rewards, gamma):
    powers = gamma ** np.arange(len(rewards))
    return np.sum(rewards * powers)


def trapezoid_rule(y, x):
    return np.sum((y[1:] + y[:-1]) * np.diff(x)) / 2


def upper_triangle(A):
    return np.sum(np.triu(A, 1) ** 2) - np.sum(np.tril(A))


def statistics(x):
    return np.mean(x) * np.var(x) + np.std(x, ddof=1) ** 3


def moveaxis_and_squeeze(T, w):
    Y = np.moveaxis(T, 0, -1) @ w
    return np.sum(np.squeeze(Y[:, :1]) ** 2)


def meshgrid_field(x, y, a):
    X, Y = np.meshgrid(x, y)
    return np.sum(np.sin(a * X) * np.cos(Y))


add("broadcasting and shapes", add_row_and_column, r=normal(4), c=normal(3))
add("broadcasting and shapes", scale_by_diagonal, d=normal(3), X=normal(3, 4), e=normal(4))
add("broadcasting and shapes", outer_differences, x=normal(4), W=normal(4, 4))
add("broadcasting and shapes", broadcast_bias, X=normal(3, 2), b=normal(2))
add("broadcasting and shapes", reshape_and_transpose, x=normal(12), W=normal(3, 2))
add("broadcasting and shapes", tiled_rows, x=normal(4), W=normal(3, 4))
add("broadcasting and shapes", rolled_products, x=normal(5))
add("broadcasting and shapes", cumulative_sum, x=normal(5), w=normal(5))
add("broadcasting and shapes", cumulative_product, p=normal(5), r=normal(5))
add("broadcasting and shapes", differences, x=normal(6))
add("broadcasting and shapes", discounted_returns, rewards=normal(5), gamma=number(0.9))
add("broadcasting and shapes", trapezoid_rule, y=normal(6), x=uniform(6))
add("broadcasting and shapes", upper_triangle, A=normal(4, 4))
add("broadcasting and shapes", statistics, x=normal(6))
add("broadcasting and shapes", moveaxis_and_squeeze, T=normal(2, 3, 4), w=normal(2))
add("broadcasting and shapes", meshgrid_field, x=normal(3), y=normal(4), a=number(0.7))


# ------------------------------------------------------------------ choices by value
def clipped(x, w):
    return np.sum(np.clip(x, -0.5, 0.8) * w)


def piecewise_activation(x):
    return np.sum(np.where(x > 0, x**2, np.exp(x) - 1))


def soft_threshold(x, lam):
    return np.sum((np.sign(x) * np.maximum(np.abs(x) - lam, 0)) ** 2)


def largest_gap(x):
    s = np.sort(x)
    return np.max(s[1:] - s[:-1]) + np.median(x)


def top_two(x):
    order = np.argsort(x)
    return x[order[-1]] * x[order[-2]]


def minimum_of_maxima(X):
    return np.min(np.max(X, axis=1))


def branch_on_value(x):
    if np.sum(x) > 0:  # noqa: SIM108 - a branch, not an expression
        y = np.sin(x)
    else:
        y = x**2
    return y @ y


def branch_in_loop(x):
    total = 0.0
    for value in x:
        total = total + value**2 if value > 0 else total - 0.5 * value
    return total


def newton_square_root(a):
    x = a
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x


def while_halving(x, limit):
    steps = 0
    while np.linalg.norm(x) > limit:
        x = 0.5 * x + 0.01 * np.sin(x)
        steps += 1
    return np.sum(x**2) * steps


def select_regions(x):
    return np.sum(np.select([x < -0.5, x < 0.5], [x**2, 2 * x], default=np.sin(x)))


add("choices by value", clipped, x=normal(6), w=normal(6))
add("choices by value", piecewise_activation, x=normal(6))
add("choices by value", soft_threshold, x=normal(6), lam=number(0.4))
add("choices by value", largest_gap, x=normal(6))
add("choices by value", top_two, x=normal(6))
add("choices by value", minimum_of_maxima, X=uniform(4, 3, low=-2.0))
add("choices by value", branch_on_value, x=normal(4))
add("choices by value", branch_in_loop, x=normal(5))
add("choices by value", newton_square_root, a=number(7.0))
add("choices by value", while_halving, x=normal(4), limit=number(0.3))
add("choices by value", select_regions, x=normal(8))


# ------------------------------------------------------------------ indexing and assignment
def picked_entries(X, rows, columns):
    return np.sum(X[rows, columns] ** 2)


def strided_slices(x):
    return np.sum(x[::2] * x[1::2]) + np.sum(x[::-1] * np.arange(8.0))


def masked_sum(x, keep):
    return np.sum(x[keep] ** 2) + np.mean(x[~keep])


def negative_and_new_axes(X):
    return np.sum(X[-1, ..., None] * X[0][None, :]) + np.sum(X[:, -2:, None]) * X[0, 0]


def fill_rows(X, W):
    out = np.zeros_like(X)
    for i in range(X.shape[0]):
        out[i] = np.tanh(W @ X[i])
    return np.sum(out**2)


def fill_prefix(x, a):
    y = np.zeros_like(x)
    y[0] = x[0]
    for t in range(1, len(x)):
        y[t] = a * y[t - 1] + (1 - a) * x[t]
    return np.sum(y**2)


def overwrite_block(A, b):
    M = A.copy()
    M[1:3, 0] = b
    M[0] *= 2.0
    return np.sum(np.exp(0.3 * M))


def accumulate_in_place(X, w):
    total = np.zeros_like(w)
    for row in X:
        total += np.sin(row) * w
    return total @ total


def add_at_indices(x, ids, w):
    counts = np.zeros_like(w)
    for k in range(len(ids)):
        counts[ids[k]] += x[k]
    return np.sum(counts * w**2)


def swap_columns(A, x):
    B = A[:, [2, 0, 1]]
    return x @ B @ x


def boolean_assignment(x):
    y = x * 2
    y[x < 0] = 0.0
    return np.sum(y**2)


def list_of_parts(xs):
    parts = [np.sum(x**2) for x in xs]
    return np.sum(np.sqrt(np.stack(parts)))


def tuple_of_parameters(params, x):
    a, (b, c) = params
    return np.sum(a * x**2 + b * x + c)


def take_along(X, ids):
    chosen = np.take_along_axis(X, ids[:, None], axis=1)
    return np.sum(chosen**3)


def diagonal_update(A, d):
    n = A.shape[0]
    M = A + 0.0
    for i in range(n):
        M[i, i] = d[i] ** 2
    return np.linalg.det(M)


add("indexing and assignment", picked_entries, X=normal(4, 5), rows=labels(6, 4), columns=labels(6, 5))
add("indexing and assignment", strided_slices, x=normal(8))
add("indexing and assignment", masked_sum, x=normal(9), keep=mask(9))
add("indexing and assignment", negative_and_new_axes, X=normal(3, 4))
add("indexing and assignment", fill_rows, X=normal(4, 3), W=normal(3, 3))
add("indexing and assignment", fill_prefix, x=normal(6), a=number(0.7))
add("indexing and assignment", overwrite_block, A=normal(3, 3), b=normal(2))
add("indexing and assignment", accumulate_in_place, X=normal(4, 3), w=normal(3))
add("indexing and assignment", add_at_indices, x=normal(6), ids=labels(6, 3), w=normal(3))
add("indexing and assignment", swap_columns, A=normal(3, 3), x=normal(3))
add("indexing and assignment", boolean_assignment, x=normal(7))
add("indexing and assignment", list_of_parts, xs=tree(lambda rng: [rng.normal(size=n) for n in (2, 3, 4)]))
add(
    "indexing and assignment",
    tuple_of_parameters,
    params=tree(lambda rng: (rng.normal(size=3), (rng.normal(size=3), 0.5))),
    x=normal(3),
)
add("indexing and assignment", take_along, X=normal(4, 3), ids=labels(4, 3))
add("indexing and assignment", diagonal_update, A=normal(3, 3), d=normal(3))
