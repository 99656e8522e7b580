"""Rows that several phases read: while one is computed, the next is asked for, and nothing else changes."""

import numpy as np
import pytest

import glassgrad as gg


def softmax(x):
    exps = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return exps / np.sum(exps, axis=-1, keepdims=True)


def gradient(x, ct):
    return gg.grad(lambda x: np.sum(softmax(x) * ct))(x)


def asks(function, *args):
    return "prefetch" in gg.jit(function).inspect(*args).llvm


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(2001, 257), (1030, 300), (31, 37, 256), (300, 1201), (5000, 131), (90, 8001)])
def test_the_values_are_those_of_the_reference(shape, dtype):
    random = np.random.default_rng(0)
    x, ct = (random.normal(size=shape).astype(dtype) for _ in range(2))
    tolerance = 1e-4 if dtype == "float32" else 1e-12
    for function, given in [(softmax, (x,)), (gradient, (x, ct)), (gradient, (x[::-1], ct[..., ::-1]))]:
        with gg.settings(engine="reference"):
            expected = gg.jit(function)(*given)
        np.testing.assert_allclose(gg.jit(function)(*given), expected, rtol=tolerance, atol=tolerance)


def test_only_long_rows_of_large_arrays_are_asked_for():
    x = np.ones((1024, 256))
    assert asks(softmax, x)
    assert asks(gradient, x, x)
    assert not asks(softmax, x[:64])
    assert not asks(softmax, x.reshape(-1, 32))
    assert not asks(softmax, x.reshape(16, -1))
    assert not asks(np.tanh, x)


# ------------------------------------------------------------------ rows from their end
def summed_from_the_end(x):
    return np.flip(np.cumsum(np.flip(x, -1), axis=-1), -1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(1, 5), (3, 1), (7, 40), (2001, 257), (5, 300, 70), (20_000, 64)])
def test_rows_that_are_summed_from_their_end_come_from_the_last(shape, threads):
    x = np.random.default_rng(0).normal(size=shape)
    with gg.settings(threads=threads):
        total = gg.jit(gg.grad(lambda x, ct: np.sum(np.cumsum(x, axis=-1) * ct)))
        np.testing.assert_allclose(total(x, x), summed_from_the_end(x), rtol=1e-12, atol=1e-12)


def test_the_loop_nest_says_so():
    x = np.ones((4000, 256))
    loops = str(gg.jit(gg.grad(lambda x, ct: np.sum(np.cumsum(x, axis=-1) * ct))).inspect(x, x))
    assert "for (int i = 3999; i >= 0; i--)" in loops
    assert "for (int j = 255; j >= 0; j--)" in loops
    forward = str(gg.jit(lambda x: np.cumsum(x, axis=-1)).inspect(x))
    assert "i--" not in forward


def test_short_rows_are_asked_for_in_time():
    ahead = {}
    for columns in (256, 512, 1024):
        x = np.ones(((1 << 19) // columns, columns), np.float32)
        lines = gg.jit(softmax).inspect(x).llvm.splitlines()
        asked = [lines[i - 1] for i, line in enumerate(lines) if "call void @llvm.prefetch" in line]
        ahead[columns] = max(int(line.rsplit(" ", 1)[1]) for line in asked if line.rsplit(" ", 1)[1].isdigit())
    assert ahead == {256: 2048, 512: 2048, 1024: 4096}
