"""Statistics: likelihoods, regressions, distances, and the losses of representation learning."""

from numpy.random import default_rng


def gaussian_mixture(lib):
    """The gradient of a diagonal mixture's likelihood: 20 000 points of 8 numbers, 12 components."""
    np, random = lib.np, default_rng(0)

    def loss(weights, means, scales, x):
        z = (x[:, None, :] - means) * np.exp(-scales)  # (points, components, numbers)
        log_p = weights - lib.logsumexp(weights, axis=0) - np.sum(scales, axis=1) - 0.5 * np.sum(z**2, axis=2)
        return -np.mean(lib.logsumexp(log_p, axis=1))

    given = random.normal(size=12), random.normal(size=(12, 8)), random.normal(size=(12, 8)) * 0.1
    return lib.grad(loss, (0, 1, 2)), (*given, random.normal(size=(20_000, 8)))


def kernel_density(lib):
    """The mean log density at 2 000 places from 3 000 points of 3 numbers, and its gradient towards the bandwidth."""
    np, random = lib.np, default_rng(0)

    def loss(bandwidth, places, points):
        square = np.sum(((places[:, None] - points[None]) / bandwidth) ** 2, axis=2)
        return np.mean(lib.logsumexp(-0.5 * square, axis=1)) - np.sum(np.log(bandwidth))

    return lib.grad(loss), (np.asarray([0.3, 0.4, 0.5]), random.normal(size=(2_000, 3)), random.normal(size=(3_000, 3)))


def soft_k_means(lib):
    np, random = lib.np, default_rng(0)

    def loss(centres, x):
        square = np.sum(x**2, axis=1)[:, None] - 2.0 * x @ centres.T + np.sum(centres**2, axis=1)
        p = np.exp(-square - lib.logsumexp(-square, axis=1)[:, None])
        return np.mean(np.sum(p * square, axis=1))

    given = random.normal(size=(30, 16)).astype("float32"), random.normal(size=(10_000, 16)).astype("float32")
    return lib.grad(loss), given


def nearest_centres(lib):
    """k-means with city-block distances, 20 000 points of 4 numbers, 40 centres."""
    np, random = lib.np, default_rng(0)

    def loss(centres, x):
        return np.mean(np.min(np.sum(np.abs(x[:, None] - centres), axis=2), axis=1))

    return lib.grad(loss), (random.normal(size=(40, 4)), random.normal(size=(20_000, 4)))


def logistic_regression(lib):
    np, random = lib.np, default_rng(0)

    def loss(w, x, y):
        z = x @ w
        return np.mean(np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0.0) - y * z) + 0.01 * np.sum(w**2)

    x = random.normal(size=(20_000, 50))
    return lib.grad(loss), (random.normal(size=50) * 0.1, x, (x[:, 0] > 0) * 1.0)


def softmax_regression(lib):
    np, random = lib.np, default_rng(0)

    def loss(w, b, x, y):
        z = x @ w + b
        return np.mean(lib.logsumexp(z, axis=1) - z[np.arange(len(y)), y])

    x = random.normal(size=(5_000, 100)).astype("float32")
    given = random.normal(size=(100, 10)).astype("float32"), np.zeros(10, "float32"), x, random.integers(0, 10, 5_000)
    return lib.grad(loss, (0, 1)), given


def poisson_hessian(lib):
    """The Hessian of a Poisson regression of 20 coefficients on 5 000 rows."""
    np, random = lib.np, default_rng(0)

    def loss(w, x, counts):
        rate = x @ w
        return np.sum(np.exp(rate) - counts * rate + lib.gammaln(counts + 1.0))

    x = random.normal(size=(5_000, 20)) * 0.1
    return lib.hessian(loss), (random.normal(size=20), x, random.poisson(1.0, 5_000) * 1.0)


def cox_regression(lib):
    """Cox's partial likelihood: 10 000 people in the order of their times, 30 covariates."""
    np, random = lib.np, default_rng(0)

    def loss(w, x, died):
        risk = x @ w
        top = np.max(risk)
        at_risk = np.log(np.cumsum(np.exp(risk - top)[::-1])[::-1]) + top
        return -np.sum(died * (risk - at_risk)) / np.sum(died)

    x, died = random.normal(size=(10_000, 30)), random.integers(0, 2, 10_000) * 1.0
    return lib.grad(loss), (random.normal(size=30) * 0.1, x, died)


def gaussian_process(lib):
    """The marginal likelihood of 300 observations by Cholesky, and its gradient towards three numbers."""
    np, random = lib.np, default_rng(0)

    def loss(log, x, y):
        square = np.sum((x[:, None] - x[None]) ** 2, axis=2)
        k = np.exp(log[0] - 0.5 * square * np.exp(-2.0 * log[1])) + np.exp(log[2]) * np.eye(300)
        factor = np.linalg.cholesky(k)
        alpha = np.linalg.solve(factor, y)
        return 0.5 * alpha @ alpha + np.sum(np.log(np.diagonal(factor)))

    return lib.grad(loss), (np.asarray([0.0, 0.0, -2.0]), random.normal(size=(300, 5)), random.normal(size=300))


