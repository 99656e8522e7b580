"""Loops and branches stay loops and branches in generated source."""

import numpy as np

import glassgrad as gg
from tests.engines.running import assert_source_is_right

V = np.array([0.3, -0.7, 1.1])


def scanned(W, U, b, xs):
    def step(h, x):
        h = np.tanh(W @ h + U @ x + b)
        return h, h

    h, hs = gg.scan(step, np.zeros(3), xs)
    return np.sum(hs**2) + np.sum(h)


def two_carries(x):
    def step(carry, t):
        position, speed = carry
        return (position + 0.1 * speed, speed - 0.1 * np.sin(position) * t), position

    (position, speed), path = gg.scan(step, (x, 0.5 * x), np.linspace(0.0, 1.0, 6))
    return np.sum(position * speed) + np.sum(path**2)


def newton(a, x0):
    return gg.while_loop(lambda x: abs(x * x - a) > 1e-10, lambda x: 0.5 * (x + a / x), x0) ** 2


def counted(x):
    return gg.fori_loop(0, 5, lambda i, c: c * np.sin(x) + i, x)


def chosen(x, w):
    y = gg.cond(np.sum(x) > 0, lambda x: np.sin(x) * w, lambda x: x**2 * w, x)
    return np.sum(y)


def switched(x, k):
    return gg.switch(k, [lambda x: x**2, lambda x: x**3, lambda x: np.exp(x)], x)


def loop_in_a_loop(x):
    def outer(c, t):
        inner = gg.fori_loop(0, 3, lambda i, y: y * np.cos(c), t)
        return c + inner, inner

    c, ys = gg.scan(outer, x, np.array([0.1, 0.2, 0.3]))
    return c * np.sum(ys)


@gg.jit
def squared(x):
    y = x * x
    return y  # noqa: RET504 - the name is what is tested


def shrunk(x):
    return gg.scan(
        lambda c, e: (gg.while_loop(lambda s: np.abs(s) > 0.3, lambda s: s * 0.6, c + e), c * e),
        1.0,
        x,
    )[0]


def compiled(x):
    z = squared(x) + squared(2 * x)
    return np.sum(z)


def checkpointed(x):
    return np.sum(gg.checkpoint(lambda t: np.exp(np.sin(t)))(x))


def gradient_inside(x):
    g = gg.grad(lambda t: np.sum(t**3))(x)
    return np.sum(g * x)


def test_scan_is_a_for_loop() -> None:
    rng = np.random.default_rng(0)
    arguments = [rng.normal(size=shape) for shape in [(3, 3), (3, 2), (3,), (4, 2)]]
    text = assert_source_is_right(scanned, *arguments, wrt="all", argnums=(0, 1, 2, 3))
    assert "for step in range(len(xs)):" in text
    assert "h = np.tanh(W @ h + U @ x + b)" in text
    assert "dW += np.outer(" in text
    assert "in reversed(range(" in text


def test_several_carried_values() -> None:
    assert "position, speed = " in assert_source_is_right(two_carries, 0.7)


def test_while_loop_is_a_while_loop() -> None:
    text = assert_source_is_right(newton, 2.0, 1.0, wrt="all", argnums=(0, 1))
    assert "while abs(x * x - a) > 1e-10:" in text
    assert ".append(" in text


def test_fori_loop_counts() -> None:
    assert "for i in range(5):" in assert_source_is_right(counted, 0.3)


def test_cond_is_an_if() -> None:
    for x in (V, -V):
        text = assert_source_is_right(chosen, x, 2.0, wrt="all", argnums=(0, 1))
        assert "else:" in text


def test_switch_has_a_branch_each() -> None:
    text = assert_source_is_right(lambda x: switched(x, (x > 0.5) + 1), 0.7)
    assert "elif " in text


def test_a_loop_without_a_known_end_inside_of_a_scan_keeps_rows_of_its_own() -> None:
    assert "[None] * 5" in assert_source_is_right(shrunk, np.linspace(-1.0, 1.5, 5))


def test_loops_nest() -> None:
    assert assert_source_is_right(loop_in_a_loop, 0.4).count("for ") >= 3


def test_calls_are_written_out() -> None:
    assert "y1 = x" in assert_source_is_right(compiled, V)
    assert_source_is_right(checkpointed, V)
    assert_source_is_right(gradient_inside, V)
