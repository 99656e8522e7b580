"""Complex numbers in native loops, as pairs of real ones: values, gradients, loops and what is left to the host."""

import numpy as np
import pytest

import glassgrad as gg
import glassgrad.numpy as gnp
from tests.engines.cpu.rows_alone import both

RNG = np.random.default_rng(0)
SHAPES = [(), (0,), (1,), (7,), (3, 5), (2, 1, 9)]
UNARY = "negative reciprocal square conjugate real imag modulus exp log sqrt sin cos sinh cosh isnan isfinite isinf"
BINARY = "add subtract multiply divide ratio equal not_equal"


def sampled(shape, dtype="complex128"):
    return (RNG.normal(size=shape) + 1j * RNG.normal(size=shape)).astype(dtype)


def assert_close(name, *values, **params):
    for found, wanted in both(name, *values, **params):
        tolerance = 1e-5 if found.dtype.itemsize < (16 if found.dtype.kind == "c" else 8) else 1e-12
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance / 100)


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_element_by_element(shape, dtype):
    x, y = sampled(shape, dtype), sampled(shape, dtype)
    for name in UNARY.split():
        assert_close(name, x)
    for name in BINARY.split():
        assert_close(name, x, y)
        if name != "ratio":
            assert_close(name, x, np.asarray(y.real))
        assert_close(name, x, x)


@np.errstate(all="ignore")
def test_at_zero_infinity_and_nan():
    parts = np.array([0.0, -0.0, 1.0, -2.0, np.inf, -np.inf, np.nan, 1e300, 1e-300])
    real, imaginary = (axis.ravel() for axis in np.meshgrid(parts, parts))
    x = real + 1j * 0
    x.imag = imaginary
    for name in ("isnan", "isinf", "isfinite", "conjugate", "negative", "modulus", "square"):
        assert_close(name, x)
    finite = x[np.isfinite(x)]
    for name in ("sqrt", "log", "reciprocal"):
        assert_close(name, finite[np.abs(finite) > 0])
    for divisor in finite:
        assert_close("divide", finite, np.full_like(finite, divisor))


@pytest.mark.parametrize("size", [2, 5, 40])
def test_products_of_matrices(size):
    a, b = sampled((size, size)), sampled((size, size))
    assert_close("contract", a, b, spec="ij,jk->ik")
    assert_close("contract", a, b, spec="ij,kj->ik")


def test_gradients():
    def f(z):
        return gnp.sum(gnp.abs(gnp.exp(1j * z) * z.T + gnp.conj(z[::-1])) ** 2) + gnp.sum(gnp.real(z @ z))

    z = sampled((6, 6))
    expected = gg.grad(f)(z)
    compiled = gg.jit(gg.grad(f))
    for _ in range(3):
        np.testing.assert_allclose(compiled(z), expected, rtol=1e-12, atol=1e-12)


def test_a_constant_a_strided_array_and_a_real_argument():
    weights = sampled((4, 3))

    def f(z, x):
        return gnp.where(x > 0, z * weights, z + x), gnp.sum(z, axis=0)

    z, x = sampled((3, 4)).T, RNG.normal(size=(4, 3))
    for found, wanted in zip(gg.jit(f)(z, x), f(z, x), strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_loops_carry_complex_values():
    def f(z, steps):
        last, seen = gg.scan(lambda carried, step: (carried * step + 1j, gnp.abs(carried)), z, steps)
        grown = gg.while_loop(lambda value: gnp.abs(value) < 100.0, lambda value: value * (1.5 + 0.5j), last)
        return gg.cond(gnp.real(grown) > 0, lambda value: value * 1j, lambda value: value - 1j, grown), seen

    z, steps = 0.3 + 0.4j, sampled((11,)) + 0.5
    for found, wanted in zip(gg.jit(f)(z, steps), f(z, steps), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_what_the_host_computes_takes_and_gives_complex_values():
    def f(z):
        spectrum = gnp.fft.fft(z * 2j)
        return gnp.fft.ifft(spectrum * gnp.conj(spectrum)), gnp.linalg.det(gnp.outer(z, z) + 1j * gnp.eye(8))

    z = sampled((8,))
    for found, wanted in zip(gg.jit(f)(z), f(z), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)
