"""A value that leaves the body of a loop, a branch, jit or vmap by a side door is an error that says so."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import LeakedTracerError


def in_a_loop(inside, x):
    return gg.fori_loop(0, 3, lambda i, s: inside(s), x[1])


def in_a_branch(inside, x):
    return gg.cond(x[0] > 1.0, inside, inside, x[1])


def under_jit(inside, x):
    return gg.jit(inside)(x[1])


def under_vmap(inside, x):
    return gg.vmap(inside)(x).sum()


@pytest.mark.parametrize("body", [in_a_loop, in_a_branch, under_jit, under_vmap])
@pytest.mark.parametrize("door", ["array", "list"])
def test_it_is_named(body, door):
    def function(x):
        out, kept = np.zeros_like(x), []

        def inside(y):
            if door == "array":
                out[0] = y
            else:
                kept.append(y)
            return y * 2.0

        return body(inside, x) + (out.sum() if door == "array" else kept[0])

    with pytest.raises(LeakedTracerError, match="used outside of it"):
        gg.grad(function)(np.arange(3.0))
