"""A Gaussian process fitted by its likelihood: Cholesky factor, linear solve, two parameters, one gradient.

python examples/gaussian_likelihood.py
"""

import numpy as np

import glassgrad as gg


def negative_log_likelihood(parameters, x, y):
    """Of observations y at x under a Gaussian process with a smooth kernel and noise."""
    scale, noise = np.exp(parameters["log_scale"]), np.exp(parameters["log_noise"])
    distance = (x[:, None] - x[None, :]) / scale
    covariance = np.exp(-(distance**2) / 2) + noise**2 * np.eye(len(x))  # (n, n)
    L = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(L, y)
    return whitened @ whitened / 2 + np.sum(np.log(np.diag(L))) + len(x) / 2 * np.log(2 * np.pi)


def main():
    random = np.random.default_rng(1)
    x = np.linspace(0.0, 6.0, 25)
    y = np.sin(x) + 0.2 * random.normal(size=25)
    parameters = {"log_scale": np.log(0.5), "log_noise": np.log(0.5)}

    gg.check_gradients(lambda p: negative_log_likelihood(p, x, y), parameters, order=1)
    step = gg.jit(gg.value_and_grad(negative_log_likelihood))
    for number in range(26):
        value, gradient = step(parameters, x, y)
        if number % 5 == 0:
            scale, noise = (np.exp(parameters[name]) for name in ("log_scale", "log_noise"))
            print(f"step {number:3}: -log p = {value:8.4f}   scale {scale:.3f}   noise {noise:.3f}")
        parameters = {name: parameters[name] - 0.02 * gradient[name] for name in parameters}

    curvature = gg.hessian(negative_log_likelihood)(parameters, x, y)["log_noise"]["log_noise"]
    print(f"log noise {parameters['log_noise']:.3f} ± {1 / np.sqrt(curvature):.3f}")


if __name__ == "__main__":
    main()
