"""scipy.integrate on traced values: solutions against SciPy's and formulas, derivatives against formulas."""

import numpy as np
import pytest
import scipy.integrate

import glassgrad as gg
from glassgrad.base.errors import ShapeError, UnsupportedError
from glassgrad.scipy import integrate

rng = np.random.default_rng(8)
TIMES = np.array([0.0, 0.3, 1.0, 2.5])


def pendulum(y, t, length, damping):
    return [y[1], -9.81 / length * np.sin(y[0]) - damping * y[1] + 0.1 * np.cos(t)]


def swing(y0, t, length, damping):
    return integrate.odeint(pendulum, y0, t, (length, damping))


# ------------------------------------------------------------------ solutions
def test_plain_values_go_to_scipy():
    found = swing(np.array([1.0, 0.0]), TIMES, 1.0, 0.1)
    np.testing.assert_array_equal(found, scipy.integrate.odeint(pendulum, [1.0, 0.0], TIMES, (1.0, 0.1)))


@pytest.mark.parametrize("times", [TIMES, TIMES[::-1], np.array([0.0, 0.5, 0.5, 0.7]), np.array([1.0])])
def test_traced_solutions_agree_with_scipys(times):
    y0 = np.array([1.0, 0.2])
    found = gg.jit(lambda y0: swing(y0, times, 1.3, 0.2))(y0)
    exact = scipy.integrate.odeint(pendulum, y0, times, (1.3, 0.2), rtol=1e-12, atol=1e-12)
    assert found.shape == (len(times), 2)
    np.testing.assert_allclose(found, exact, rtol=1e-8, atol=1e-9)


def test_one_number_and_time_first():
    found = gg.jit(lambda y0: integrate.odeint(lambda t, y: -t * y, y0, TIMES, tfirst=True))(2.0)
    np.testing.assert_allclose(found[:, 0], 2 * np.exp(-(TIMES**2) / 2), rtol=1e-8)


def test_looser_tolerances_take_fewer_steps_and_are_kept():
    exact = np.exp(-TIMES)
    for tolerance in (1e-3, 1e-6):
        found = gg.jit(lambda y0, e=tolerance: integrate.odeint(lambda y, t: -y, y0, TIMES, rtol=e, atol=e))(1.0)
        error = np.max(np.abs(found[:, 0] - exact))
        assert 1e-3 * tolerance < error < 10 * tolerance


def test_steps_that_do_not_suffice_give_not_a_number():
    found = gg.jit(lambda y0: integrate.odeint(lambda y, t: -50.0 * y, y0, TIMES, mxstep=3))(1.0)
    assert np.isnan(found[-1, 0])
    blown_up = gg.jit(lambda y0: integrate.odeint(lambda y, t: y**2, y0, np.array([0.0, 2.0]), mxstep=200))(1.0)
    assert np.isnan(blown_up[-1, 0])


# ------------------------------------------------------------------ derivatives
def test_gradients_of_a_linear_equation_by_formula():
    """y' = a y + b: y = (y0 + b / a) exp(a (t - t0)) - b / a."""

    def solution(y0, t, a, b):
        return (y0 + b / a) * np.exp(a * (t - t[0])) - b / a

    def solved(y0, t, a, b):
        return integrate.odeint(lambda y, t, a, b: a * y + b, y0, t, (a, b))[:, 0]

    args = (1.5, TIMES + 0.2, -0.8, 0.3)
    for number in range(4):
        found = gg.jacobian(solved, number)(*args)
        np.testing.assert_allclose(found, gg.jacobian(solution, number)(*args), rtol=1e-7, atol=1e-8)
    for outer, inner in ((0, 2), (2, 2), (3, 2)):
        found = gg.jacobian(gg.jacobian(solved, inner), outer)(*args)
        expected = gg.jacobian(gg.jacobian(solution, inner), outer)(*args)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_gradients_of_a_nonlinear_equation_by_differences():
    args = (np.array([1.0, 0.2]), TIMES, 1.3, 0.2)
    weights = rng.normal(size=(4, 2))

    def exact(y0, t, length, damping):
        return np.sum(weights * scipy.integrate.odeint(pendulum, y0, t, (length, damping), rtol=1e-13, atol=1e-13))

    gradients = gg.grad(lambda *a: np.sum(weights * swing(*a)), (0, 1, 2, 3))(*args)
    for number, gradient in enumerate(gradients):
        direction = rng.normal(size=np.shape(args[number]))
        moved = [[a + sign * 1e-5 * direction if k == number else a for k, a in enumerate(args)] for sign in (1, -1)]
        numeric = (exact(*moved[0]) - exact(*moved[1])) / 2e-5
        np.testing.assert_allclose(np.sum(gradient * direction), numeric, rtol=1e-6, atol=1e-6)


