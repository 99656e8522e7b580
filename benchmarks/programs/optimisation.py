"""Optimisation: gradients, Hessians and steps of the textbooks' functions."""

from numpy.random import default_rng


def rosenbrock(np):
    return lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_100(lib):
    return lib.value_and_grad(rosenbrock(lib.np)), (default_rng(0).normal(size=100),)


def rosenbrock_1000000(lib):
    return lib.value_and_grad(rosenbrock(lib.np)), (default_rng(0).normal(size=1_000_000),)


def rosenbrock_hessian(lib):
    return lib.hessian(rosenbrock(lib.np)), (default_rng(0).normal(size=50),)


def hessian_vector_product(lib):
    f = rosenbrock(lib.np)
    return lambda x, v: lib.jvp(lib.grad(f), (x,), (v,))[1], tuple(default_rng(0).normal(size=(2, 100_000)))


def quadratic_form(lib):
    np, random = lib.np, default_rng(0)
    return lib.grad(lambda x, a, b: 0.5 * x @ a @ x - b @ x), (
        random.normal(size=1_000),
        random.normal(size=(1_000, 1_000)),
        np.ones(1_000),
    )


def network_hessian(lib):
    """All second derivatives of a network of 51 weights on 100 points."""
    np, random = lib.np, default_rng(0)

    def loss(w, x, y):
        h = np.tanh(x @ w[:30].reshape(3, 10) + w[30:40])
        return np.mean((h @ w[40:50] + w[50] - y) ** 2)

    return lib.hessian(loss), (random.normal(size=51), random.normal(size=(100, 3)), random.normal(size=100))


def jacobian_rows(lib):
    """20 results of 1 000 numbers, reverse mode."""
    np, random = lib.np, default_rng(0)
    return lib.jacobian_reverse(lambda x, a: np.tanh(a @ np.sin(x))), (
        random.normal(size=1_000),
        random.normal(size=(20, 1_000)) * 0.1,
    )


def jacobian_columns(lib):
    """1 000 results of 20 numbers, forward mode."""
    np, random = lib.np, default_rng(0)
    return lib.jacobian_forward(lambda x, t: x[:10] @ np.exp(-np.outer(x[10:] ** 2, t))), (
        random.normal(size=20),
        random.uniform(size=1_000),
    )


def levenberg_marquardt(lib):
    """Ten damped steps of a fit of six numbers to 500 observations, in a loop."""
    np, random = lib.np, default_rng(0)

    def fit(p, t, y):
        def residual(p):
            return p[0] * np.exp(-p[1] * t) + p[2] * np.sin(p[3] * t + p[4]) + p[5] - y

        def step(_, p):
            j, r = lib.jacobian_forward(residual)(p), residual(p)
            return p - np.linalg.solve(j.T @ j + 0.1 * np.eye(6), j.T @ r)

        return lib.fori_loop(0, 10, step, p)

    t = np.linspace(0, 5, 500)
    y = np.exp(-t) + np.sin(2 * t) + 0.1 * random.normal(size=500)
    return fit, (np.asarray([1.0, 1.0, 1.0, 2.0, 0.1, 0.0]), t, y)


def gradient_descent(lib):
    """1 000 steps with momentum on Himmelblau's function, from 64 starts."""
    np, random = lib.np, default_rng(0)

    def f(p):
        return (p[0] ** 2 + p[1] - 11.0) ** 2 + (p[0] + p[1] ** 2 - 7.0) ** 2

    def descend(p):
        def step(_, state):
            p, v = state
            v = 0.9 * v - 0.001 * lib.grad(f)(p)
            return p + v, v

        return lib.fori_loop(0, 1_000, step, (p, np.zeros_like(p)))[0]

    return lib.vmap(descend), (random.uniform(-4, 4, (64, 2)),)


def newton_minimum(lib):
    """Newton's method with the Hessian until the gradient vanishes, ten numbers."""
    np, random = lib.np, default_rng(0)

    def f(x, a):
        return lib.logsumexp(a @ x, axis=0) + 0.5 * np.sum(x**2)

    def minimum(x, a):
        gradient = lib.grad(f)

        def step(state):
            x, n = state
            return x - np.linalg.solve(lib.hessian(f)(x, a), gradient(x, a)), n + 1

        return lib.while_loop(lambda s: (np.sum(gradient(s[0], a) ** 2) > 1e-16) & (s[1] < 50), step, (x, 0))[0]

    return minimum, (random.normal(size=10), random.normal(size=(40, 10)))


def conjugate_gradients(lib):
    """100 steps of conjugate gradients with Hessian-vector products of a smoothed total variation."""
    np, random = lib.np, default_rng(0)

    def energy(u):
        return np.sum(np.sqrt(1.0 + (u[1:] - u[:-1]) ** 2)) + 0.5 * np.sum(u**2)

    def solve(u, b):
        def times(v):
            return lib.jvp(lib.grad(energy), (u,), (v,))[1]

        def step(_, state):
            x, r, p, square = state
            ap = times(p)
            alpha = square / np.dot(p, ap)
            r = r - alpha * ap
            new = np.dot(r, r)
            return x + alpha * p, r, r + new / square * p, new

        return lib.fori_loop(0, 100, step, (np.zeros_like(b), b, b, np.dot(b, b)))[0]

    return solve, tuple(random.normal(size=(2, 2_000)))


PROGRAMS = (
    rosenbrock_100,
    rosenbrock_1000000,
    rosenbrock_hessian,
    hessian_vector_product,
    quadratic_form,
    network_hessian,
    jacobian_rows,
    jacobian_columns,
    levenberg_marquardt,
    gradient_descent,
    newton_minimum,
    conjugate_gradients,
)
