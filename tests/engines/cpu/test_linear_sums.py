"""Sums of large arrays that follow from an earlier sweep's: the gradients of norms over rows, and what guards them."""

import re

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.blocks import rewrite, split
from glassgrad.engines.cpu.plan import grouping

ROWS, COLUMNS = 4100, 256


@pytest.fixture(autouse=True)
def small_caches(monkeypatch):
    """For what is larger than all caches other loops are chosen."""
    for module in (rewrite, split, grouping):
        monkeypatch.setattr(module, "largest_cache", lambda: 1 << 20)


def standardised(x, eps=1e-5, axis=0):
    centred = x - np.mean(x, axis=axis, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + eps)


def normalised(x):
    """As `standardised`, in other words."""
    return (x - np.mean(x, axis=0)) * (1 / np.sqrt(np.var(x, axis=0) + 1e-5))


def pulled_back(function):
    return lambda x, ct: gg.grad(lambda x: np.sum(function(x) * ct))(x)


def weighted(x, w):
    return np.sum(w * (x - np.mean(x, axis=0)), axis=0)


def random(dtype=np.float64, shape=(ROWS, COLUMNS)):
    return tuple(np.random.default_rng(seed).normal(size=shape).astype(dtype) for seed in range(2))


def on_reference(function, *args):
    with gg.settings(engine="reference"):
        return gg.jit(function)(*args)


def text(function, *args):
    return str(gg.jit(function).inspect(*args))


def sweeps(function, *args):
    """How many kernels outside of branches read at least a megabyte of a large array."""
    return len(re.findall(r"^ {4}[\d.]+ Mflop · reads (?:[89]|\d\d)[\d.]* MB", text(function, *args), re.MULTILINE))


def branches(function, *args):
    """How many sums only the run tells whether they are computed as they are written."""
    return len(re.findall(r"^\d+ +l\d+ +one of 2 branches", text(function, *args), re.MULTILINE))


# ------------------------------------------------------------------ how often memory is read
@pytest.mark.parametrize("function", [standardised, normalised])
def test_the_gradient_of_a_norm_over_rows_takes_two_sweeps(function):
    assert sweeps(pulled_back(function), *random()) == 2


def test_where_no_sweep_is_saved_nothing_is_taken_apart():
    """Which elements count is known only after the first sweep."""
    assert not branches(pulled_back(lambda x: np.maximum(standardised(x), 0.1)), *random())


def test_a_sum_about_the_mean_takes_no_sweep_of_its_own():
    assert sweeps(weighted, *random()) == 1


def test_what_caches_hold_is_computed_as_it_is_written():
    x, w = random(shape=(200, 256))
    assert "branches" not in text(weighted, x, w)


# ------------------------------------------------------------------ numbers
@pytest.mark.parametrize("shape", [(ROWS, COLUMNS), (4003, 257), (2048, 32, 64), (2_000_003,)])
@pytest.mark.parametrize("function", [standardised, normalised])
def test_gradients_are_those_of_the_reference(function, shape):
    x, ct = random(shape=shape)
    found = gg.jit(pulled_back(function))(x, ct)
    np.testing.assert_allclose(found, on_reference(pulled_back(function), x, ct), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("mean", [0.0, 1e2, 1e4, 1e6])
@pytest.mark.parametrize("drift", [0.0, 3.0, 300.0])
def test_sums_about_the_mean_err_no_more_than_those_of_numpy(mean, drift):
    x, w = random(np.float32)
    x = (x + mean + np.linspace(0, drift, ROWS)[:, None]).astype(np.float32)
    found = gg.jit(lambda x, w: (weighted(x, w), np.mean(x, axis=0)))(x, w)
    distance = x.astype(float) - found[1].astype(float)
    exact, size = np.sum(w * distance, axis=0), np.sum(np.abs(w * distance), axis=0)
    assert np.max(np.abs(found[0] - exact) / size) < 4 * np.finfo(np.float32).eps


@pytest.mark.parametrize("far", [1e3, 1e6, 1e12])
@pytest.mark.parametrize("place", [0, 77, 4099])
def test_rows_far_from_all_others_cost_no_digits(far, place):
    """A block's mean lies far from all its numbers then, and what has no weight must not be seen."""
    x, w = random(np.float32)
    x[place], w[place] = far, 0.0
    mean, found = gg.jit(lambda x, w: (np.mean(x, axis=0), weighted(x, w)))(x, w)
    distance = x.astype(float) - mean.astype(float)
    exact, size = np.sum(w * distance, axis=0), np.sum(np.abs(w * distance), axis=0)
    assert np.max(np.abs(found - exact) / size) < 8 * np.finfo(np.float32).eps


def test_what_cancels_is_summed_as_it_is_written():
    """Σ ((x - m) f - y) of two alike, as a difference of sums, would be nothing but rounding errors."""
    x, noise = random(np.float32)

    def apart(x, y):
        mean = np.mean(x, axis=0)
        return np.sum((x - mean) * np.max(np.abs(x * 0) + 1, axis=0) - y, axis=0), mean

    y = (x - np.mean(x, axis=0) + 1e-5 * np.abs(noise)).astype(np.float32)
    assert branches(apart, x, y) == 1
    found, mean = gg.jit(apart)(x, y)
    np.testing.assert_allclose(found, np.sum((x - mean).astype(float) - y, axis=0), rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e18])
