"""Reductions over more than the caches hold that depend on one another: the numbers of the definition."""

import re
from functools import partial

import numpy as np
import pytest
from scipy import special

import glassgrad as gg
from glassgrad.engines.cpu.blocks import rewrite, split
from glassgrad.engines.cpu.plan import grouping
from glassgrad.scipy.special import log_softmax, logsumexp

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


@pytest.fixture(autouse=True)
def small_caches(monkeypatch):
    """For what is larger than all caches other loops are chosen."""
    for module in (rewrite, split, grouping):
        monkeypatch.setattr(module, "largest_cache", lambda: 1 << 20)


# ------------------------------------------------------------------ how often memory is read
@pytest.mark.parametrize("shape", [(4000, 256), (1_000_003,), (3, 400_001)])
@pytest.mark.parametrize("function", [logsumexp, by_hand, lambda x: logsumexp(np.tanh(np.sin(x)) + x)])
def test_the_largest_and_the_exponentials_are_known_from_one_sweep(function, shape):
    assert sweeps(function, np.ones(shape)) == 1


@pytest.mark.parametrize(
    "function", [gg.grad(logsumexp), lambda x: softmax(x, None), log_softmax, lambda x: softmax(x[:, None], 0)]
)
def test_what_is_written_is_computed_in_a_second_sweep(function):
    assert sweeps(function, np.ones(1_000_003)) == 2


@pytest.mark.parametrize("shape", [(4000, 256), (1_000_003,), (3, 400_001)])
@pytest.mark.parametrize("function", [np.var, np.std, lambda x: np.mean((x - np.mean(x)) ** 2)])
def test_the_mean_and_the_variance_are_known_from_one_sweep(function, shape):
    assert sweeps(function, np.ones(shape)) == 1


@pytest.mark.parametrize("shape", [(4096, 256), (2048, 32, 64), (3, 4096, 64)])
def test_so_they_are_of_columns(shape):
    axes = (0, 1) if shape == (2048, 32, 64) else len(shape) - 2
    assert sweeps(lambda x: np.var(x, axis=axes), np.ones(shape)) == 1
    assert sweeps(lambda x: standardised(x, axes), np.ones(shape)) == 2
    assert sweeps(lambda x: logsumexp(x, axis=axes), np.ones(shape)) == 1


def test_planes_that_a_cache_holds_are_read_once():
    assert sweeps(lambda x: standardised(x, 1), np.ones((100, 64, 128))) == 1


def test_rows_that_a_cache_holds_are_left_as_they_are():
    x = np.ones((4000, 256))
    assert "i < 4000" in str(gg.jit(lambda x: logsumexp(x, axis=1)).inspect(x))


def test_exponentials_that_are_reduced_again_are_kept():
    x = np.ones((4000, 256))
    assert str(gg.jit(gg.grad(by_hand)).inspect(x)).count(" exp(") == 1


def test_exponentials_of_what_the_last_cache_holds_with_ease_are_summed_in_a_second_sweep(monkeypatch):
    monkeypatch.setattr(rewrite, "largest_cache", lambda: 1 << 25)
    assert sweeps(logsumexp, np.ones(500_000)) == 2
    assert sweeps(logsumexp, np.ones(2_000_000)) == 1


# ------------------------------------------------------------------ order
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


@pytest.mark.parametrize("mean", [0.0, 1e2, 1e4, 1e6])
def test_variances_err_no_more_than_those_of_numpy(mean):
    """Where the mean itself is rounded by eps·mean, nobody knows the variance better than to its square."""
    x = (np.random.default_rng(0).normal(size=(4100, 256)) + mean).astype(np.float32)
    for axis in (None, 0):
        exact, found = np.var(x.astype(np.float64), axis=axis), gg.jit(lambda x, axis=axis: np.var(x, axis=axis))(x)
        close = 4e-7 + (np.finfo(np.float32).eps * mean) ** 2
        np.testing.assert_allclose(found, exact, rtol=close if axis is None else 4 * close)


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
def test_equal_numbers_deviate_by_rounding_errors_alone(value, dtype):
    x = np.full((3001, 257), value, dtype)
    for axis in (None, 0):
        found = gg.jit(lambda x, axis=axis: np.std(x, axis=axis))(x)
        np.testing.assert_allclose(found, np.zeros_like(found), atol=abs(value) * 32 * np.finfo(dtype).eps)


