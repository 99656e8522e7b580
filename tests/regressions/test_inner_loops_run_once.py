"""The gradient of a loop within a loop ran the inner loop twice going forward: as it was, and once more recording."""

import re

import numpy as np
import pytest

import glassgrad as gg


def total(x):
    def row(above, values):
        def cell(left, given):
            up, value = given
            found = np.sin(left + up) * value
            return found, found

        last, found = gg.scan(cell, 0.1 * values[0], (above, values))
        return found + np.concatenate([above[1:], above[:1]]), last

    below, last = gg.scan(row, x[0], x)
    return np.sum(below) + np.sum(last**2)


def in_turns(x):
    """The same, in Python's loops."""
    above, whole = x[0], 0.0
    for values in x:
        left, found = 0.1 * values[0], []
        for up, value in zip(above, values, strict=True):
            left = np.sin(left + up) * value
            found.append(left)
        above = np.stack(found) + np.concatenate([above[1:], above[:1]])
        whole = whole + left**2
    return np.sum(above) + whole


def test_each_loop_runs_once_forward_and_once_backward():
    text = str(gg.jit(gg.grad(total)).inspect(np.ones((5, 4))))
    assert len(re.findall(r"l\d+ +scan of", text)) == 4


@pytest.mark.parametrize("derived", [gg.grad, lambda f: gg.grad(lambda x: np.sum(gg.grad(f)(x) ** 2))])
def test_derivatives(derived):
    x = np.random.default_rng(0).normal(size=(5, 4))
    expected = derived(in_turns)(x)
    np.testing.assert_allclose(derived(total)(x), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(gg.jit(derived(total))(x), expected, rtol=1e-10, atol=1e-12)
