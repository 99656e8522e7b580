"""np.fft on traced values: every function with every option against NumPy, and its derivatives."""

import inspect

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import DtypeError, ShapeError, UnsupportedError, UsageError
from glassgrad.base.settings import settings

rng = np.random.default_rng(4)
ONE_AXIS = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"]
OF_REAL = {"rfft", "ihfft", "rfftn", "rfft2"}  # take real values only


def values(name, shape=(3, 4, 5)):
    real = rng.normal(size=shape)
    return real if name in OF_REAL else real + 1j * rng.normal(size=shape)


def agrees(function, x):
    """Traced as plain: value, dtype, shape; forward = reverse = differences, at the first and second order."""
    plain = function(x)
    found = gg.jit(function)(x)
    assert (found.shape, found.dtype) == (plain.shape, plain.dtype)
    np.testing.assert_allclose(found, plain, rtol=1e-10, atol=1e-12)
    dx, ct = values_like(x), values_like(plain)
    _, pushed = gg.jvp(function, (x,), (dx,))
    np.testing.assert_allclose(pushed, function(dx), rtol=1e-10, atol=1e-12)  # linear
    _, pull = gg.vjp(function, x)
    (pulled,) = pull(ct)
    assert (pulled.shape, pulled.dtype) == (x.shape, x.dtype)
    np.testing.assert_allclose(np.real(np.sum(pulled * dx)), np.real(np.sum(ct * pushed)), rtol=1e-9)
    _, again = gg.vjp(lambda ct: gg.vjp(function, x)[1](ct)[0], ct)
    np.testing.assert_allclose(again(dx)[0], pushed, rtol=1e-10, atol=1e-12)  # the transpose of the transpose


def values_like(x):
    found = rng.normal(size=x.shape)
    return (found + 1j * rng.normal(size=x.shape)) if x.dtype.kind == "c" else found


@pytest.fixture(autouse=True)
def verified():
    with settings(verify=True):
        yield


@pytest.mark.parametrize("name", ONE_AXIS)
@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize(("n", "axis"), [(None, -1), (3, 1), (7, 0), (4, -1), (1, 2)])
def test_one_axis(name, norm, n, axis):
    function = getattr(np.fft, name)
    agrees(lambda x: function(x, n, axis, norm), values(name))


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize(
    ("s", "axes", "norm"),
    [(None, (0, 1), "ortho"), ((2, 7), (0, 2), None), ((5, 3), (-1, 0), "forward"), ((-1, 4), (1, 2), "backward")],
)
def test_several_axes(name, s, axes, norm):
    function = getattr(np.fft, name)
    agrees(lambda x: function(x, s=s, axes=axes, norm=norm), values(name))


@pytest.mark.parametrize("name", ONE_AXIS + SEVERAL)
def test_defaults_and_real_values(name):
    function = getattr(np.fft, name)
    agrees(function, values(name))
    agrees(function, rng.normal(size=(2, 3, 4)))


def test_an_axis_named_twice_is_transformed_twice():
    agrees(lambda x: np.fft.fftn(x, axes=(0, 0)), values("fft", (3, 2)))
    agrees(lambda x: np.fft.ifftn(x, s=(2, 4), axes=(0, 0)), values("fft", (3, 2)))


@pytest.mark.parametrize("shape", [(5,), (4,), (4, 5)])
@pytest.mark.parametrize("axes", [None, 0, (-1,)])
def test_shifts(shape, axes):
    for function in (np.fft.fftshift, np.fft.ifftshift):
        agrees(lambda x, f=function: f(x, axes), values("fft", shape))


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64", "int64", "bool"])
@pytest.mark.parametrize("name", ONE_AXIS)
def test_dtypes_are_numpys(name, dtype):
    if dtype == "complex64" and name in OF_REAL:
        with pytest.raises(DtypeError):
            gg.jit(getattr(np.fft, name))(np.ones(4, dtype))
        return
    x = np.array([0, 1, 1, 0], dtype)
    plain = getattr(np.fft, name)(x)
    found = gg.jit(getattr(np.fft, name))(x)
    assert found.dtype == plain.dtype
    np.testing.assert_allclose(found, plain, rtol=1e-3, atol=1e-6)


def test_single_precision_gradients_stay_single():
    x = rng.normal(size=6).astype(np.float32)
    gradient = gg.grad(lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2))(x)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, _power_gradient(x), rtol=1e-5)


def _power_gradient(x):
    spectrum = np.fft.rfft(x)
    return 2 * np.real(
        np.array([np.sum(np.conj(spectrum) * np.exp(-2j * np.pi * np.arange(4) * j / 6)) for j in range(6)])
    )


def test_gradient_of_a_filter_by_differences():
    x, kernel = rng.normal(size=(2, 6)), rng.normal(size=6)

    def loss(x, kernel):
        y = np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(kernel), n=6)
        return np.sum(np.tanh(y))

    for argument in (0, 1):
        gradient = gg.grad(loss, argument)(x, kernel)
        direction = rng.normal(size=(x, kernel)[argument].shape)
        moved = [
            [value + sign * 1e-6 * direction if k == argument else value for k, value in enumerate((x, kernel))]
            for sign in (1, -1)
        ]
        numeric = (loss(*moved[0]) - loss(*moved[1])) / 2e-6
        np.testing.assert_allclose(np.sum(gradient * direction), numeric, rtol=1e-7)
        assert gradient.dtype == np.float64


def test_vmap_is_a_loop():
    x = rng.normal(size=(3, 4, 5))
    for function in (
        lambda x: np.fft.rfft(x, axis=0),
        lambda x: np.fft.fftn(x, axes=(1, 0)),
        lambda x: np.fft.irfft(x, n=7, axis=1),
        lambda x: np.fft.fftshift(np.fft.fft(x), axes=0),
    ):
        np.testing.assert_allclose(gg.vmap(function)(x), np.stack([function(one) for one in x]), rtol=1e-12, atol=1e-13)


def test_frequencies_are_plain():
    assert isinstance(np.fft.fftfreq(4, 0.5), np.ndarray)
    found = gg.grad(lambda d: np.sum(np.sin(d * np.fft.rfftfreq(5))))(0.3)
    np.testing.assert_allclose(found, np.sum(np.fft.rfftfreq(5) * np.cos(0.3 * np.fft.rfftfreq(5))))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda x: np.fft.fft(x, norm="unit"), UsageError, "'ortho'"),
        (lambda x: np.fft.fft(x, n=0), ShapeError, "positive"),
        (lambda x: np.fft.irfft(x[:1]), ShapeError, "n=… for the number"),
        (lambda x: np.fft.fftn(x, s=(2, 2), axes=(0,)), ShapeError, "2 lengths"),
        (lambda x: np.fft.rfft(x * 1j), DtypeError, "takes real values"),
        (lambda x: np.fft.fft(x, out=np.zeros(4, complex)), UnsupportedError, "out="),
        (lambda x: np.fft.fft(x, axis=1), np.exceptions.AxisError, "axis 1 is out of bounds"),
        (lambda x: np.fft.fft(x[:0]), ShapeError, "no elements"),
    ],
)
def test_errors(call, error, says):
    with pytest.raises(error, match=says):
        gg.jit(call)(np.ones(4))


def test_every_function_of_numpy_is_known():
    public = {name for name in dir(np.fft) if not name.startswith("_") and inspect.isroutine(getattr(np.fft, name))}
    assert public - {"fftfreq", "rfftfreq", "test"} == {*ONE_AXIS, *SEVERAL, "fftshift", "ifftshift"}