def test_rows_far_from_all_others_cost_no_digits():
    x = np.random.default_rng(0).normal(size=(4000, 256)).astype(np.float32)
    x[125::250] += 1e4
    exact = np.var(x.astype(np.float64), axis=0)
    np.testing.assert_allclose(gg.jit(lambda x: np.var(x, axis=0))(x), exact, rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponentials_about_another_number_than_the_largest(dtype):
    """What is subtracted only has to follow from the largest."""
    x = np.random.default_rng(0).normal(size=600_011).astype(dtype) * 20

    def shifted(x, by):
        return np.sum(np.exp(x - (0.5 * np.max(x) + by)))

    for by in (0.0, 30.0, -20.0, 1e5):
        exact = shifted(x.astype(np.float64), by)
        np.testing.assert_allclose(gg.jit(shifted)(x, dtype(by)), exact, rtol=3e-5 if dtype is np.float32 else 1e-12)


def test_the_largest_of_part_of_the_axes_is_another_number():
    x = np.random.default_rng(0).normal(size=(3, 200_003)) * 100
    for axis in (0, 1):

        def mixed(x, axis=axis):
            return np.sum(np.exp(x - np.max(x, axis=axis, keepdims=True)))

        np.testing.assert_allclose(gg.jit(mixed)(x), mixed(x), rtol=1e-12)


def test_narrow_numbers_are_summed_in_wider_ones():
    x = np.random.default_rng(0).normal(size=1_000_003).astype(np.float16)
    assert gg.jit(logsumexp)(x) == np.float16(special.logsumexp(x.astype(np.float64)))


@pytest.mark.parametrize("reduction", [logsumexp, np.var])
def test_reductions_of_one_another_compile_in_linear_time(reduction):
    """A shared value is met once, however often it is read."""

    def nested(x, depth):
        for _ in range(depth):
            x = x + reduction(x)
        return np.sum(x)

    x = np.zeros(300_000)
    texts = [len(str(gg.jit(lambda x, depth=depth: nested(x, depth)).inspect(x))) for depth in (10, 40)]
    assert texts[1] < 6 * texts[0]
    with gg.settings(engine="reference"):
        expected = gg.jit(lambda x: nested(x, 10))(x)
    np.testing.assert_allclose(gg.jit(lambda x: nested(x, 10))(x), expected, rtol=1e-9)


@pytest.mark.parametrize("shape", [(64, 4, 64, 32), (48, 6, 30, 41), (33, 5, 7, 129)])
def test_planes_of_planes_are_reduced_together_with_them(shape):
    """Loops over planes then lie within the kernel's frame, around those over the rows."""

    def nested(x):
        rows = np.sum(x, axis=2)
        return rows, np.max(x - np.sum(rows, axis=1)[:, None, None], axis=2), np.sum(x * rows[:, :, None], axis=(1, 2))

    def about_the_largest(x):
        return np.sum(x - np.max(x, axis=(1, 2, 3), keepdims=True), axis=2)

    x = np.random.default_rng(0).normal(size=shape)
    for function in (nested, about_the_largest):
        for found, expected in zip(gg.jit(function)(x), function(x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.stack([np.sum(x, axis=1), np.max(x * x, axis=1)]),
        lambda x: np.stack([np.sum(np.tanh(x), axis=1), np.sum(x, axis=1)], axis=-1),
        lambda x: np.concatenate([np.sum(x, axis=1), np.ones((3, x.shape[2]))]),
        lambda x: np.sum(x + 1j * x * x, axis=1),
    ],
)
def test_reduced_planes_are_parts_of_other_arrays(function):
    x = np.random.default_rng(0).normal(size=(70, 32, 64))
    np.testing.assert_allclose(gg.jit(function)(x), function(x), rtol=1e-12, atol=1e-12)


def test_where_it_saves_no_sweep_nothing_is_computed_in_blocks():
    """A plane is still in the cache when it is read again; fourth powers ask for one more sweep in any case."""

    def fourth(x):
        centred = x - np.mean(x)
        return np.mean(centred**4) / np.mean(centred**2) ** 2

    for function, shape in ((lambda x: np.var(x, axis=1), (20, 512, 64)), (fourth, (1_000_003,))):
        assert "maximum" not in str(gg.jit(function).inspect(np.ones(shape)))


def test_what_several_results_follow_from_is_reduced_as_well():
    def several(x):
        exps = np.exp(x - np.max(x))
        return np.sum(exps), gg.scan(lambda c, row: (c + row, np.sum(c)), np.zeros(x.shape[1]), exps)[0]

    x = np.random.default_rng(0).normal(size=(600, 600))
    exps = np.exp(x - np.max(x))
    found = gg.jit(several)(x)
    np.testing.assert_allclose(found[0], np.sum(exps), rtol=1e-12)
    np.testing.assert_allclose(found[1], np.sum(exps, axis=0), rtol=1e-12)


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
    "one far above": _with(300_000, 1e300),
    "one far below": _with(300_000, -1e300),
    "both ends": lambda x: _with(300_000, 1.7e308)(_with(400_000, -1.7e308)(x)),
    "all but one -inf": lambda x: _with(500_000, -3.0)(np.full_like(x, -np.inf)),
    "inf in each block": lambda x: np.where(np.arange(x.size).reshape(x.shape) % 1000 == 0, np.inf, x),
    "squares beyond the largest number": lambda x: x * 1e200,
    "sums beyond the largest number": lambda x: np.full_like(x, 1.7e308),
    "zeros of both signs": lambda x: np.where(x > 0, 0.0, -0.0),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "function",
    [
        logsumexp,
        by_hand,
        np.var,
        lambda x: np.var(x, axis=0),
        lambda x: softmax(x, None),
        lambda x: log_softmax(x),
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


# ------------------------------------------------------------------ what rearranged sums would lose
def test_a_distance_of_two_alike_keeps_its_digits():
    """Σ ((x - m) - (y - n))² as a sum of three squares would be nothing but rounding errors."""
    random = np.random.default_rng(0)
    x = random.normal(size=(4096, 256)).astype(np.float32)
    y = (x + 1e-4 * random.normal(size=x.shape)).astype(np.float32)
    for axis in (None, 0):

        def far(x, y, axis=axis):
            return np.sum(((x - np.mean(x, axis=axis)) - (y - np.mean(y, axis=axis))) ** 2, axis=axis)

        exact = far(x.astype(np.float64), y.astype(np.float64))
        np.testing.assert_allclose(gg.jit(far)(x, y), exact, rtol=1e-2)


@pytest.mark.parametrize("place", range(0, 1 << 20, 1 << 15))
def test_one_number_far_from_all_others_costs_no_digits(place):
    x = np.random.default_rng(0).random(1 << 20).astype(np.float32)
    x[place] += 1e6
    mean, variance = gg.jit(lambda x: (np.mean(x), np.var(x)))(x)
    np.testing.assert_allclose(mean, np.mean(x, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(variance, np.var(x, dtype=np.float64), rtol=1e-6)


def test_large_weights_of_small_exponentials_do_not_overflow():
    w, x = np.full(1 << 20, 1e305), np.zeros(1 << 20)
    w[-1], x[-1] = 1.0, 1500.0
    assert gg.jit(lambda w, x: np.sum(w * np.exp(x - np.max(x))))(w, x) == 1.0


def test_an_infinite_weight_is_multiplied_by_what_it_meets():
    x = np.random.default_rng(0).normal(size=1 << 20)
    w = np.ones(1 << 20)
    x[:2], w[:2] = (30.0, 0.0), (1.0, np.inf)
    assert np.isnan(gg.jit(lambda w, x: np.sum(w * (x == np.max(x))))(w, x))
    assert gg.jit(lambda w, x: np.sum(w * (x - np.mean(x) + 1.0)))(w, x) == np.inf


@pytest.mark.parametrize("number", [0.1, 3.3, 1000.1, 7.7e-5])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [((64, 64), (0, 1)), ((1000, 1000), (0, 1)), ((128, 3, 50), (0, 1, 2)), ((300, 7, 11), (0, 2)), ((100_000,), (0,))],
)
def test_equal_numbers_add_up_as_well_as_in_numpy(number, shape, axes):
    """Rounding errors of equal numbers all go one way: they tell how many are added one after another."""
    x = np.full(shape, number, np.float32)
    for function in (np.sum, np.std):
        wanted = function(x.astype(np.float64), axis=axes)
        scale = number if function is np.std else np.abs(wanted)
        summed = partial(function, axis=axes)
        own, theirs = (np.max(np.abs(f(x) - wanted) / scale) for f in (gg.jit(summed), summed))
        assert own <= max(2 * theirs, 6 * 2.0**-24)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_of_many_blocks_keep_what_is_not_finite(dtype):
    summed = gg.jit(np.sum)
    x = np.random.default_rng(0).random(50_000).astype(dtype)
    largest = np.finfo(dtype).max
    for values, wanted in (
        ({7: np.inf}, np.inf),
        ({49_999: -np.inf}, -np.inf),
        ({7: np.inf, 30_000: -np.inf}, np.nan),
        ({30_000: np.nan}, np.nan),
        ({0: largest, 20_000: largest, 40_000: largest}, np.inf),
    ):
        changed = x.copy()
        changed[list(values)] = list(values.values())
        np.testing.assert_array_equal(summed(changed), np.asarray(wanted, dtype))


def test_what_a_long_sum_loses_is_put_back():
    """Totals are much larger than each block's sums, whose last digits they do not hold."""
    x = np.random.default_rng(0).random(3_000_000).astype(np.float32)
    x[::1000] = 1e6
    exact = np.sum(x, dtype=np.float64)
    assert abs(gg.jit(np.sum)(x) - exact) <= 2e-7 * exact
    columns = x.reshape(-1, 3)
    np.testing.assert_allclose(gg.jit(lambda x: np.sum(x, axis=0))(columns), columns.sum(0, dtype=float), rtol=4e-7)
