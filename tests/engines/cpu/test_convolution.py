"""Convolution and pooling on the CPU engine: loops and matrix products, no host, values as the reference has them."""

import numpy as np
import pytest

import glassgrad as gg

CASES = [
    {"stride": 1, "padding": 0},
    {"stride": 2, "padding": 1},
    {"stride": 1, "padding": "same"},
    {"stride": 2, "padding": 2, "dilation": 2},
]


@pytest.mark.parametrize("how", CASES, ids=[" ".join(f"{k}={v}" for k, v in how.items()) for how in CASES])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_convolution_and_its_gradients(how, dtype):
    generator = np.random.default_rng(0)
    x, w = generator.normal(size=(3, 2, 11, 12)).astype(dtype), generator.normal(size=(4, 2, 3, 3)).astype(dtype)

    def loss(x, w):
        return np.sum(np.sin(gg.conv(x, w, **how)))

    agrees(loss, x, w, tolerance=1e-4 if dtype == "float32" else 1e-11)


def test_a_pooled_network():
    generator = np.random.default_rng(0)
    x, w = generator.normal(size=(2, 1, 12, 12)), generator.normal(size=(3, 1, 3, 3))

    def loss(x, w):
        return np.sum(gg.max_pool(np.maximum(gg.conv(x, w), 0.0), 2) ** 2)

    agrees(loss, x, w, tolerance=1e-11)


def agrees(loss, *arguments, tolerance):
    step = gg.value_and_grad(loss, tuple(range(len(arguments))))
    with gg.settings(engine="cpu"):
        compiled = gg.jit(step)
        value, gradients = compiled(*arguments)
        (version,) = compiled.cache.values()
    assert not version.program.module.host
    expected, expected_gradients = step(*arguments)
    np.testing.assert_allclose(value, expected, rtol=tolerance)
    for found, wanted in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
