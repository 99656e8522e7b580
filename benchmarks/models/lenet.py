"""LeNet-5 (LeCun et al. 1998) with relu and maxima, on images of 28 × 28."""

import numpy as np

from benchmarks.harness.case import Run
from benchmarks.models import steps

SHAPES = {
    "first_weight": (6, 1, 5, 5),
    "first_bias": (6,),
    "second_weight": (16, 6, 5, 5),
    "second_bias": (16,),
    "third_weight": (400, 120),
    "third_bias": (120,),
    "fourth_weight": (120, 84),
    "fourth_bias": (84,),
    "last_weight": (84, 10),
    "last_bias": (10,),
}


def batch(count):
    random = np.random.default_rng(1)
    return random.normal(size=(count, 1, 28, 28)).astype(np.float32), random.integers(0, 10, count)


def glassgrad(count: int) -> Run:
    import glassgrad as gg

    def loss(p, x, y):
        x = np.maximum(gg.conv(x, p["first_weight"], padding=2) + p["first_bias"][:, None, None], 0.0)
        x = gg.max_pool(x, 2)
        x = np.maximum(gg.conv(x, p["second_weight"]) + p["second_bias"][:, None, None], 0.0)
        x = gg.max_pool(x, 2).reshape(len(y), -1)
        x = np.maximum(x @ p["third_weight"] + p["third_bias"], 0.0)
        x = np.maximum(x @ p["fourth_weight"] + p["fourth_bias"], 0.0)
        x = x @ p["last_weight"] + p["last_bias"]
        return np.mean(gg.scipy.special.logsumexp(x, axis=1) - x[np.arange(len(y)), y])

    return steps.with_glassgrad(loss, steps.drawn(SHAPES), batch(count))


def jax(count: int) -> Run:
    """Channels last, as JAX's users have them."""
    import jax.nn
    import jax.numpy as jnp
    from jax import lax

    def conv(x, w, padding):
        return lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def pool(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def loss(p, x, y):
        x = pool(jax.nn.relu(conv(x, p["first_weight"], "SAME") + p["first_bias"]))
        x = pool(jax.nn.relu(conv(x, p["second_weight"], "VALID") + p["second_bias"])).reshape(len(y), -1)
        x = jax.nn.relu(x @ p["third_weight"] + p["third_bias"])
        x = jax.nn.relu(x @ p["fourth_weight"] + p["fourth_bias"])
        x = x @ p["last_weight"] + p["last_bias"]
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], axis=1))

    parameters, (x, y) = steps.drawn(SHAPES), batch(count)
    for name in ("first_weight", "second_weight"):
        parameters[name] = parameters[name].transpose(2, 3, 1, 0)
    parameters["third_weight"] = parameters["third_weight"].reshape(16, 25, 120).swapaxes(0, 1).reshape(400, 120)
    return steps.with_jax(loss, parameters, (x.transpose(0, 2, 3, 1), y))


def torch(count: int, *, compiles: bool = False) -> Run:
    from torch import nn
    from torch.nn import functional

    class LeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
            self.third, self.fourth, self.last = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

        def forward(self, x):
            x = functional.max_pool2d(functional.relu(self.first(x)), 2)
            x = functional.max_pool2d(functional.relu(self.second(x)), 2).flatten(1)
            return self.last(functional.relu(self.fourth(functional.relu(self.third(x)))))

    loss = lambda model, x, y: functional.cross_entropy(model(x), y)  # noqa: E731
    return steps.with_torch(LeNet(), loss, steps.drawn(SHAPES), batch(count), compiles=compiles)
