"""glassgrad.scipy as a mirror of SciPy: plain arrays, traced ones, names that have no rule."""

import importlib

import numpy as np
import pytest
import scipy.fft
import scipy.special

import glassgrad as gg
from glassgrad.base.errors import UnsupportedError
from glassgrad.scipy import fft, misc

rng = np.random.default_rng(9)


@pytest.mark.parametrize("name", gg.scipy.__all__)
def test_submodules_load_when_used(name):
    module = getattr(gg.scipy, name)
    assert module is importlib.import_module(f"glassgrad.scipy.{name}")
    assert module.__doc__


def test_a_module_that_is_not_mirrored():
    with pytest.raises(AttributeError, match="no attribute 'spatial'"):
        gg.scipy.spatial  # noqa: B018 - the look-up is the test


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_fft_of_one_axis(name):
    x = rng.normal(size=(3, 5))
    for options in ({}, {"n": 4, "axis": 0, "norm": "ortho"}):
        plain = getattr(scipy.fft, name)(x, **options)
        np.testing.assert_array_equal(getattr(fft, name)(x, **options), plain)
        found = gg.jit(lambda x, o=options: getattr(fft, name)(x, **o))(x)
        np.testing.assert_allclose(found, plain, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"])
def test_fft_of_several_axes(name):
    x = rng.normal(size=(3, 4, 5))
    for options in ({}, {"s": (4, 6), "axes": (0, 2), "norm": "forward"}):
        plain = getattr(scipy.fft, name)(x, **options)
        found = gg.jit(lambda x, o=options: getattr(fft, name)(x, **o))(x)
        np.testing.assert_allclose(found, plain, rtol=1e-12, atol=1e-13)


def test_shifts_and_frequencies():
    x = rng.normal(size=5)
    np.testing.assert_array_equal(gg.jit(fft.fftshift)(x), scipy.fft.fftshift(x))
    np.testing.assert_array_equal(gg.jit(fft.ifftshift)(x), scipy.fft.ifftshift(x))
    np.testing.assert_array_equal(fft.fftfreq(4), scipy.fft.fftfreq(4))


def test_a_function_without_a_rule_says_so():
    with pytest.raises(UnsupportedError, match=r"scipy\.fft\.dct is not known on traced values"):
        gg.grad(lambda x: fft.dct(x).sum())(np.ones(3))
    with pytest.raises(UnsupportedError, match="no plan"):
        gg.jit(lambda x: fft.fft(x, plan=3))(np.ones(3))


def test_logsumexp_where_autograd_has_it():
    x = rng.normal(size=4)
    np.testing.assert_allclose(gg.grad(misc.logsumexp)(x), scipy.special.softmax(x))
