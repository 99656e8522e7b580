"""A residual network (He et al. 2016) of three stages with batch normalisation, on images of 32 × 32 × 3."""

import numpy as np

from benchmarks.harness.case import Run
from benchmarks.models import steps

WIDTHS = (16, 32, 64)
SMALL = 1e-5


def shapes():
    found = {"stem_weight": (16, 3, 3, 3), "stem_norm_scale": (16,), "stem_norm_shift": (16,)}
    before = 16
    for stage, width in enumerate(WIDTHS):
        for index, inner in enumerate((before, width)):
            found[f"{stage}_{index}_weight"] = (width, inner, 3, 3)
            found |= {f"{stage}_{index}_norm_scale": (width,), f"{stage}_{index}_norm_shift": (width,)}
        if before != width:
            found[f"{stage}_skip_weight"] = (width, before, 1, 1)
        before = width
    return found | {"last_weight": (64, 10), "last_bias": (10,)}


def batch(count):
    random = np.random.default_rng(1)
    return random.normal(size=(count, 3, 32, 32)).astype(np.float32), random.integers(0, 10, count)


def network(p, x, conv, norm, relu):
    """The forward pass up to the pooled features, from a library's own convolution, normalisation and relu."""
    x = relu(norm(conv(x, p["stem_weight"], 1), p["stem_norm_scale"], p["stem_norm_shift"]))
    for stage in range(len(WIDTHS)):
        stride = 1 if stage == 0 else 2
        skip = x if stage == 0 else conv(x, p[f"{stage}_skip_weight"], stride)
        for index in range(2):
            name = f"{stage}_{index}"
            x = norm(conv(x, p[f"{name}_weight"], stride), p[f"{name}_norm_scale"], p[f"{name}_norm_shift"])
            x, stride = (relu(x) if index == 0 else relu(x + skip)), 1
    return x


def glassgrad(count: int) -> Run:
    import glassgrad as gg

    def conv(x, w, stride):
        return gg.conv(x, w, stride=stride, padding=w.shape[2] // 2)

    def norm(x, scale, shift):
        centred = x - np.mean(x, axis=(0, 2, 3), keepdims=True)
        spread = np.sqrt(np.mean(centred**2, axis=(0, 2, 3), keepdims=True) + SMALL)
        return centred / spread * scale[:, None, None] + shift[:, None, None]

    def loss(p, x, y):
        x = np.mean(network(p, x, conv, norm, lambda x: np.maximum(x, 0.0)), axis=(2, 3))
        x = x @ p["last_weight"] + p["last_bias"]
        return np.mean(gg.scipy.special.logsumexp(x, axis=1) - x[np.arange(len(y)), y])

    return steps.with_glassgrad(loss, steps.drawn(shapes()), batch(count))


def jax(count: int) -> Run:
    """Channels last, as JAX's users have them."""
    import jax.nn
    import jax.numpy as jnp
    from jax import lax

    def conv(x, w, stride):
        pad = w.shape[0] // 2
        numbers = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(x, w, (stride, stride), ((pad, pad), (pad, pad)), dimension_numbers=numbers)

    def norm(x, scale, shift):
        mean, variance = jnp.mean(x, axis=(0, 1, 2)), jnp.var(x, axis=(0, 1, 2))
        return (x - mean) * lax.rsqrt(variance + SMALL) * scale + shift

    def loss(p, x, y):
        x = jnp.mean(network(p, x, conv, norm, jax.nn.relu), axis=(1, 2)) @ p["last_weight"] + p["last_bias"]
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], axis=1))

    parameters = {n: p.transpose(2, 3, 1, 0) if p.ndim == 4 else p for n, p in steps.drawn(shapes()).items()}
    x, y = batch(count)
    return steps.with_jax(loss, parameters, (x.transpose(0, 2, 3, 1), y))


def torch(count: int, *, compiles: bool = False) -> Run:
    import torch as library
    from torch import nn
    from torch.nn import functional

    class Residual(nn.Module):
        """Its parameters have the names of `shapes`, so `network` above reads as it does for the others."""

        def __init__(self):
            super().__init__()
            for name, shape in shapes().items():
                self.register_parameter(name, nn.Parameter(library.empty(shape if len(shape) != 2 else shape[::-1])))

        def forward(self, x):
            x = network(dict(self.named_parameters()), x, conv, norm, functional.relu).mean((2, 3))
            return functional.linear(x, self.last_weight, self.last_bias)

    def conv(x, w, stride):
        return functional.conv2d(x, w, stride=stride, padding=w.shape[2] // 2)

    def norm(x, scale, shift):
        return functional.batch_norm(x, None, None, scale, shift, training=True, eps=SMALL)

    loss = lambda model, x, y: functional.cross_entropy(model(x), y)  # noqa: E731
    return steps.with_torch(Residual(), loss, steps.drawn(shapes()), batch(count), compiles=compiles)
