"""Every transform inside every other, through loops and branches whose course depends on values."""

import numpy as np
import pytest

import glassgrad as gg

DERIVATIVES = {
    "forward": lambda f: lambda x: gg.jvp(f, (x,), (1.0,))[1],
    "reverse": lambda f: lambda x: gg.grad(f)(x),
    "linearize": lambda f: lambda x: gg.linearize(f, x)[1](1.0),
    "vjp": lambda f: lambda x: gg.vjp(f, x)[1](1.0)[0],
    "jacobian": lambda f: gg.jacobian(f),
    "jacobian by rows": lambda f: gg.jacobian(f, mode="reverse"),
    "checkpoint": lambda f: gg.grad(gg.checkpoint(f)),
    "jit": lambda f: gg.jit(gg.grad(gg.jit(f))),
    "vmap": lambda f: lambda x: gg.vmap(gg.grad(f))(np.stack([x, x]))[1],
}


def simulation(force_by):
    """A loop with a data-dependent end, a branch and a scan inside, driven by the gradient of a potential."""

    def run(w):
        def potential(x):
            return w * x * x * x + np.exp(-x * w)

        def step(state):
            time, x = state
            x = x - 0.1 * force_by(potential)(x)
            x = gg.cond(x > 0.5, lambda: x * w, lambda: x + 0.1 * w)
            x, _ = gg.scan(lambda c, a: (c + a * w * c * 0.1, None), x, np.array([0.1, 0.2]))
            return time + 0.25, x

        return gg.while_loop(lambda state: state[0] < 1.0, step, (0.0, 1.0))[1]

    return run


def central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


@pytest.mark.parametrize("inner", DERIVATIVES)
def test_all_orders_agree(inner):
    run = simulation(DERIVATIVES[inner])
    first = central(run, 0.7, 1e-5)
    second = central(gg.grad(simulation(gg.grad)), 0.7, 1e-5)
    names = list(DERIVATIVES)
    for number, middle in enumerate(names):
        derivative = DERIVATIVES[middle](run)
        assert derivative(0.7) == pytest.approx(first, rel=1e-8), middle
        for outer in {"forward", "reverse", names[(number + names.index(inner)) % len(names)]}:
            assert DERIVATIVES[outer](derivative)(0.7) == pytest.approx(second, rel=1e-7), (middle, outer)


def test_graphs_keep_their_laws_in_nested_loops():
    with gg.settings(verify=True):
        run = simulation(gg.grad)
        gg.grad(gg.grad(run))(0.7)
        gg.vmap(gg.hessian(run))(np.array([0.5, 0.7]))


def test_no_perturbation_confusion():
    # d/dx (x * d/dy (x + y)) = 1, not 2
    assert gg.grad(lambda x: x * gg.grad(lambda y: x + y)(1.0))(2.0) == 1.0
    assert gg.jvp(lambda x: x * gg.jvp(lambda y: x + y, 1.0, 1.0)[1], 2.0, 1.0)[1] == 1.0
    assert gg.grad(lambda x: x * gg.grad(lambda y: y * x)(x))(3.0) == 6.0


def test_third_derivative_through_a_data_dependent_end():
    def grow(a):
        return gg.while_loop(lambda x: x < 100.0, lambda x: a * x * x, 3.0)

    # three steps: a³ 3⁸ ... the end is reached after x = a·9, a³·81 -> 107.8 at a = 1.1, so f = 81 a³
    assert grow(1.1) == pytest.approx(81 * 1.1**3)
    assert gg.grad(grow)(1.1) == pytest.approx(243 * 1.1**2)
    assert gg.grad(gg.grad(grow))(1.1) == pytest.approx(486 * 1.1)
    assert gg.grad(gg.grad(gg.grad(grow)))(1.1) == pytest.approx(486)


def test_vmapped_loop_whose_length_differs_between_examples():
    def count_up(x):
        return gg.while_loop(lambda c: c < 10.0, lambda c: c * x, 1.0)

    xs = np.array([1.5, 2.0, 3.0, 1.01])
    for transform in (lambda f: f, gg.grad, lambda f: gg.grad(gg.grad(f)), DERIVATIVES["forward"]):
        together = gg.vmap(transform(count_up))(xs)
        np.testing.assert_allclose(together, [transform(count_up)(x) for x in xs], rtol=1e-12)
    np.testing.assert_allclose(gg.grad(lambda v: gg.vmap(count_up)(v).sum())(xs), [gg.grad(count_up)(x) for x in xs])


def test_loops_of_different_lengths_inside_loops_inside_vmap():
    def f(w):
        def step(c, i):
            inner = gg.while_loop(lambda s: s < 5.0 + i, lambda s: s * w + 0.1 * np.sin(s), 1.0 + 0.1 * c)
            return inner, inner * w

        last, each = gg.scan(step, 0.5, np.arange(3.0))
        return last + each.sum()

    ws = np.array([1.5, 2.0, 3.0, 1.2])
    for transform in (lambda f: f, gg.grad, lambda f: gg.grad(gg.grad(f)), gg.hessian):
        np.testing.assert_allclose(gg.vmap(transform(f))(ws), [transform(f)(w) for w in ws], rtol=1e-10)
    assert gg.grad(f)(1.5) == pytest.approx(central(f, 1.5, 1e-6), rel=1e-7)
    assert gg.grad(gg.grad(f))(1.5) == pytest.approx(central(gg.grad(f), 1.5, 1e-6), rel=1e-6)
