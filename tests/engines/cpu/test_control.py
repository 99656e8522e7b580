"""Loops and branches on the CPU engine: native, to any order, with ends that depend on the data."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.api.compile import Compiled


@pytest.fixture(autouse=True)
def native():
    with gg.settings(engine="cpu"):
        yield


def agree(function, *arguments, tolerance=1e-12):
    """The native program runs the function alone, and gives what the reference engine gives."""
    compiled = gg.jit(function)
    found = compiled(*arguments)
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(*arguments)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(compiled(*arguments), expected, rtol=tolerance, atol=tolerance)
    (version,) = compiled.cache.values()
    assert isinstance(version, Compiled)
    assert not version.program.module.host


def halved(x):
    return gg.while_loop(lambda s: np.abs(s) > 0.1, lambda s: np.sin(s) * 0.9, x)


def walked(x):
    def step(carry, entry):
        carry = np.tanh(carry * entry + x[0])
        return carry, carry * 2.0

    last, all_steps = gg.scan(step, np.ones(3), x)
    return np.sum(last) + np.sum(all_steps**2)


def branched(x):
    return gg.cond(np.sum(x) > 0, lambda x: np.sum(x * x), lambda x: np.sum(np.exp(x)), x)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_loop_with_an_end_that_depends_on_the_data(order):
    function = halved
    for _ in range(order):
        function = gg.grad(function)
    agree(function, 1.0)
    agree(function, 0.05)  # no round at all


@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_a_scan(length):
    x = np.linspace(0.1, 1.0, length)[:, None] * np.ones(3) if length else np.zeros((0, 3))
    if length:
        agree(walked, x)
        agree(gg.grad(walked), x)
    agree(lambda x: gg.scan(lambda c, e: (c + e, c), np.zeros(3), x)[0], x)
    agree(lambda x: gg.scan(lambda c, e: (c + e, c), np.zeros(3), x)[1], x)


def test_branches():
    for sign in (1.0, -1.0):
        agree(branched, sign * np.ones(4))
        agree(gg.grad(branched), sign * np.ones(4))


def test_loops_in_loops_forward_and_reverse():
    def simulated(x):
        force = gg.grad(lambda q: np.sum(np.sin(x * q)))

        def step(state):
            position, count = state
            position = gg.fori_loop(0, 3, lambda _, p: p - 0.1 * force(p), position)
            return position, count + 1.0

        return np.sum(gg.while_loop(lambda s: s[1] < 4.0, step, (np.ones(2), 0.0))[0])

    agree(simulated, 0.7)
    agree(lambda x: gg.jvp(simulated, x, 1.0)[1], 0.7)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_what_a_loop_recorded_is_given_back():
    def resident():
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    compiled = gg.jit(gg.grad(lambda x: np.sum(gg.while_loop(lambda s: s[0] > 0.1, lambda s: np.sin(s) * 0.9, x))))
    x = np.ones(10_000)  # a record takes 80 kB a round, sixteen of them at least
    for _ in range(20):
        compiled(x)
    before = resident()
    for _ in range(100):
        compiled(x)
    assert resident() - before < 20e6


def test_graphs_that_only_the_reference_runs_still_run():
    def nested(x):
        return gg.scan(
            lambda c, e: (gg.while_loop(lambda s: np.abs(s) > 0.3, lambda s: s * 0.6 * x[0], c + e), c * e), 1.0, x
        )[0]

    x = np.linspace(0.1, 1.0, 5)
    with gg.settings(engine="reference"):
        expected = gg.grad(nested)(x)
    np.testing.assert_allclose(gg.jit(gg.grad(nested))(x), expected, rtol=1e-12)


def test_the_inside_of_a_checkpoint_is_kept_apart() -> None:
    def block(x, w):
        for _ in range(8):
            x = np.tanh(x @ w)
        return x

    def loss(x, w, wrapped):
        for _ in range(4):
            x = wrapped(x, w)
        return np.sum(x)

    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(300, 40)), rng.normal(size=(40, 40)) * 0.2
    plain = gg.jit(gg.grad(lambda x, w: loss(x, w, block), (0, 1)))
    spare = gg.jit(gg.grad(lambda x, w: loss(x, w, gg.checkpoint(block)), (0, 1)))
    for found, expected in zip(spare(x, w), plain(x, w), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    sizes = [next(iter(f.cache.values())).program.plan.arena_bytes for f in (plain, spare)]
    assert sizes[1] < 0.6 * sizes[0]


def test_an_open_end_over_many_items_that_share_it():
    def function(x, n):
        return gg.fori_loop(0, n, lambda i, x: np.sin(x) + 1.0, x)

    agree(function, np.linspace(-2.0, 2.0, 100_003), 5)
    agree(function, np.linspace(-2.0, 2.0, 20_000), 0)
