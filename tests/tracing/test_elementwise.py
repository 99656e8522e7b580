"""NumPy's elementwise functions on traced values: values, dtypes and derivatives are those of plain NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import glassgrad as gg
from glassgrad.base.errors import ConversionError, NotDifferentiableError, ShapeError, UnsupportedError
from glassgrad.testing.check import check_gradients

X = np.array([0.3, -1.2, 2.4])
GRID = np.arange(6.0).reshape(2, 3) * 0.37 - 1
ANGLES = np.array([0.1, 1.3, 2.9, 5.7, 9.1, 14.3, -3.3])

SMOOTH: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "where": (lambda x: np.where(x > 0, x**2, 3.0), X),
    "where list": (lambda x: np.where([True, False, True], x, [1.0, 2.0, 3.0]), X),
    "where broadcast": (lambda x: np.where(X[:, None] > 0, x, x[:, None] ** 2), X),
    "select": (lambda x: np.select([x > 1, x > 0], [x**2, np.sin(x)], default=1.5), X),
    "piecewise": (lambda x: np.piecewise(x, [x < 0, x > 1], [lambda x: -(x**2), np.log, 2.0]), X),
    "piecewise of a number": (lambda x: np.piecewise(x, [x < 0, x >= 0], [np.negative, np.log]), np.array(0.5)),
    "piecewise with arguments": (
        lambda x: np.piecewise(x, [x < 0], [lambda x, a, b: a * x + b, lambda x, a, b: a * b * x], 2.0, b=3.0),
        X,
    ),
    "clip": (lambda x: np.clip(x, -1, 1), X),
    "clip below": (lambda x: np.clip(x, None, 1.0), X),
    "clip keywords": (lambda x: np.clip(x, a_min=-0.5, a_max=None), X),
    "clip min": (lambda x: np.clip(x, min=0.1), X),
    "clip by arrays": (lambda x: np.clip(GRID, x - 1, x + 0.5), X),
    "sinc": (np.sinc, X),
    "i0": (np.i0, X),
    "nan_to_num": (np.nan_to_num, X),
    "nan_to_num complex": (lambda x: np.real(np.nan_to_num(x * (1 + 2j)) ** 2), X),
    "round": (lambda x: np.round(x, 1) * x, np.array([0.33, -1.27])),
    "round to tens": (lambda x: np.round(x, -1) * x, np.array([33.0, -12.7])),
    "fix": (lambda x: np.fix(x) * x, X),
    "unwrap": (np.unwrap, ANGLES),
    "unwrap along": (lambda x: np.unwrap(x, axis=0, period=1.0), GRID * 9),
    "angle": (lambda x: np.angle(x + 1j * x**2), X),
    "angle in degrees": (lambda x: np.angle(x + 1j, deg=True), X),
    "parts": (lambda x: np.real(x * (1 + 2j)) + np.imag(x * (2 + 1j)), X),
    "modulus": (lambda x: np.abs(x + 1j * x**2), X),
    "complex sign": (lambda x: np.real(np.sign(x + 1j * x**2)), X),
    "real_if_close": (lambda x: np.real_if_close(x * (1 + 0j)) ** 2, X),
    "divmod": (lambda x: np.divmod(x, 0.7)[1] * x, X),
    "builtin divmod": (lambda x: divmod(x, 0.7)[1] * x, X),
    "swapped divmod": (lambda x: divmod(7.0, x)[1], X),
    "modf": (lambda x: np.modf(x)[0] ** 2, X),
    "frexp": (lambda x: np.frexp(x)[0] ** 2, X),
    "ldexp": (lambda x: np.ldexp(x, np.array([1, 2, 3])), X),
    "float_power": (lambda x: np.float_power(np.abs(x), 2.5), X),
    "integer powers": (lambda x: x ** np.array([1, 2, 3]), X),
    "power of itself": (lambda x: np.abs(x) ** x, X),
    "reflected power": (lambda x: 2**x, X),
    "psi": (scipy.special.psi, np.abs(X)),
    "sici": (lambda x: sum(scipy.special.sici(x)), np.abs(X)),
    "shichi": (lambda x: sum(scipy.special.shichi(x)), np.abs(X)),
    "fresnel": (lambda x: sum(scipy.special.fresnel(x)), X),
    "airy": (lambda x: sum(scipy.special.airy(x)), X),
    "zeta": (lambda x: scipy.special.zeta(2.0, x), np.abs(X)),
    "lambertw": (lambda x: np.real(scipy.special.lambertw(x, 0)), np.abs(X)),
    "bessel": (lambda x: scipy.special.jn(2, x), X),
}
FLAT: dict[str, Callable[[Any], Any]] = {
    name: getattr(np, name)
    for name in (
        "rint",
        "trunc",
        "floor",
        "ceil",
        "sign",
        "isnan",
        "isfinite",
        "isinf",
        "signbit",
        "iscomplex",
        "isreal",
        "isposinf",
        "isneginf",
        "logical_not",
        "spacing",
        "around",
        "fix",
    )
} | {
    "isclose": lambda x: np.isclose(x, x + 1e-9),
    "not close": lambda x: np.isclose(x, x + 1e-3, equal_nan=True),
    "allclose": lambda x: np.allclose(x, x + 1e-9),
    "array_equal": lambda x: np.array_equal(x, x * 1),
    "array_equal of other shapes": lambda x: np.array_equal(x, x[:2]),
    "array_equiv": lambda x: np.array_equiv(x, np.stack([x, x])),
    "complex test": np.iscomplexobj,
    "real test": np.isrealobj,
}
METHODS: dict[str, Callable[[Any], Any]] = {
    "add.reduce": np.add.reduce,
    "add.reduce all": lambda x: np.add.reduce(x, axis=None),
    "multiply.reduce": lambda x: np.multiply.reduce(x, axis=1, keepdims=True),
    "maximum.reduce": np.maximum.reduce,
    "logaddexp.reduce": lambda x: np.logaddexp.reduce(x, axis=None),
    "logaddexp.reduce kept": lambda x: np.logaddexp.reduce(x, axis=(0, 1), keepdims=True),
    "subtract.reduce": np.subtract.reduce,
    "add.accumulate": np.add.accumulate,
    "multiply.accumulate": lambda x: np.multiply.accumulate(x, axis=1),
    "maximum.accumulate": lambda x: np.maximum.accumulate(x, axis=1),
    "multiply.outer": lambda x: np.multiply.outer(x, X),
    "add.outer": lambda x: np.add.outer(X, x),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_value_and_derivative(name: str) -> None:
    function, point = SMOOTH[name]
    value, _ = gg.vjp(function, point)
    expected = function(point)
    assert np.asarray(value).dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    check_gradients(function, point)


@pytest.mark.parametrize("name", FLAT)
def test_flat_functions_have_no_slope(name: str) -> None:
    value, pullback = gg.vjp(FLAT[name], X)
    np.testing.assert_array_equal(value, FLAT[name](X))
    if np.asarray(value).dtype.kind == "f":
        assert not np.any(pullback(np.ones_like(value))[0])
    gradient = gg.grad(lambda x: np.sum(FLAT[name](x)) + np.sum(x**2))(X)
    np.testing.assert_array_equal(gradient, 2 * X)


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_ufuncs(name: str) -> None:
    value, _ = gg.vjp(METHODS[name], GRID)
    np.testing.assert_allclose(value, METHODS[name](GRID), rtol=1e-13)
    check_gradients(METHODS[name], GRID)


@pytest.mark.parametrize(
    "function", [np.sin, np.sinc, np.abs, lambda x: np.where(x > 0, x, 2.0), lambda x: 2 * x + 1.5]
)
def test_single_precision_stays_single(function: Callable[[Any], Any]) -> None:
    x = X.astype(np.float32)
    value, pullback = gg.vjp(function, x)
    assert value.dtype == function(x).dtype == np.float32
    assert pullback(value)[0].dtype == np.float32


def test_dtype_of_a_ufunc_is_that_of_its_operands() -> None:
    x = np.array([1e-9], np.float32)
    value, pullback = gg.vjp(lambda x: np.add(x, 1, dtype=np.float64), x)
    np.testing.assert_array_equal(value, np.add(x, 1, dtype=np.float64))
    assert pullback(value)[0].dtype == np.float32


# ------------------------------------------------------------------ edges
EDGES: dict[str, tuple[Callable[[Any], Any], float, list[float]]] = {
    "square at 0": (lambda x: x**2, 0.0, [0, 2, 0]),
    "cube at 0": (lambda x: x**3, 0.0, [0, 0, 6, 0]),
    "cube left of 0": (lambda x: x**3, -2.0, [12, -12, 6, 0]),
    "power 0 at 0": (lambda x: x**0.0, 0.0, [0, 0]),
    "power 1 at 0": (lambda x: x**1, 0.0, [1, 0]),
    "whole powers at 0": (lambda x: np.sum(x ** np.array([0.0, 1.0, 2.0, 3.0])), 0.0, [1, 2, 6]),
    "root at 0": (lambda x: x**0.5, 0.0, [np.inf]),
    "0 to the y": (lambda y: 0.0**y, 2.0, [0, 0]),
    "abs at 0": (abs, 0.0, [0, 0]),
    "tie": (lambda x: np.maximum(x, x), 1.0, [1, 0]),
    "relu at 0": (lambda x: np.maximum(x, 0), 0.0, [0.5]),
    "hypot at 0": (lambda x: np.hypot(x, 0.0), 0.0, [0]),
    "arctan2 at 0": (lambda x: np.arctan2(x, 0.0), 0.0, [0]),
    "sinc at 0": (np.sinc, 0.0, [0, -(np.pi**2) / 3, 0, np.pi**4 / 5]),
    "logaddexp of infinities": (lambda x: np.logaddexp(x, -np.inf), -np.inf, [0.5]),
    "logaddexp far right": (lambda x: np.logaddexp(x, 0.0), 1e4, [1, 0]),
    "logaddexp far left": (lambda x: np.logaddexp(x, 0.0), -1e4, [0, 0]),
    "sigmoid far right": (scipy.special.expit, 1e4, [0, 0]),
    "log of sigmoid far left": (scipy.special.log_expit, -1e4, [1, 0]),
    "xlogy at 0": (lambda y: scipy.special.xlogy(0.0, y), 0.0, [0]),
    "log_ndtr far left": (scipy.special.log_ndtr, -1e4, [1e4 + 1e-4]),
    "branch not taken": (lambda x: np.where(x > 0, np.log(x), 0.0), 0.0, [0, 0]),
    "branch not taken, deeper": (lambda x: np.where(x > 0, np.sqrt(np.log(x)) ** 3, x), 0.0, [1, 0]),
    "j1 at 0": (scipy.special.j1, 0.0, [0.5, 0, -0.375]),
    "spence at 1": (scipy.special.spence, 1.0, [-1, 0.5, -2 / 3]),
    "ellipk at 0": (scipy.special.ellipk, 0.0, [np.pi / 8, 9 * np.pi / 64]),
    "remainder of a negative divisor": (lambda y: 7.5 % y, -2.0, [4]),
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(name: str) -> None:
    function, point, expected = EDGES[name]
    for value in expected:
        function = gg.grad(function)
        assert function(point) == pytest.approx(value, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("z", [1.3 + 0.4j, -1.3 + 0.4j, -1.3 - 0.4j, 0.2 - 0.9j])
@pytest.mark.parametrize(
    "name",
    [
        "sin",
        "exp2",
        "log2",
        "log10",
        "log1p",
        "expm1",
        "arccosh",
        "arcsinh",
        "arctanh",
        "sqrt",
        "tanh",
        "arctan",
        "arcsin",
        "arccos",
        "square",
        "reciprocal",
        "sinc",
    ],
)
def test_holomorphic(name: str, z: complex) -> None:
    function = getattr(np, name)
    found = gg.grad(function, holomorphic=True)(z)
    assert found == pytest.approx((function(z + 1e-5) - function(z - 1e-5)) / 2e-5, rel=1e-8)


def test_gradients_of_real_functions_of_complex_numbers() -> None:
    z = 1.3 + 0.4j
    assert gg.grad(np.abs)(z) == pytest.approx(np.conj(z) / abs(z))
    assert gg.grad(lambda z: np.real(z) ** 2)(z) == pytest.approx(2.6)
    assert gg.grad(lambda z: np.imag(z) ** 2)(z) == pytest.approx(-0.8j)
    assert gg.grad(lambda z: np.real(np.conj(z) * z))(z) == pytest.approx(2 * np.conj(z))
    assert gg.grad(np.abs)(0j) == 0


# ------------------------------------------------------------------ errors
def test_what_is_refused_names_the_way_out() -> None:
    with pytest.raises(UnsupportedError, match=r"out=.*"):
        gg.grad(lambda x: np.sum(np.sin(x, out=np.zeros(3))))(X)
    with pytest.raises(UnsupportedError, match=r"np\.where"):
        gg.grad(lambda x: np.sum(np.log(x, where=X > 0)))(X)
    with pytest.raises(ConversionError, match=r"glassgrad\.scipy\.special\.logsumexp"):
        gg.grad(scipy.special.logsumexp)(X)
    with pytest.raises(NotDifferentiableError, match="nextafter"):
        gg.grad(lambda x: np.sum(np.nextafter(x, 3.0)))(X)
    with pytest.raises(NotDifferentiableError, match="order"):
        gg.grad(lambda v: scipy.special.jv(v, 1.0))(0.5)
    with pytest.raises(ShapeError, match="choice"):
        gg.grad(lambda x: np.sum(np.select([x > 0], [x, x])))(X)
