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


SHAPES = {  # image, weights, how: rows shorter than a vector, one position, one tap, three and one dimensions
    "short rows": ((2, 3, 9, 5), (5, 3, 3, 3), {"padding": 1}),
    "one position": ((3, 2, 4, 4), (7, 2, 4, 4), {}),
    "one tap": ((2, 5, 8, 8), (6, 5, 1, 1), {"stride": 2}),
    "padding cut off again": ((2, 2, 10, 21), (3, 2, 1, 1), {"padding": 2}),
    "long": ((2, 3, 301), (4, 3, 7), {"padding": 3}),
    "stretched": ((1, 2, 40), (4, 2, 5), {"dilation": 3}),
    "solid": ((2, 2, 6, 7, 9), (3, 2, 2, 3, 3), {"padding": 1}),
    "wide": ((2, 9, 20, 33), (40, 9, 3, 5), {"padding": "same"}),
    "rows of several tiles": ((2, 3, 5, 56), (7, 3, 3, 3), {"padding": "same"}),
    "rows that end inside of a vector": ((3, 2, 7, 29), (6, 2, 3, 2), {}),
    "many inner steps": ((1, 90, 6, 28), (5, 90, 3, 3), {"padding": "same"}),
    "every second position": ((2, 3, 17, 65), (5, 3, 3, 3), {"stride": 2, "padding": 1}),
    "every third position": ((2, 3, 20, 50), (5, 3, 2, 3), {"stride": 3}),
    "every fourth position": ((2, 2, 9, 66), (3, 2, 3, 2), {"stride": 4}),
    "every fifth position": ((2, 2, 6, 90), (3, 2, 1, 3), {"stride": 5}),
    "strides of their own": ((2, 2, 9, 30), (3, 2, 3, 3), {"stride": (3, 2), "padding": 1}),
    "every second position, rows that end inside of a vector": ((2, 2, 21, 21), (3, 2, 3, 3), {"stride": 2}),
    "rows whose ends are nearer than neighbours": ((2, 2, 12, 9), (3, 2, 1, 1), {"stride": (1, 4)}),
    "long, every second position": ((2, 3, 301), (4, 3, 7), {"stride": 2, "padding": 3}),
    "solid, every second position": ((2, 2, 6, 7, 19), (3, 2, 2, 3, 3), {"stride": 2, "padding": 1}),
    "empty": ((0, 2, 8, 8), (3, 2, 3, 3), {}),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_awkward_shapes(shape, dtype):
    image, weights, how = SHAPES[shape]
    generator = np.random.default_rng(0)
    x, w = generator.normal(size=image).astype(dtype), generator.normal(size=weights).astype(dtype)

    def loss(x, w):
        return np.sum(np.sin(gg.conv(x, w, **how)))

    agrees(loss, x, w, tolerance=1e-3 if dtype == "float32" else 1e-11)


def test_what_is_not_finite_reaches_its_own_outputs_alone():
    x, w = np.ones((1, 1, 12, 20)), np.ones((2, 1, 3, 3))
    x[0, 0, 5, 11] = np.nan
    with gg.settings(engine="cpu"):
        found = gg.jit(gg.conv)(x, w)
    expected = np.full((1, 2, 10, 18), 9.0)
    expected[:, :, 3:6, 9:12] = np.nan
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("outputs", [1, 6, 16, 17, 32, 40, 64, 100])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), ((1, 3), (2, 1))], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_by_the_weights_of_many_channels(outputs, stride, dilation, dtype):
    generator = np.random.default_rng(outputs)
    x, w = generator.normal(size=(3, 7, 22, 25)), generator.normal(size=(outputs, 7, 3, 2))
    x, w = x.astype(dtype), w.astype(dtype)
    x[1, 4, 10, 12], x[2, 6, 3, 3] = np.inf, np.nan

    def gradient(x, w):
        return gg.grad(lambda w: np.sum(gg.conv(x, w, stride=stride, dilation=dilation, padding=1)))(w)

    expected = gradient(x, w)
    with gg.settings(engine="cpu"):
        found = gg.jit(gradient)(x, w)
    tolerance = 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * 20)
    assert np.isfinite(found).any()


def test_threads_change_no_bit_of_a_convolution():
    generator = np.random.default_rng(0)
    x, w = generator.normal(size=(5, 8, 30, 31)).astype("f"), generator.normal(size=(16, 8, 3, 3)).astype("f")
    step = gg.grad(lambda x, w: np.sum(np.sin(gg.conv(x, w, padding=1))), (0, 1))
    results = []
    for threads in (1, 2, 3):
        with gg.settings(engine="cpu", threads=threads):
            results.append(gg.jit(step)(x, w))
    for found in results[1:]:
        for a, b in zip(found, results[0], strict=True):
            np.testing.assert_array_equal(a, b)


WINDOWS_APART = [
    {"window": 2},
    {"window": (2, 3)},
    {"window": 3, "stride": 3},
    {"window": 2, "stride": 3},
    {"window": (1, 4), "stride": (2, 5)},
    {"window": (4, 1)},
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1, 7, 9), (2, 3, 12, 12), (0, 2, 4, 4), (5, 2, 6, 33), (40, 6, 28, 28)])
@pytest.mark.parametrize("how", WINDOWS_APART, ids=str)
def test_the_way_back_through_windows_that_lie_apart(how, shape, dtype):
    x = np.random.default_rng(1).normal(size=shape).astype(dtype)
    level = np.round(x)  # where several elements are the largest, the first has the derivative
    for values in (x, level):
        agrees(
            lambda x: np.sum(np.maximum(gg.max_pool(np.maximum(x, 0.0), **how) - 0.5, 0.0)),
            values,
            tolerance=1e-4 if dtype is np.float32 else 1e-11,
        )


def test_the_way_back_through_windows_with_nan_and_infinity():
    x = np.random.default_rng(2).normal(size=(3, 2, 8, 14))
    x.flat[::7], x.flat[3::11], x.flat[5::13] = np.nan, np.inf, -np.inf
    agrees(lambda x: np.sum(gg.max_pool(x, 2)), x, tolerance=1e-12)


@pytest.mark.parametrize("count", [1, 3, 64])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_shares_of_windows_are_added_plane_by_plane(count, stride):
    generator = np.random.default_rng(3)
    x, w = generator.normal(size=(count, 3, 9, 11)), generator.normal(size=(4, 3, 5, 4))
    agrees(lambda x, w: np.sum(gg.conv(x, w, stride=stride) ** 2), x, w, tolerance=1e-9)