def test_forward_mode_agrees_with_reverse_mode():
    args = (np.array([1.0, 0.2]), TIMES, 1.3, 0.2)
    directions = tuple(np.asarray(rng.normal(size=np.shape(a))) for a in args)
    value, pushed = gg.jvp(swing, args, directions)
    ct = rng.normal(size=value.shape)
    pulled = gg.vjp(swing, *args)[1](ct)
    reverse = sum(np.sum(g * d) for g, d in zip(pulled, directions, strict=True))
    np.testing.assert_allclose(np.sum(ct * pushed), reverse, rtol=1e-9)


def test_what_the_function_closes_over_is_differentiated():
    found = gg.grad(lambda a: integrate.odeint(lambda y, t: a * y, 1.0, np.array([0.0, 2.0]))[1, 0])(0.4)
    np.testing.assert_allclose(found, 2 * np.exp(0.8), rtol=1e-8)


def test_many_initial_values_at_once():
    many = rng.normal(size=(3, 2))
    found = gg.vmap(lambda y0: swing(y0, TIMES, 1.0, 0.1))(many)
    expected = [scipy.integrate.odeint(pendulum, y0, TIMES, (1.0, 0.1), rtol=1e-12, atol=1e-12) for y0 in many]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)


def test_errors():
    with pytest.raises(UnsupportedError, match="Dfun"):
        gg.grad(lambda y: integrate.odeint(lambda y, t: y, y, TIMES, Dfun=None)[1, 0])(1.0)
    with pytest.raises(ShapeError, match="line of times"):
        gg.jit(lambda y: integrate.odeint(lambda y, t: y, y, 3.0))(1.0)
    with pytest.raises(ShapeError, match="the function gives"):
        gg.jit(lambda y: integrate.odeint(lambda y, t: y[:1], y, TIMES))(np.ones(2))


# ------------------------------------------------------------------ sums
X, Y = np.sort(rng.normal(size=6)), rng.normal(size=(2, 6, 3))


@pytest.mark.parametrize(
    "call",
    [
        lambda m, y: m.trapezoid(y, dx=0.3, axis=1),
        lambda m, y: m.trapezoid(y, X, axis=1),
        lambda m, y: m.cumulative_trapezoid(y, X, axis=1),
        lambda m, y: m.cumulative_trapezoid(y, dx=0.2, axis=0, initial=0),
        lambda m, y: m.cumulative_trapezoid(y, y**2, axis=1),
        lambda m, y: m.simpson(y, axis=1),
        lambda m, y: m.simpson(y, x=X, axis=1),
        lambda m, y: m.simpson(y, dx=0.5),
    ],
)
def test_sums_are_scipys(call):
    plain = call(scipy.integrate, Y)
    value, pull = gg.vjp(lambda y: call(integrate, y), Y)
    np.testing.assert_allclose(value, plain, rtol=1e-12)
    direction, ct = rng.normal(size=Y.shape), rng.normal(size=plain.shape)
    numeric = (call(scipy.integrate, Y + 1e-6 * direction) - call(scipy.integrate, Y - 1e-6 * direction)) / 2e-6
    np.testing.assert_allclose(np.sum(pull(ct)[0] * direction), np.sum(ct * numeric), rtol=1e-6)


def test_the_bounds_of_a_quadrature_are_differentiated():
    found = gg.grad(lambda a, b: integrate.fixed_quad(np.cos, a, b, n=8)[0], (0, 1))(0.2, 1.1)
    np.testing.assert_allclose(found, [-np.cos(0.2), np.cos(1.1)], rtol=1e-10)
    with pytest.raises(UnsupportedError, match="plain points"):
        gg.grad(lambda x: integrate.simpson(np.ones(3), x=x))(np.arange(3.0))
