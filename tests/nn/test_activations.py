"""Activations: values and derivatives by formula, at the ends, at the corners; eager = compiled; one loop each."""

from functools import partial

import mpmath
import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn
from glassgrad.base.errors import OutOfRangeError, ShapeError, UsageError
from glassgrad.nn import activations
from glassgrad.nn.activations import ACTIVATIONS, activation_of, name_of

ELEMENTWISE = sorted(set(ACTIVATIONS) - {"glu", "softmax", "log_softmax"})
# Values by the textbook, in 50 digits.
TEXTBOOK = {
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "gelu_tanh": lambda x: x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))),
    "hard_sigmoid": lambda x: min(max(x + 3, 0), 6) / mpmath.mpf(6),
    "hard_silu": lambda x: x * min(max(x + 3, 0), 6) / mpmath.mpf(6),
    "hard_tanh": lambda x: min(max(x, -1), 1),
    "identity": lambda x: x,
    "leaky_relu": lambda x: x if x > 0 else x * mpmath.mpf(0.01),
    "linear": lambda x: x,
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "mish": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
    "relu": lambda x: max(x, 0),
    "relu6": lambda x: min(max(x, 0), 6),
    "selu": lambda x: (
        mpmath.mpf("1.0507009873554804934193349852946")
        * (x if x > 0 else mpmath.mpf("1.6732632423543772848170429916717") * mpmath.expm1(x))
    ),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "tanh": mpmath.tanh,
}
# At -∞ and +∞: the values, and the derivatives.
ENDS = {
    "elu": ((-1, np.inf), (0, 1)),
    "gelu": ((0, np.inf), (0, 1)),
    "gelu_tanh": ((0, np.inf), (0, 1)),
    "hard_sigmoid": ((0, 1), (0, 0)),
    "hard_silu": ((0, np.inf), (0, 1)),
    "hard_tanh": ((-1, 1), (0, 0)),
    "identity": ((-np.inf, np.inf), (1, 1)),
    "leaky_relu": ((-np.inf, np.inf), (0.01, 1)),
    "linear": ((-np.inf, np.inf), (1, 1)),
    "log_sigmoid": ((-np.inf, 0), (1, 0)),
    "mish": ((0, np.inf), (0, 1)),
    "relu": ((0, np.inf), (0, 1)),
    "relu6": ((0, 6), (0, 0)),
    "selu": ((-activations.SELU_SCALE * activations.SELU_ALPHA, np.inf), (0, activations.SELU_SCALE)),
    "sigmoid": ((0, 1), (0, 0)),
    "silu": ((0, np.inf), (0, 1)),
    "softplus": ((0, np.inf), (0, 1)),
    "softsign": ((-1, 1), (0, 0)),
    "tanh": ((-1, 1), (0, 0)),
}
# Where a function has a corner: the derivative that PyTorch takes there.
CORNERS = {
    "relu": {0: 0},
    "relu6": {0: 0, 6: 0},
    "leaky_relu": {0: 0.01},
    "hard_tanh": {-1: 0, 1: 0},
    "hard_sigmoid": {-3: 0, 3: 0},
    "hard_silu": {-3: 0, 3: 1},
    "elu": {0: 1},
    "selu": {0: activations.SELU_SCALE * activations.SELU_ALPHA},
}
POINTS = np.array([-30, -7.5, -2.9, -1.1, -0.3, -1e-3, 1e-4, 0.2, 0.9, 2.7, 5.5, 12, 40], np.float64)


def slope(function):
    return gg.grad(lambda x: np.sum(function(x)))


