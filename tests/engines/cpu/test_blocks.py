"""Large reductions that depend on one another, in one sweep: the numbers and special values of the definition."""

import re

import numpy as np
import pytest
from scipy import special

import glassgrad as gg
from glassgrad.scipy.special import logsumexp

SHAPES = [(4000, 256), (1003, 257), (19, 30_011), (600_011,), (3, 5, 50_001)]


def by_hand(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def softmax(x, axis):
    exps = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return exps / np.sum(exps, axis=axis, keepdims=True)


def standardised(x, axis):
    centred = x - np.mean(x, axis=axis, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + 1e-5)


def covariance(x):
    """Two centres in one sum."""
    return np.mean((x - np.mean(x, axis=0)) * (x * x - np.mean(x * x, axis=0)), axis=0)


def pulled_back(function):
    return lambda x, ct: gg.grad(lambda x: np.sum(function(x) * ct))(x)


def sweeps(function, *args):
    """How many kernels read at least a megabyte."""
    return len(re.findall(r"reads [\d.]+ MB", str(gg.jit(function).inspect(*args))))


# ------------------------------------------------------------------ how often memory is read
@pytest.mark.parametrize(
    ("function", "count"),
    [
        (logsumexp, 1),
        (by_hand, 1),
        (np.var, 1),
        (lambda x: np.std(x, axis=0), 1),
        (lambda x: np.mean((x - np.mean(x)) ** 2), 1),
        (covariance, 1),
        (lambda x: standardised(x, 0), 2),
        (lambda x: standardised(x, None), 2),
    ],
)
def test_memory_is_read_once_for_all_reductions(function, count):
    assert sweeps(function, np.ones((4000, 256))) == count


def test_so_it_is_in_gradients():
    x = np.ones((4000, 256))
    assert sweeps(pulled_back(lambda x: standardised(x, 0)), x, x) == 2


def test_rows_that_a_cache_holds_are_left_as_they_are():
    x = np.ones((4000, 256))
    assert sweeps(lambda x: softmax(x, 1), x) == 1
    assert "i < 4000" in str(gg.jit(lambda x: logsumexp(x, axis=1)).inspect(x))


def test_exponentials_that_are_written_are_computed_once():
    x = np.ones((4000, 256))
    for function in (gg.grad(logsumexp), lambda x: softmax(x, 0)):
        assert str(gg.jit(function).inspect(x)).count(" exp(") == 1


def test_what_writes_begins_where_the_reductions_have_ended():
    with gg.settings(threads=2):
        assert "from the end" in str(gg.jit(lambda x: standardised(x, 0)).inspect(np.ones((4000, 256))))


# ------------------------------------------------------------------ numbers
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_numbers_are_those_of_the_definition(shape, dtype):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    exact, close = x.astype(np.float64), 2e-5 if dtype is np.float32 else 1e-12
    for function in (by_hand, np.var, lambda x: np.std(x, axis=0), lambda x: np.var(x, axis=-1, ddof=1), covariance):
        np.testing.assert_allclose(gg.jit(function)(x), function(exact), rtol=close, atol=close)
    for axis in {None, len(shape) - 1} | ({0} if shape[0] > 100 else set()):
        got = gg.jit(lambda x, axis=axis: logsumexp(x, axis=axis))(x)
        np.testing.assert_allclose(got, special.logsumexp(exact, axis=axis), rtol=close, atol=close)
        for function in (softmax, standardised):
            got = gg.jit(lambda x, axis=axis, function=function: function(x, axis))(x)
            np.testing.assert_allclose(got, function(exact, axis), rtol=close, atol=close)


@pytest.mark.parametrize("shape", [(4000, 256), (1003, 257), (600_011,)])
def test_gradients_are_those_of_the_reference(shape):
    x, ct = (np.random.default_rng(seed).normal(size=shape) for seed in range(2))
    for function in (lambda x: standardised(x, 0), lambda x: softmax(x, 0), lambda x: np.std(x)):
        with gg.settings(engine="reference"):
            expected = gg.jit(pulled_back(function))(x, ct)
        np.testing.assert_allclose(gg.jit(pulled_back(function))(x, ct), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("axis", [None, 0])
def test_far_from_zero_and_drifting_numbers_lose_no_digits(axis):
    x = np.random.default_rng(0).normal(size=(6000, 128)) + 1e4 + np.linspace(0, 30, 6000)[:, None]
    narrow = x.astype(np.float32)
    exact = np.var(narrow.astype(np.float64), axis=axis)
    np.testing.assert_allclose(gg.jit(lambda x: np.var(x, axis=axis))(narrow), exact, rtol=2e-6)
    np.testing.assert_allclose(gg.jit(lambda x: np.var(x, axis=axis))(x), np.var(x, axis=axis), rtol=1e-12)


@pytest.mark.parametrize("shape", [(4000, 256), (1003, 257)])
def test_any_number_of_threads_gives_the_same_bits(shape):
    x = np.random.default_rng(0).normal(size=shape)
    for function in (logsumexp, np.var, lambda x: standardised(x, 0), gg.grad(logsumexp)):
        found = []
        for threads in (1, 2, 3):
            with gg.settings(threads=threads):
                found.append(gg.jit(function)(x))
        assert all(np.array_equal(found[0], other) for other in found[1:])


@pytest.mark.parametrize("value", [0.1, 1e-30, -3e7, 0.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_deviation_of_equal_numbers_is_no_root_of_less_than_nothing(value, dtype):
    x = np.full((3001, 257), value, dtype)
    for axis in (None, 0):
        found = gg.jit(lambda x, axis=axis: np.std(x, axis=axis))(x)
        np.testing.assert_allclose(found, np.zeros_like(found), atol=abs(value) * 4 * np.finfo(dtype).eps)


def test_a_sample_far_from_all_else_costs_no_more_digits_than_its_share():
    x = np.random.default_rng(0).normal(size=(4000, 256)).astype(np.float32)
    x[125::250] += 1e4  # each place that is looked at before
    exact = np.var(x.astype(np.float64), axis=0)
    np.testing.assert_allclose(gg.jit(lambda x: np.var(x, axis=0))(x), exact, rtol=1e-4)


# ------------------------------------------------------------------ special values
def _halved(x):
    x[: len(x) // 2] = -np.inf
    return x


def _with(place, value):
    def put(x):
        x.flat[place] = value
        return x

    return put


CASES = {
    "-inf first": _halved,
    "-inf alone": lambda x: np.full_like(x, -np.inf),
    "inf": _with(12_345, np.inf),
    "inf and -inf": lambda x: _with(700_000, -np.inf)(_with(5, np.inf)(x)),
    "nan": _with(777, np.nan),
    "nan among -inf": lambda x: _with(3, np.nan)(_halved(x)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "function",
    [
        logsumexp,
        by_hand,
        np.var,
        lambda x: logsumexp(x, axis=0),
        lambda x: softmax(x, 0),
        lambda x: standardised(x, 0),
        gg.grad(logsumexp),
        gg.grad(by_hand),
    ],
)
def test_special_values_are_those_of_the_reference(function, case):
    x = CASES[case](np.random.default_rng(0).normal(size=(3001, 256)))
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(x)
    np.testing.assert_allclose(gg.jit(function)(x), expected, rtol=1e-9, atol=1e-11)


def test_a_scale_that_keeps_squares_from_overflowing_stays_within_the_sum():
    x = np.random.default_rng(0).normal(size=(3000, 256)) * 1e300

    def length(x):
        top = np.max(np.abs(x))
        return top * np.sqrt(np.sum((x / top) ** 2))

    np.testing.assert_allclose(gg.jit(length)(x), 1e300 * np.sqrt(np.sum((x / 1e300) ** 2)), rtol=1e-12)


def test_one_norm_behind_another():
    """The second one's data follow from the first one's statistics."""

    def twice(x):
        return standardised(np.maximum(standardised(x, 0), 0.1), 0)

    x = np.random.default_rng(0).normal(size=(3000, 256))
    np.testing.assert_allclose(gg.jit(twice)(x), twice(x), rtol=1e-10, atol=1e-12)
    assert sweeps(twice, x) == 4  # once more to write what both statistics of the second are taken of
