"""Arrays put together from parts: what computes a part writes it into the array, and reads go to the part."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.plan.kernels import Kernel


def rows(x):
    """Four columns: two computed, one constant, one given."""
    first = np.sin(x[:, 0]) * x[:, 1]
    return np.stack([first, np.exp(x[:, 1]) - first, np.zeros_like(first), x[:, 2]], axis=1)


def joined(x):
    return np.concatenate([np.sin(x), x[:, :1] * 2.0, np.cos(x)], axis=1)


def twice(x):
    part = np.sin(x)
    return np.concatenate([part, part, 2.0 * part]) + np.sum(part)


WRITTEN = {
    "stack of given, computed and constant": rows,
    "concatenation of a reshaped stack": lambda x: np.concatenate([rows(x).reshape(-1), np.cos(x[:, 0])]),
    "stacks in a stack": lambda x: np.stack([np.stack([np.sin(x), x + 1.0], 1), np.stack([np.cos(x), x - 1.0], 1)], 1),
    "transposed": lambda x: np.concatenate([np.sin(x).T, np.cos(x[:, 1])[None]]).T,
    "one value in two places": twice,
    "a part that others read": lambda x: (rows(x), np.cumsum(np.sin(x[:, 0]) * x[:, 1])[::-1]),
    "sums": lambda x: np.stack([np.sum(x, axis=1), np.max(x, axis=1), x.mean(axis=1)], axis=1),
    "read by a product": lambda x: rows(x) @ np.arange(20.0).reshape(4, 5).astype(x.dtype),
    "columns of many loops": lambda x: np.concatenate([np.sin(x), np.cumsum(x, axis=1), x @ x.T], axis=1),
    "derivative": gg.grad(lambda x: np.sum(rows(x) ** 2)),
}


def compared(function, x):
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(x)
    compiled = gg.jit(function)
    with gg.settings(engine="cpu"):
        found = compiled(x)
    for one, other in zip(*[r if isinstance(r, tuple) else (r,) for r in (found, expected)], strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        close = 2e-5 if one.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(one, other, rtol=close, atol=close)
    (version,) = compiled.cache.values()
    return version.program.plan


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("size", [0, 1, 5, 37, 1003])
@pytest.mark.parametrize("name", WRITTEN)
def test_parts_written_in_place_are_right(name, size, dtype):
    x = np.random.default_rng(size).normal(size=(size, 3)).astype(dtype)
    x[1::7, 1], x[2::5, 0] = np.nan, np.inf
    with np.errstate(all="ignore"):
        compared(WRITTEN[name], x)


def test_a_stack_is_one_loop():
    plan = compared(lambda x: np.concatenate([rows(x).reshape(-1), np.cos(x[:, 0])]), np.ones((37, 3)))
    kernels = [step for step in plan.steps if isinstance(step, Kernel) and step.phases]
    assert len(kernels) <= 2
    assert plan.arena_bytes == 0


KEYS = [0, 3, -1, slice(4, 6), slice(6, 3, -1), slice(2, 4), slice(2, None, -2), slice(4, 7, 2), slice(7, 7)]


@pytest.mark.parametrize("whole", [joined, lambda x: np.stack([np.sin(x[:, k % 3]) + k for k in range(7)], axis=1)])
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_what_is_taken_out_of_an_array_is_taken_from_its_parts(whole, key):
    x = np.random.default_rng(0).normal(size=(6, 3))
    compared(lambda x: whole(x)[:, key], x)
    compared(lambda x: whole(x)[1:, key] * 2.0, x)
    compared(lambda x: whole(x)[None, 3, key], x)


def test_a_column_of_a_concatenation_needs_no_array():
    plan = compared(lambda x: joined(x)[:, 3] * joined(x)[:, 0], np.ones((100, 3)))
    assert plan.arena_bytes == 0