def test_numbers_near_the_ends_of_single_precision(scale):
    x, ct = random(np.float32)
    for a, b in ((scale, 1.0), (scale, 1e-15), (1.0, scale), (1e-15, scale)):
        given = (x * np.float32(a), ct * np.float32(b))
        function = pulled_back(lambda x: standardised(x, 0.0))
        with np.errstate(all="ignore"):
            expected = on_reference(function, *given)
        close = 1e-4 * np.nanmax(np.where(np.isfinite(expected), np.abs(expected), 0), initial=1e-37)
        np.testing.assert_allclose(gg.jit(function)(*given), expected, rtol=1e-3, atol=close)


def _put(place, value):
    def change(x):
        x[place] = value
        return x

    return change


CASES = {
    "nan": _put((700, 3), np.nan),
    "inf": _put((5, 9), np.inf),
    "-inf in another row": _put((4099, 9), -np.inf),
    "largest": _put((300, 4), 1.7e308),
    "far": _put((300, 4), 1e200),
    "equal columns": _put((slice(None), slice(0, 9)), 3.3),
    "zeros": _put(slice(None), 0.0),
    "negative zeros": _put(slice(None), -0.0),
    "a column of zeros": _put((slice(None), 17), 0.0),
    "sorted": lambda x: np.sort(x, axis=0),
    "all but one equal": lambda x: _put((1234, slice(None)), 2.0)(np.full_like(x, 1.0)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("where", ["numbers", "cotangents", "both"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("eps", [0.0, 1e-5])
def test_special_values_are_those_of_the_reference(case, where, eps):
    x, ct = random()
    x = CASES[case](x) if where != "cotangents" else x
    ct = CASES[case](ct) if where != "numbers" else ct
    function = pulled_back(lambda x: standardised(x, eps))
    expected = on_reference(function, x, ct)
    found = gg.jit(function)(x, ct)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    if not (eps == 0 and case in ("equal columns", "all but one equal")):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


# ------------------------------------------------------------------ the rest
def test_any_number_of_threads_gives_the_same_bits():
    x, ct = random()
    found = []
    for threads in (1, 2, 3):
        with gg.settings(threads=threads):
            found.append(gg.jit(pulled_back(standardised))(x, ct))
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_values_computed_on_the_way_are_computed_again_where_they_must_be():
    """Neither the numbers nor their weights lie in memory."""
    x, w = random()
    x[12, 5] = np.inf

    def function(x, w):
        return weighted(np.tanh(x) * x, np.exp(-w))

    np.testing.assert_array_equal(np.isnan(gg.jit(function)(x, w)), np.arange(COLUMNS) == 5)
    x[12, 5] = 0.0
    np.testing.assert_allclose(gg.jit(function)(x, w), function(x, w), rtol=1e-10, atol=1e-9)


def test_weights_of_weights_are_all_multiplied():
    x, w = random()
    v = np.abs(w[::-1]) + 1

    def function(x, w, v):
        y = w * (x - np.mean(x, axis=0))
        return np.sum(y + v * y, axis=0), np.sum((y * v) * v, axis=0), np.sum(v * (y - w), axis=0)

    for found, expected in zip(gg.jit(function)(x, w, v), function(x, w, v), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_sums_of_one_another_compile_in_linear_time():
    def nested(x, depth):
        for _ in range(depth):
            y = x - np.mean(x, axis=0)
            x = x + np.sum(x * y + y, axis=0) * y
        return np.sum(x)

    x = np.zeros((2048, 256))
    lengths = [len(text(lambda x, depth=depth: nested(x, depth), x)) for depth in (3, 12)]
    assert lengths[1] < 6 * lengths[0]


def test_a_shared_value_is_taken_apart_once():
    def doubled(x, w):
        y = (x - np.mean(x, axis=0)) * np.max(w, axis=0)
        for _ in range(40):
            y = y + y
        return np.sum(y * w, axis=0)

    x, w = random()
    assert len(text(doubled, x, w)) < 100_000


@pytest.mark.filterwarnings("ignore")
def test_what_overflows_before_it_has_its_weight_is_infinite():
    def function(x, w):
        small = np.max(np.abs(x * 0), axis=0) + np.float32(1e-25)
        return np.sum(w * ((x - np.mean(x, axis=0)) / small / small), axis=0)

    x, w = random(np.float32)
    w = np.abs(w) * np.float32(1e-30)
    assert branches(function, x, w) == 1
    np.testing.assert_array_equal(gg.jit(function)(x, w), function(x, w))
