"""Loops of unknown length inside of loops: what their gradients record is left to the host, and nothing else is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.program import Program


def root(a: Any) -> Any:
    return gg.while_loop(lambda s: np.abs(s * s - a) > 1e-12 * a, lambda s: 0.5 * (s + a / s), a)


def in_scan(xs: Any) -> Any:
    def step(c: Any, x: Any) -> Any:
        r = root(np.abs(x) + c * c + 1)
        return np.tanh(c + r), r

    last, roots = gg.scan(step, 0.5, xs)
    return last * np.sum(roots**2)


def in_two(xs: Any) -> Any:
    def outer(c: Any, x: Any) -> Any:
        d, ds = gg.scan(lambda d, y: (d + root(y * y + x * x + 1), d), c, xs)
        return np.sin(d) + np.sum(ds), d

    return gg.scan(outer, 1.0, xs)[0]


def in_while(xs: Any) -> Any:
    body = lambda s: (s[0] * 0.5 + root(s[0] + 1) * 0.1, s[1] + 1)  # noqa: E731 - the body in one line
    return gg.while_loop(lambda s: s[1] < 4, body, (np.abs(xs[0]), 0))[0]


def in_branch(xs: Any) -> Any:
    return gg.cond(np.sum(xs) > 0, lambda: root(np.sum(xs**2) + 1), lambda: root(2 + np.sum(xs) ** 2) ** 2)


def of_vectors(xs: Any) -> Any:
    shrunk = lambda x: gg.while_loop(lambda s: np.sum(s * s) > 1e-3, lambda s: s * 0.5 * np.cos(s), x)  # noqa: E731
    return np.sum(gg.scan(lambda c, x: (c * 0.9 + shrunk(x + c), None), xs[:2], np.outer(xs, xs[:2]))[0] ** 2)


PROGRAMS = [in_scan, in_two, in_while, in_branch, of_vectors]


def compared(f: Callable[..., Any], given: np.ndarray) -> None:
    """The native program gives what the reference engine gives, and runs all but the loops itself."""
    with gg.settings(engine="reference"):
        expected = gg.jit(f)(given)
    compiled = gg.jit(f)
    for _ in range(2):
        np.testing.assert_allclose(compiled(given), expected, rtol=1e-9)
    (version,) = compiled.cache.values()
    assert isinstance(version.program, Program)
    assert {node.op.name for node in version.program.module.host} <= {"scan", "while_loop", "cond"}


@pytest.mark.parametrize("f", PROGRAMS)
def test_gradients_are_those_of_the_reference(f: Callable[..., Any]):
    for seed in range(3):
        compared(gg.grad(f), np.random.default_rng(seed).normal(size=5))


@pytest.mark.parametrize("f", [in_scan, in_branch])
def test_gradients_of_many(f: Callable[..., Any]):
    compared(gg.vmap(gg.grad(f)), np.random.default_rng(3).normal(size=(3, 5)))


def test_what_is_beside_such_a_loop_stays_native():
    f = gg.jit(gg.grad(lambda xs: in_scan(xs) + np.sum(np.tanh(xs) ** 2 @ np.ones((5, 5)))))
    f(np.arange(5.0))
    (version,) = f.cache.values()
    assert [node.op.name for node in version.program.module.host] == ["scan", "scan"]
    assert version.program.plan.steps[2:]