def variational_autoencoder(lib):
    """The evidence bound of a batch of 64, 784-200-20-200-784, with its noise given."""
    np, random = lib.np, default_rng(0)

    def loss(p, x, noise):
        h = np.tanh(x @ p["a"])
        mean, log_scale = h @ p["mean"], h @ p["scale"]
        z = mean + np.exp(log_scale) * noise
        y = np.tanh(z @ p["b"]) @ p["c"]
        fit = np.sum(np.maximum(y, 0.0) - x * y + np.log1p(np.exp(-np.abs(y))))
        kl = 0.5 * np.sum(mean**2 + np.exp(2 * log_scale) - 2 * log_scale - 1.0)
        return (fit + kl) / len(x)

    shapes = {"a": (784, 200), "mean": (200, 20), "scale": (200, 20), "b": (20, 200), "c": (200, 784)}
    p = {name: (random.normal(size=shape) * 0.05).astype("float32") for name, shape in shapes.items()}
    x = random.uniform(size=(64, 784)).astype("float32")
    return lib.grad(loss), (p, x, random.normal(size=(64, 20)).astype("float32"))


def contrastive_loss(lib):
    """Symmetric cross entropy of the cosines of 256 pairs of 128 numbers."""
    np, random = lib.np, default_rng(0)

    def loss(a, b, scale):
        a = a / np.sqrt(np.sum(a**2, axis=1, keepdims=True))
        b = b / np.sqrt(np.sum(b**2, axis=1, keepdims=True))
        z = np.exp(scale) * a @ b.T
        right = np.diagonal(z)
        return np.mean(lib.logsumexp(z, axis=0) - right) + np.mean(lib.logsumexp(z, axis=1) - right)

    a, b = random.normal(size=(2, 256, 128)).astype("float32")
    return lib.grad(loss, (0, 1, 2)), (a, b, np.float32(2.0))


def pairwise_energy(lib):
    """t-SNE's gradient: 1 500 points in the plane."""
    np, random = lib.np, default_rng(0)

    def loss(y, p):
        square = np.sum((y[:, None] - y[None]) ** 2, axis=2)
        q = 1.0 / (1.0 + square)
        return np.sum(p * np.log(1.0 + square)) + np.log(np.sum(q))

    p = random.uniform(size=(1_500, 1_500)).astype("float32")
    return lib.grad(loss), (random.normal(size=(1_500, 2)).astype("float32"), p / p.sum())


def ranking_loss(lib):
    """A loss of sorted numbers: the earth mover's distance of 32 pairs of 2 000 samples."""
    np, random = lib.np, default_rng(0)

    def loss(x, y):
        return np.mean((np.sort(x, axis=1) - np.sort(y, axis=1)) ** 2)

    return lib.grad(loss), (random.normal(size=(32, 2_000)), random.normal(size=(32, 2_000)))


def segment_means(lib):
    """Means of 100 000 rows of 8 over 5 000 ragged groups, and the spread within them."""
    np, random = lib.np, default_rng(0)

    def loss(x, groups):
        count = lib.segment_sum(np.ones_like(x[:, 0]), groups, 5_000)
        mean = lib.segment_sum(x, groups, 5_000) / np.maximum(count, 1.0)[:, None]
        return np.mean((x - mean[groups]) ** 2)

    return lib.grad(loss), (random.normal(size=(100_000, 8)), np.sort(random.integers(0, 5_000, 100_000)))


def robust_regression(lib):
    """Student's likelihood of a line with its own scale and degrees of freedom, 200 000 points."""
    np, random = lib.np, default_rng(0)

    def loss(p, x, y):
        freedom, scale = np.exp(p[2]) + 1.0, np.exp(p[3])
        z = (y - p[0] - p[1] * x) / scale
        norm = lib.gammaln(0.5 * (freedom + 1)) - lib.gammaln(0.5 * freedom) - 0.5 * np.log(freedom) - p[3]
        return -np.mean(norm - 0.5 * (freedom + 1) * np.log1p(z**2 / freedom))

    return lib.grad(loss), (np.asarray([0.1, 0.2, 1.0, 0.0]), *random.normal(size=(2, 200_000)))


PROGRAMS = (
    gaussian_mixture,
    kernel_density,
    soft_k_means,
    nearest_centres,
    logistic_regression,
    softmax_regression,
    poisson_hessian,
    cox_regression,
    gaussian_process,
    variational_autoencoder,
    contrastive_loss,
    pairwise_energy,
    ranking_loss,
    segment_means,
    robust_regression,
)