def test_every_one_has_a_textbook():
    assert set(TEXTBOOK) == set(ENDS) == set(ELEMENTWISE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_are_those_of_the_textbook(name, dtype):
    points = POINTS.astype(dtype)
    with mpmath.workdps(50):
        expected = [float(TEXTBOOK[name](mpmath.mpf(float(x)))) for x in points]
    found = ACTIVATIONS[name](points)
    assert found.dtype == dtype
    # Relative precision, in the tails as well. (The argument of gelu's tail is rounded before it is squared.)
    np.testing.assert_allclose(found, expected, rtol=3e-5 if dtype == np.float32 else 1e-12, atol=np.finfo(dtype).tiny)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivatives_are_those_of_the_textbook(name):
    with mpmath.workdps(50):
        expected = [float(mpmath.diff(TEXTBOOK[name], mpmath.mpf(float(x)), h=mpmath.mpf(10) ** -20)) for x in POINTS]
    np.testing.assert_allclose(slope(ACTIVATIONS[name])(POINTS), expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("run", [lambda f: f, gg.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_ends_have_values_and_finite_derivatives(name, dtype, run):
    values, slopes = ENDS[name]
    function = ACTIVATIONS[name]
    ends = np.array([-np.inf, np.inf], dtype)
    np.testing.assert_allclose(run(function)(ends), values, rtol=1e-6)
    np.testing.assert_allclose(run(slope(function))(ends), slopes, rtol=1e-6)
    far = np.array([-1e4, 1e4, -3e38, 3e38], dtype)
    assert np.isfinite(run(function)(far)).all()
    np.testing.assert_allclose(run(slope(function))(far), slopes * 2, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nan_stays_nan(name):
    x = np.array([np.nan, 1.0])
    assert list(np.isnan(ACTIVATIONS[name](x))) == [True, False]
    assert list(np.isnan(gg.jit(ACTIVATIONS[name])(x))) == [True, False]


@pytest.mark.parametrize("name", CORNERS)
def test_corners(name):
    for where, expected in CORNERS[name].items():
        assert gg.grad(ACTIVATIONS[name])(float(where)) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_compiled_is_eager(name, dtype):
    x = np.random.default_rng(1).normal(scale=4, size=(3, 5, 6)).astype(dtype)
    function = ACTIVATIONS[name]
    rtol = 3e-5 if dtype == np.float32 else 1e-12
    weights = np.random.default_rng(2).normal(size=np.shape(function(x))).astype(dtype)
    gradient = gg.grad(lambda x: np.sum(function(x) * weights))
    for one in (function, gradient):
        found = gg.jit(one)(x)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, one(x), rtol=rtol, atol=rtol / 100)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_and_gradients_are_one_loop_each(name):
    x = np.ones((8, 33), np.float32)
    for compiled in (gg.jit(ACTIVATIONS[name]), gg.jit(slope(ACTIVATIONS[name]))):
        assert len(compiled.inspect(x).steps) <= 1


@pytest.mark.parametrize("name", sorted(set(ELEMENTWISE) - {"relu", "relu6", "hard_tanh", "linear", "identity"}))
def test_second_derivatives(name):
    gg.check_gradients(ACTIVATIONS[name], np.array([-2.2, -0.4, 0.7, 1.9]), order=2)


def test_half_precision_stays():
    x = np.array([-3, 0.5, 4], np.float16)
    assert {name: ACTIVATIONS[name](x).dtype for name in ELEMENTWISE} == dict.fromkeys(ELEMENTWISE, np.float16)


def test_lists_and_whole_numbers():
    assert activations.relu([-1, 2]).tolist() == [0, 2]
    assert activations.sigmoid([0, 0]).dtype == np.float64
    assert activations.gelu(0) == 0


# ------------------------------------------------------------------ with parameters
def test_leaky_relu_learns_its_slopes():
    x, slopes = np.array([[-2.0, 3.0], [-1.0, -4.0]]), np.array([0.1, 0.2])
    np.testing.assert_allclose(activations.leaky_relu(x, slopes), [[-0.2, 3.0], [-0.1, -0.8]])
    np.testing.assert_allclose(gg.grad(lambda s: np.sum(activations.leaky_relu(x, s)))(slopes), [-3.0, -4.0])


def test_a_slope_of_zero_is_relu():
    assert activations.leaky_relu(np.array([-7.0, 2.0, np.inf]), 0.0).tolist() == [0, 2, np.inf]
    assert gg.grad(lambda x: activations.leaky_relu(x, 0.0))(-5.0) == 0.0


def test_sharp_softplus():
    x = np.array([-1.0, 0.0, 3.0])
    np.testing.assert_allclose(activations.softplus(x, 4.0), np.log1p(np.exp(4 * x)) / 4)
    np.testing.assert_allclose(activations.elu(x, 2.0), np.where(x > 0, x, 2 * np.expm1(x)))


def test_glu_halves_its_axis():
    x = np.random.default_rng(3).normal(size=(4, 3))
    np.testing.assert_allclose(activations.glu(x, 0), x[:2] / (1 + np.exp(-x[2:])))
    gg.check_gradients(lambda x: activations.glu(x, 0), x)
    with pytest.raises(ShapeError, match="axis 1, which has 3"):
        activations.glu(x)
    with pytest.raises(OutOfRangeError, match="glu along axis 2"):
        activations.glu(x, 2)


# ------------------------------------------------------------------ softmax
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_far_out(axis, dtype):
    x = np.array([[1e4, -1e4, 1e4], [1e4, -np.inf, 0.0]], dtype)
    for run in (lambda f: f, gg.jit):
        shares = run(lambda x: activations.softmax(x, axis=axis))(x)
        assert shares.dtype == dtype
        np.testing.assert_allclose(np.sum(shares, axis), 1, rtol=1e-6)
    gradient = gg.grad(lambda x: activations.log_softmax(x[0], axis=-1)[0])(x)
    np.testing.assert_allclose(gradient, [[0.5, 0, -0.5], [0, 0, 0]])


def test_softmax_over_some_entries():
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    where = np.array([[True, False, True], [False, False, False]])
    shares = activations.softmax(x, where=where)
    np.testing.assert_allclose(shares[0], [1 / (1 + np.e**2), 0, np.e**2 / (1 + np.e**2)])
    assert shares[1].tolist() == [0, 0, 0]
    for run in (lambda f: f, gg.jit):
        gradient = run(gg.grad(lambda x: np.sum(activations.softmax(x, where=where) * [1.0, 2.0, 4.0])))(x)
        product = shares[0, 0] * shares[0, 2] * 3
        np.testing.assert_allclose(gradient, [[-product, 0, product], [0, 0, 0]], atol=1e-15)


# ------------------------------------------------------------------ by name
def test_names():
    assert activation_of("ReLU") is activations.relu
    assert activation_of("hard-swish") is activations.hard_silu
    assert activation_of(None) is activations.linear
    assert activation_of(np.sin) is np.sin
    assert name_of(partial(activations.leaky_relu, slope=0.2)) == "leaky_relu"
    assert all(name_of(activation_of(name)) == name for name in ACTIVATIONS)


def test_a_wrong_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'sigmoid'"):
        activation_of("sigmiod")
    with pytest.raises(UsageError, match="a name or a function, found int 3"):
        activation_of(3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.mlp([3, 4, 2], key=0, activation="glu"),
        lambda: nn.RNN(3, 4, key=0, activation=nn.glu),
        lambda: nn.FeedForward(3, 4, key=0, activation="glu"),
        lambda: nn.TransformerEncoderBlock(4, 2, key=0, activation="glu"),
    ],
)
def test_glu_is_refused_where_the_size_must_stay(make):
    with pytest.raises(UsageError, match="keeps the size, and glu halves it") as caught:
        make()
    assert "nn.glu" in str(caught.value)
    assert nn.Sequential(nn.Linear(3, 8, key=0, activation="glu"), nn.glu)(np.ones(3, np.float32)).shape == (4,)
