"""Half precision ends at 65,504 and squares of it at 256: what sums or squares does so in 32 bits."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn

LARGE = np.array([[300, -300, 100, -1000], [60000, -60000, 1, 2]], np.float16)

NORMS = {
    "LayerNorm": lambda dtype: nn.LayerNorm(4, dtype=dtype),
    "LayerNorm without numbers": lambda dtype: nn.LayerNorm(4, affine=False, dtype=dtype),
    "RMSNorm": lambda dtype: nn.RMSNorm(4, epsilon=1e-6, dtype=dtype),
    "GroupNorm": lambda dtype: nn.GroupNorm(2, 4, dtype=dtype),
    "BatchNorm": lambda dtype: nn.BatchNorm(4, dtype=dtype),
}
MEANS = {
    "GlobalAvgPool": nn.GlobalAvgPool(),
    "AvgPool2d": nn.AvgPool2d(100),
    "AdaptiveAvgPool2d": nn.AdaptiveAvgPool2d((1, 7)),
}


def called(layer, x):
    with nn.training():
        return layer(x)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # of BatchNorm's running variance, kept in 16 bits
@pytest.mark.parametrize("run", [called, gg.jit(called)], ids=["eager", "jit"])
@pytest.mark.parametrize("name", NORMS)
def test_norms(name, run):
    found = run(NORMS[name](np.float16), LARGE)
    expected = called(NORMS[name](np.float64), LARGE.astype(np.float64))
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3)


def test_a_norm_of_float32_parameters_gives_float32():
    assert nn.LayerNorm(4)(LARGE).dtype == nn.BatchNorm(4)(LARGE).dtype == np.float32
    assert nn.LayerNorm(4)(np.arange(4)).dtype == nn.RMSNorm(4)(np.arange(4)).dtype == np.float64


@pytest.mark.parametrize("dtypes", [(np.float16, np.float32), (np.float32, np.float64), (np.float16, np.float16)])
def test_running_statistics_keep_their_dtype(dtypes):
    given, own = dtypes
    layer, x = nn.BatchNorm(4, dtype=own, momentum=1.0), LARGE[:, :3][:, [0, 1, 2, 0]].astype(given) / 1000
    with nn.training() as happened:
        layer(x)
    after = layer.replace(happened.changes(layer))
    assert after.running_mean.dtype == after.running_variance.dtype == own
    np.testing.assert_allclose(after.running_mean, x.astype(np.float64).mean(0), rtol=2e-3)


def test_the_running_variance_of_half_precision():
    layer = nn.BatchNorm(4, momentum=1.0)
    with nn.training() as happened:
        layer(np.tile(np.array([[300], [-300]], np.float16), (500, 4)))
    np.testing.assert_allclose(happened.changes(layer)["running_variance"], 90000 * 1000 / 999, rtol=1e-5)


@pytest.mark.parametrize("run", [lambda f, x: f(x), lambda f, x: gg.jit(f)(x)], ids=["eager", "jit"])
@pytest.mark.parametrize("name", MEANS)
def test_means(name, run):
    found = run(MEANS[name], np.full((1, 1, 300, 300), 10, np.float16))
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, np.full(found.shape, 10))


@pytest.mark.parametrize("run", [lambda f, *x: f(*x), lambda f, *x: gg.jit(f)(*x)], ids=["eager", "jit"])
def test_attention(run):
    x = np.full((4, 4), 200, np.float16)
    found = run(nn.attention, x, x, x)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, x)
