"""Elements that lie a few apart are read as whole vectors: every size, step and direction, to the last element."""

import ctypes
import mmap
import sys

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.emit.lanes import vector_bytes

SIZES = [1, 2, 5, 8, 9, 17, 31, 33, 64, 101, 4096]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.bool_], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("step", [2, 3, 4, 5, -1, -2, -3, -4])
def test_every_so_many_elements(step, dtype):
    for size in SIZES:
        x = np.random.default_rng(size).integers(0, 2 if dtype is np.bool_ else 100, (3, size)).astype(dtype)
        for first in (None, 1):
            take = lambda x, first=first: x[:, first::step]  # noqa: E731
            with gg.settings(engine="cpu"):
                found = gg.jit(lambda x, take=take: np.where(take(x) == take(x), take(x), take(x)))(x)
            np.testing.assert_array_equal(found, take(x))


@pytest.mark.skipif(sys.platform != "linux", reason="protects a page of memory in Linux's way")
def test_nothing_behind_the_last_element_is_read():
    """The last vector ends with the last element, also where the page behind it may not be read."""
    page = mmap.PAGESIZE
    room = mmap.mmap(-1, 2 * page)
    both = np.frombuffer(room, np.float32)
    x = both[: page // 4]
    protect = ctypes.CDLL(None).mprotect
    assert protect(ctypes.c_void_p(both.ctypes.data + page), ctypes.c_size_t(page), 0) == 0
    try:
        for step in (2, 3, 4):
            for size in (33, 64, 65):
                own = x[-size:]
                with gg.settings(engine="cpu"):
                    found = gg.jit(lambda x, step=step: np.exp(x[(len(x) - 1) % step :: step]))(own)
                np.testing.assert_allclose(found, np.exp(own[(size - 1) % step :: step]))
    finally:
        protect(ctypes.c_void_p(both.ctypes.data + page), ctypes.c_size_t(page), 3)


def test_what_lies_far_apart_goes_one_vector_at_a_time():
    """A column's elements are picked up one by one: more lanes would only be more to compile."""
    x = np.random.default_rng(0).normal(size=(1000, 100)).astype(np.float32)
    with gg.settings(engine="cpu"):
        column, row = gg.jit(lambda x: np.tanh(x[:, 7]) * x[:, 9]), gg.jit(lambda x: np.tanh(x[7]) * x[9])
        np.testing.assert_allclose(column(x), np.tanh(x[:, 7]) * x[:, 9], rtol=1e-6)
        assert f"// {vector_bytes() // 4} lanes" in str(column.inspect(x))
        assert f"// {vector_bytes() // 4} lanes" not in str(row.inspect(x))


def test_arrays_with_short_rows_are_written_two_vectors_at_a_time():
    """One alone is written faster in wider steps; several take long to compile so."""
    x = np.random.default_rng(0).normal(size=(1000, 4)).astype(np.float32)

    def unit_rows(x: np.ndarray) -> np.ndarray:
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    def both(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        unit = unit_rows(x)
        return unit, unit * x

    one, two = gg.jit(unit_rows), gg.jit(both)
    np.testing.assert_allclose(one(x), unit_rows(x), rtol=1e-6)
    for found, expected in zip(two(x), both(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert [kernel.lanes for kernel in one.inspect(x).kernels] == [4 * vector_bytes() // 4]
    assert [kernel.lanes for kernel in two.inspect(x).kernels] == [2 * vector_bytes() // 4]
