"""Static arguments of jit are known by position and by name, and 1, 1.0 and True are different values."""

import numpy as np
import pytest

import glassgrad as gg


def kind_of(x, n):
    return x + {int: 0.0, float: 10.0, bool: 20.0}[type(n)] if n else x


@pytest.mark.parametrize("static", [1, -1, "n", ("n",), [1]])
def test_static_by_position_and_by_name(static):
    compiled = gg.jit(kind_of, static=static)
    assert compiled(1.0, 1) == compiled(1.0, n=1) == compiled(x=1.0, n=1) == 1.0


def test_equal_values_of_different_types_are_traced_apart():
    compiled = gg.jit(kind_of, static="n")
    assert [compiled(1.0, n) for n in (1, 1.0, True)] == [1.0, 11.0, 21.0]
    tuples = gg.jit(lambda x, n: kind_of(x, n[0]), static="n")
    assert [tuples(1.0, (n,)) for n in (1, 1.0, True)] == [1.0, 11.0, 21.0]


@pytest.mark.parametrize("engine", ["reference", "cpu"])
def test_equal_values_that_are_not_the_same(engine):
    with gg.settings(engine=engine):
        signed = gg.jit(lambda x, s: np.copysign(x, s), static=1)
        assert [signed(1.0, s) for s in (0.0, -0.0, 0.0, -0.0)] == [1.0, -1.0, 1.0, -1.0]
        scaled = gg.jit(lambda x, s: x * next(iter(s)), static=1)
        found = [scaled(np.int64(3), s).dtype for s in (frozenset({2}), frozenset({2.0}), frozenset({2}))]
        assert found == [np.int64, np.float64, np.int64]
