"""Kernels shared among threads: the same numbers, bit by bit, however many there are."""

import math
import re

import numpy as np
import pytest

import glassgrad as gg

FUNCTIONS = {
    "chain": lambda x: np.tanh(x) * x + 1.0,
    "rows": lambda x: x - x.mean(axis=1, keepdims=True),
    "softmax": lambda x: np.exp(x - x.max(axis=1, keepdims=True)) / np.exp(x).sum(axis=1, keepdims=True),
    "turned": lambda x: np.sin(x).T + 1.0,
    "columns": lambda x: x.sum(axis=0),
    "running": lambda x: np.cumsum(x, axis=1),
    "total": lambda x: np.sum(x * x),
    "turned total": lambda x: np.sum(np.exp(x).T * x.T),
    "extremes": lambda x: np.max(x) - np.min(x),
    "largest of columns": lambda x: np.max(x, axis=0),
    "place": lambda x: np.argmax(x),
    "places": lambda x: np.argmin(x, axis=0) + np.argmax(x, axis=0),
    "logsumexp": lambda x: np.log(np.sum(np.exp(x - np.max(x)))) + np.max(x),
    "normalised columns": lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
    "differences": gg.grad(lambda x: np.sum(np.sin(x[1:] - x[:-1]) ** 2)),
    "every third": gg.grad(lambda x: np.sum(x[::-3, ::2] ** 3)),
    "joined": lambda x: np.concatenate([x, 2.0 * x[:, 1:], x[::-1]], axis=1),
    "padded": lambda x: np.pad(x, ((1, 2), (0, 3))) * 2.0,
    "looked up": gg.grad(lambda x: np.sum(x[:, [0, 2, 0]] ** 2)),
    "truths": lambda x: np.sum(x > 0.3) + 10 * np.any(x > 3.0) + 100 * np.all(x < 9.0),
    "gradient of a scale": gg.grad(lambda x: np.sum(np.sin(x[0] * (x - x.mean(axis=1, keepdims=True))))),
}


@pytest.mark.parametrize("shape", [(300, 257), (7, 40_003), (40_003, 3)], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_number_of_threads_changes_nothing(name, shape):
    x = np.random.default_rng(0).normal(size=shape)
    found = []
    for threads in (1, 2, 3):
        with gg.settings(engine="cpu", threads=threads):
            compiled = gg.jit(FUNCTIONS[name])
            found.append(compiled(x))
            np.testing.assert_array_equal(compiled(x), found[-1])
            (version,) = compiled.cache.values()
        assert threads > 1 or "fork_join" not in version.program.module.symbols
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    with gg.settings(engine="reference"):
        np.testing.assert_allclose(found[0], gg.jit(FUNCTIONS[name])(x), rtol=1e-9, atol=1e-9)


NAN = {
    "max": np.max,
    "min": np.min,
    "sum": np.sum,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "column max": lambda x: np.max(x.reshape(-1, 7), axis=0),
    "column argmin": lambda x: np.argmin(x.reshape(-1, 7), axis=0),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAN)
def test_nan_and_infinity_are_found_in_any_block(name, dtype):
    places = [0, 5, 131_071, 250_000, 7 * 60_011 - 1]
    for holes in ([], [2], [3, 1], [4, 0], [0, 1, 2, 3, 4]):
        x = np.random.default_rng(0).normal(size=7 * 60_011).astype(dtype)
        x[77], x[300_000] = np.inf, -np.inf
        x[[places[k] for k in holes]] = np.nan
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(gg.jit(NAN[name])(x), NAN[name](x))


def test_of_equal_values_the_first_is_found():
    x = np.zeros(500_003, np.float32)
    assert gg.jit(np.argmax)(x) == 0
    x[[400_000, 450_001]] = 1.0
    assert gg.jit(np.argmax)(x) == 400_000
    x[:] = -np.inf
    assert gg.jit(np.argmax)(x) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_of_many_are_as_exact_as_those_of_numpy(dtype):
    for seed in range(3):
        x = np.random.default_rng(seed).uniform(size=10_000_000).astype(dtype)
        exact = math.fsum(x.tolist()) if dtype == np.float64 else np.sum(x, dtype=np.float64)
        ours, theirs = (abs(float(found) - exact) / exact for found in (gg.jit(np.sum)(x), np.sum(x)))
        assert ours <= max(theirs, np.finfo(dtype).eps)


def test_large_loops_are_shared():
    with gg.settings(engine="cpu", threads=2):
        compiled = gg.jit(np.tanh)
        compiled(np.ones(100_001))
        (version,) = compiled.cache.values()
    assert "fork_join" in version.program.module.symbols


FEW_ROUNDS = {
    "turned": lambda x: np.sin(x).swapaxes(1, 2) + 1.0,
    "joined": lambda x: np.concatenate([x, 2.0 * x], axis=1),
    "padded": lambda x: np.pad(x, 1) * 2.0,
    "running": lambda x: np.cumsum(x, axis=1),
    "sums of the middle": lambda x: np.sum(x, axis=1),
    "turned differences": gg.grad(lambda x: np.sum(np.sin(x[1:] - x[:-1]).swapaxes(0, 2) ** 2)),
}


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("name", FEW_ROUNDS)
def test_arrays_with_few_planes_are_shared_bit_by_bit(name, count):
    x = np.random.default_rng(0).normal(size=(count, 211, 307))
    found = []
    for threads in (1, 2, 3, 4):
        with gg.settings(engine="cpu", threads=threads):
            found.append(gg.jit(FEW_ROUNDS[name])(x))
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
    with gg.settings(engine="reference"):
        np.testing.assert_allclose(found[0], gg.jit(FEW_ROUNDS[name])(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["turned", "joined"])
def test_no_thread_has_two_of_three_planes(name):
    with gg.settings(engine="cpu", threads=2):
        compiled = gg.jit(FEW_ROUNDS[name])
        compiled(np.ones((3, 400, 500)))
        (version,) = compiled.cache.values()
    pieces = re.findall(r"@fork_join\(ptr @\S+, ptr %given, i64 (\d+), i64 2\)", version.program.module.text())
    assert pieces
    assert all(int(count) != 3 for count in pieces)
