"""One transformer block (Vaswani et al. 2017), normalised before each part, with causal attention and a gelu."""

import math

import numpy as np

from benchmarks.harness.case import Run
from benchmarks.models import steps

WIDTH, HEADS = 256, 4
SMALL = 1e-5
SHAPES = {
    "before_scale": (WIDTH,),
    "before_shift": (WIDTH,),
    "joint_weight": (WIDTH, 3 * WIDTH),
    "joint_bias": (3 * WIDTH,),
    "out_weight": (WIDTH, WIDTH),
    "out_bias": (WIDTH,),
    "between_scale": (WIDTH,),
    "between_shift": (WIDTH,),
    "up_weight": (WIDTH, 4 * WIDTH),
    "up_bias": (4 * WIDTH,),
    "down_weight": (4 * WIDTH, WIDTH),
    "down_bias": (WIDTH,),
}


def batch(length, count):
    random = np.random.default_rng(1)
    x = random.normal(size=(count, length, WIDTH)).astype(np.float32)
    return x, np.roll(x, 1, axis=1)


def glassgrad(length: int, count: int) -> Run:
    from glassgrad.scipy.special import softmax

    def norm(x, scale, shift):
        centred = x - np.mean(x, axis=-1, keepdims=True)
        return centred / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + SMALL) * scale + shift

    def gelu(x):
        return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))

    def attention(p, x):
        joint = (x @ p["joint_weight"] + p["joint_bias"]).reshape(count, length, 3, HEADS, -1)
        q, k, v = joint.transpose(2, 0, 3, 1, 4)  # (example, head, place, width of a head)
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(WIDTH // HEADS)
        scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
        mixed = (softmax(scores, axis=-1) @ v).swapaxes(1, 2).reshape(count, length, WIDTH)
        return mixed @ p["out_weight"] + p["out_bias"]

    def loss(p, x, y):
        x = x + attention(p, norm(x, p["before_scale"], p["before_shift"]))
        up = gelu(norm(x, p["between_scale"], p["between_shift"]) @ p["up_weight"] + p["up_bias"])
        return np.mean((x + up @ p["down_weight"] + p["down_bias"] - y) ** 2)

    return steps.with_glassgrad(loss, steps.drawn(SHAPES), batch(length, count))


def jax(length: int, count: int) -> Run:
    import jax.nn
    import jax.numpy as jnp

    def norm(x, scale, shift):
        mean, variance = jnp.mean(x, axis=-1, keepdims=True), jnp.var(x, axis=-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + SMALL) * scale + shift

    def attention(p, x):
        joint = (x @ p["joint_weight"] + p["joint_bias"]).reshape(count, length, 3, HEADS, -1)
        q, k, v = joint[:, :, 0], joint[:, :, 1], joint[:, :, 2]
        mixed = jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(count, length, WIDTH)
        return mixed @ p["out_weight"] + p["out_bias"]

    def loss(p, x, y):
        x = x + attention(p, norm(x, p["before_scale"], p["before_shift"]))
        up = jax.nn.gelu(norm(x, p["between_scale"], p["between_shift"]) @ p["up_weight"] + p["up_bias"])
        return jnp.mean((x + up @ p["down_weight"] + p["down_bias"] - y) ** 2)

    return steps.with_jax(loss, steps.drawn(SHAPES), batch(length, count))


def torch(length: int, count: int, *, compiles: bool = False) -> Run:
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.joint, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x):
            joint = self.joint(self.before(x)).view(count, length, 3, HEADS, -1)
            q, k, v = joint.permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(mixed.transpose(1, 2).reshape(count, length, WIDTH))
            return x + self.down(functional.gelu(self.up(self.between(x)), approximate="tanh"))

    names = {"scale": "weight", "shift": "bias"}  # as torch calls them
    parameters = {}
    for name, value in steps.drawn(SHAPES).items():
        first, last = name.rsplit("_", 1)
        parameters[f"{first}_{names.get(last, last)}"] = value
    loss = lambda model, x, y: functional.mse_loss(model(x), y)  # noqa: E731
    return steps.with_torch(Block(), loss, parameters, batch(length, count), compiles=compiles)
