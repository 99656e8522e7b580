"""What lies along another axis than the lanes: squares turned in registers, sums of short rows, running sums."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

import glassgrad as gg

SHAPES = [(5, 7), (8, 8), (46, 46), (33, 65), (100, 8), (8, 100), (3, 1000), (9, 17, 33), (2, 64, 8), (1, 50, 60)]
TYPES = [np.float64, np.float32, np.int64, np.int32, np.int8]


def _given(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    return (np.random.default_rng(0).normal(size=shape) * 5).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_transposes(shape: tuple[int, ...], dtype: type) -> None:
    x = _given(shape, dtype)
    for order in itertools.permutations(range(len(shape))):

        def turned(x: np.ndarray, order: tuple[int, ...] = order) -> np.ndarray:
            return np.transpose(x, order) * 2

        def mirrored(x: np.ndarray, order: tuple[int, ...] = order) -> np.ndarray:
            return np.transpose(x, order)[..., ::-1] * 2

        for function in (turned, mirrored):
            np.testing.assert_array_equal(gg.jit(function)(x), function(x))


def test_two_types_in_one_square() -> None:
    x, y = _given((40, 36), np.float32), _given((36, 40), np.float64)
    np.testing.assert_array_equal(gg.jit(lambda x, y: x.T + y)(x, y), x.T + y)
    np.testing.assert_array_equal(gg.jit(lambda x, y: x + y.T)(x, y), x + y.T)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_large_transposes_on_threads(threads: int) -> None:
    for shape in [(700, 515), (8, 60_001), (60_001, 8)]:
        x = _given(shape, np.float32)
        with gg.settings(threads=threads):
            np.testing.assert_array_equal(gg.jit(lambda x: x.T + 1)(x), x.T + 1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("shape", [(100, 8), (33, 3), (31, 5), (20_001, 7), (3, 100, 9), (1000, 100)])
def test_sums_of_short_rows(shape: tuple[int, ...], dtype: type) -> None:
    x = _given(shape, dtype)
    for function in (np.sum, np.max, np.min):
        for axis in range(len(shape) - 1):

            def over(x: np.ndarray, function: Callable = function, axis: int = axis) -> np.ndarray:
                return function(x * x, axis=axis)

            np.testing.assert_allclose(gg.jit(over)(x), over(x.astype(np.float64)), rtol=1e-5)


def test_short_rows_keep_nan_and_infinity() -> None:
    x = _given((5000, 6), np.float64)
    x[77, 1], x[4999, 2], x[0, 3], x[40, 4], x[41, 4] = np.nan, np.inf, -np.inf, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        for function in (np.sum, np.max, np.min):
            np.testing.assert_allclose(gg.jit(lambda x, f=function: f(x, axis=0))(x), function(x, axis=0))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("shape", [(31,), (32,), (33,), (10_003,), (5, 33), (40, 46), (3, 5, 47)])
def test_running_sums_and_their_gradients(shape: tuple[int, ...], dtype: type) -> None:
    x, ct = _given(shape, dtype), _given(shape, np.float64)
    scale = np.abs(x).sum()
    for axis in range(len(shape)):
        wanted = np.cumsum(x.astype(np.float64), axis=axis)
        got = gg.jit(lambda x, axis=axis: np.cumsum(x, axis=axis))(x)
        np.testing.assert_allclose(got, wanted, atol=scale * np.finfo(np.float32).eps)
        if dtype is np.float64:
            gradient = gg.jit(gg.grad(lambda x, axis=axis: np.sum(np.cumsum(x, axis=axis) * ct)))(x)
            wanted = np.flip(np.cumsum(np.flip(ct, axis), axis=axis), axis)
            np.testing.assert_allclose(gradient, wanted, atol=1e-10)


def test_a_running_sum_after_nan_is_nan() -> None:
    x = _given((100,), np.float64)
    x[3], x[50] = np.inf, np.nan
    np.testing.assert_allclose(gg.jit(np.cumsum)(x), np.cumsum(x))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.int8])
@pytest.mark.parametrize("length", [1, 7, 31, 33, 46, 100, 1000])
def test_places_in_rows(length: int, dtype: type) -> None:
    x = _given((9, length), dtype)
    for function in (np.argmax, np.argmin):
        np.testing.assert_array_equal(gg.jit(lambda x, f=function: f(x, axis=1))(x), function(x, axis=1))
        if x.dtype.kind == "f":
            y = x.copy()
            y[::2, length // 2 :: 3] = np.nan
            np.testing.assert_array_equal(gg.jit(lambda x, f=function: f(x, axis=1))(y), function(y, axis=1))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(600, 20), (1562, 64), (40, 30), (3000, 3)])
def test_statistics_along_the_first_axis(shape: tuple[int, ...], dtype: type) -> None:
    def normalised(x: np.ndarray, gain: np.ndarray) -> np.ndarray:
        return gain * (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-5)

    def softmax(x: np.ndarray, gain: np.ndarray) -> np.ndarray:
        exps = np.exp(gain * x - np.max(gain * x, axis=0))
        return exps / np.sum(exps, axis=0)

    x, gain, ct = _given(shape, dtype), _given(shape[1:], dtype), _given(shape, dtype)
    for function in (normalised, softmax):
        wanted = function(x.astype(np.float64), gain.astype(np.float64))
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(gg.jit(function)(x, gain), wanted, atol=scale * 1e-5, rtol=1e-4)

        def loss(x: np.ndarray, gain: np.ndarray, ct: np.ndarray, function: Callable = function) -> np.ndarray:
            return np.sum(function(x, gain) * ct)

        if dtype is np.float64:  # in float32 the differences of a softmax's gradient are rounding errors
            with gg.settings(engine="reference"):
                wanted = gg.grad(loss)(x, gain, ct)
            np.testing.assert_allclose(gg.jit(gg.grad(loss))(x, gain, ct), wanted, atol=np.abs(wanted).max() * 1e-9)


def test_loops_around_the_lanes_are_not_written_out() -> None:
    """A square turned for one of its columns, again for the next one: sixteen times the text."""

    def turned(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.stack([x.T, y.T])

    x, y = _given((144, 16), np.float32), _given((144, 16), np.float32) + 1
    np.testing.assert_array_equal(gg.jit(turned)(x, y), turned(x, y))
    assert gg.jit(turned).inspect(x, y).llvm.count("\n") < 2_000
