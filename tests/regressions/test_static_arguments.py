"""Static arguments of jit are known by position and by name, and 1, 1.0 and True are different values."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import UsageError


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


@pytest.mark.parametrize(
    "options", [{"static": "m"}, {"static": 9}, {"static": 1.5}, {"donate": "q"}, {"donate": True}]
)
def test_options_that_name_no_parameter(options):
    with pytest.raises(UsageError, match="has no parameter") as caught:
        gg.jit(lambda x, n: x * n, **options)
    assert "x, n" in str(caught.value)


def test_options_may_name_what_a_function_takes_besides():
    assert gg.jit(lambda *xs, **named: xs[3] * named["n"], static=("n", 3))(1.0, 2.0, 3.0, 4.0, n=2) == 8.0
    assert gg.jit(lambda x, *, n: x * n, static="n")(3.0, n=2) == 6.0
