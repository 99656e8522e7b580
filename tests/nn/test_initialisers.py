"""Initialisers: mean, variance and bounds by theory; fans by layout; the same numbers for the same key."""

from functools import partial
from math import pi, sqrt

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.nn import activations, initialisers
from glassgrad.nn.initialisers import INITIALISERS, default_for, fans_of, initialiser_of

DENSE, CONV = (200, 300), (60, 40, 5, 5)
TRUNCATED = 1 - 4 * np.exp(-2) / sqrt(2 * pi) / 0.9544997361036416  # variance between ±2 deviations
# (initialiser, shape, variance, bound)
THEORY = [
    ("glorot_uniform", DENSE, 2 / 500, sqrt(6 / 500)),
    ("glorot_normal", DENSE, 2 / 500, None),
    ("he_uniform", DENSE, 2 / 200, sqrt(6 / 200)),
    ("he_normal", DENSE, 2 / 200, None),
    ("lecun_uniform", DENSE, 1 / 200, sqrt(3 / 200)),
    ("lecun_normal", DENSE, 1 / 200, None),
    ("glorot_uniform", CONV, 2 / 2500, sqrt(6 / 2500)),
    ("he_normal", CONV, 2 / 1000, None),
    ("normal", DENSE, 0.05**2, None),
    ("uniform", DENSE, 0.1**2 / 12, 0.05),
    ("truncated_normal", DENSE, 0.05**2 * TRUNCATED, 0.1),
    ("orthogonal", DENSE, 1 / 300, None),
]


@pytest.mark.parametrize(("name", "shape", "variance", "bound"), THEORY)
def test_mean_and_variance(name, shape, variance, bound):
    numbers = INITIALISERS[name](3, shape, dtype=np.float64)
    assert numbers.shape == shape
    assert abs(np.mean(numbers)) < 4 * sqrt(variance / numbers.size)  # four standard errors
    assert np.var(numbers) == pytest.approx(variance, rel=0.03)  # normal numbers: 4·√(2/60000) = 2.3 %
    if bound is not None:
        assert 0.99 * bound < np.max(np.abs(numbers)) <= bound


@pytest.mark.parametrize("name", ["he_normal", "glorot_normal", "lecun_normal", "normal"])
def test_normal_ones_have_the_tails_of_a_normal_distribution(name):
    numbers = INITIALISERS[name](5, DENSE, dtype=np.float64)
    assert np.mean((numbers / np.std(numbers)) ** 4) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("name", sorted(INITIALISERS))
def test_dtype_key_and_compiled(name):
    initialiser = INITIALISERS[name]
    first = initialiser(7, (6, 4))
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, initialiser(gg.random.key(7), (6, 4)))
    assert initialiser(7, (6, 4), dtype=np.float64).dtype == np.float64
    compiled = gg.jit(lambda key: initialiser(key, (6, 4)))(gg.random.key(7))
    np.testing.assert_allclose(np.abs(compiled), np.abs(first), rtol=2e-5, atol=1e-6)
    if name not in ("zeros", "ones", "constant"):
        assert not np.array_equal(first, initialiser(8, (6, 4)))


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (4, 2, 3, 3)])
def test_orthogonal(shape):
    matrix = initialisers.orthogonal(1, shape, gain=2.0, dtype=np.float64).reshape(shape[0], -1)
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    np.testing.assert_allclose(short @ short.T, 4 * np.eye(len(short)), atol=1e-12)


def test_orthogonal_matrices_prefer_no_direction():
    corners = [initialisers.orthogonal(seed, (2, 2), dtype=np.float64)[0, 0] for seed in range(400)]
    assert abs(np.mean(corners)) < 0.15  # cosines of uniform angles: deviation 0.7 / 20
    assert np.mean(np.square(corners)) == pytest.approx(0.5, abs=0.08)


def test_constants():
    assert initialisers.zeros(0, (2, 3)).tolist() == [[0] * 3] * 2
    assert initialisers.ones(0, 2).tolist() == [1, 1]
    assert initialisers.constant(0, 2, value=3).tolist() == [3, 3]


# ------------------------------------------------------------------ fans
def test_fans_by_layout():
    assert fans_of((30, 10)) == (30, 10)
    assert fans_of((4, 30, 10), "dense") == (30, 10)
    assert fans_of((8, 3, 5)) == (15, 40)
    assert fans_of((8, 3, 5, 2)) == fans_of((8, 3, 5, 2), "conv") == (30, 80)
    assert fans_of((8, 3, 5, 2), "conv_transpose") == (80, 30)


def test_fans_given():
    numbers = initialisers.he_normal(2, 40_000, fans=(8, 1), dtype=np.float64)
    assert np.var(numbers) == pytest.approx(2 / 8, rel=0.04)
    same = initialisers.he_normal(0, (3, 4, 5)), initialisers.he_normal(0, (3, 4, 5), fans="conv")
    np.testing.assert_array_equal(*same)


def test_no_fans_is_an_error_with_the_way_out():
    with pytest.raises(ShapeError, match=r"fans=\(inputs, outputs\)"):
        initialisers.he_normal(0, 10)
    with pytest.raises(ShapeError, match="shape \\(3, 4\\) has no fans in the layout 'conv'"):
        fans_of((3, 4), "conv")
    with pytest.raises(UsageError, match="no layout 'image'"):
        fans_of((3, 4), "image")
    with pytest.raises(ShapeError, match="two axes or more"):
        initialisers.orthogonal(0, 3)


def test_no_inputs_divide_by_nothing():
    for name in ("he_normal", "he_uniform", "glorot_uniform", "lecun_normal"):
        assert INITIALISERS[name](0, (0, 3)).shape == (0, 3)


# ------------------------------------------------------------------ which one
def test_defaults():
    assert default_for("relu") is default_for(activations.gelu) is initialisers.he_normal
    assert default_for("selu") is initialisers.lecun_normal
    for name in ("tanh", "sigmoid", "softmax", "linear", None, np.sin):
        assert default_for(name) is initialisers.glorot_uniform
    assert default_for(partial(activations.leaky_relu, slope=1.0)).keywords == {"gain": 1.0}
    assert all(callable(default_for(name)) for name in activations.ACTIVATIONS)


def test_a_function_that_bears_the_name_of_one_of_ours_is_not_taken_for_it():
    def relu(x):
        return x

    assert default_for(relu) is initialisers.glorot_uniform


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "selu", "elu", "mish", "tanh"])
def test_signals_keep_their_size_through_twenty_layers(name):
    activation, initialiser = activations.activation_of(name), default_for(name)
    x = np.random.default_rng(0).normal(size=(64, 256))
    for key in range(20):
        x = activation(x @ initialiser(key, (256, 256), dtype=np.float64))
    assert 0.05 < sqrt(np.mean(x**2)) < 3


def test_names():
    assert initialiser_of("He-Normal") is initialiser_of("kaiming_normal") is initialisers.he_normal
    assert initialiser_of(np.zeros) is np.zeros
    with pytest.raises(UsageError, match="did you mean 'glorot_uniform'"):
        initialiser_of("glorot_unifrom")
    with pytest.raises(UsageError, match="found int 3"):
        initialiser_of(3)
