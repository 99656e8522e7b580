"""minimize: each of SciPy's methods on trees, with bounds, constraints and callbacks; uncompiled too."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import glassgrad as gg
from glassgrad import optim
from glassgrad.base.errors import DomainError, UsageError
from glassgrad.optim.problem import BOUNDED, BY_HESSIAN, BY_PRODUCTS, BY_VALUE, METHODS


@dataclass(frozen=True)
class Point:
    x: Any
    rest: Any


START = Point(np.array([[-1.2, 1.0, 0.5]]), {"y": np.array(0.0), "none": None, "empty": np.zeros((0, 2))})


def rosenbrock(point, scale=100.0):
    x = point.x[0]
    return np.sum(scale * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2) + (point.rest["y"] - 2.0) ** 2


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_minimum(method):
    # COBYLA's linear models creep along the valley: a flatter one
    scale = 1.0 if method == "COBYLA" else 100.0
    found = optim.minimize(rosenbrock, START, method=method.lower(), args=(scale,), steps=3000)
    assert found.converged, found.message
    assert found.compiled
    assert found.method == method
    assert found.steps > 0
    assert found.evaluations > 1
    np.testing.assert_allclose(found.tree.x, 1.0, atol=2e-3)
    np.testing.assert_allclose(found.tree.rest["y"], 2.0, atol=2e-3)
    assert found.tree.rest["none"] is None
    assert found.tree.rest["empty"].shape == (0, 2)
    assert found.value == pytest.approx(rosenbrock(found.tree, scale), rel=1e-6, abs=1e-12)
    if method in BY_VALUE:
        assert found.gradient is None
    else:
        np.testing.assert_allclose(found.gradient.x, gg.grad(rosenbrock)(found.tree, scale).x, rtol=1e-6, atol=1e-9)
    assert (found.products > 0) == (method in (*BY_PRODUCTS, *BY_HESSIAN))


def test_the_steps_are_those_of_scipy_with_exact_gradients():
    start = np.array([-1.2, 1.0, 0.7])
    expected = scipy.optimize.minimize(
        scipy.optimize.rosen, start, jac=scipy.optimize.rosen_der, method="L-BFGS-B", options={"maxiter": 7}
    )

    def rosen(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    found = optim.minimize(rosen, start, steps=7)
    assert not found.converged
    assert found.steps == 7
    np.testing.assert_allclose(found.tree, expected.x, rtol=1e-9)


@pytest.mark.parametrize("method", BOUNDED)
def test_bounds_are_trees(method):
    upper = Point(np.array([[0.5, np.inf, np.inf]]), {"y": 1.5, "none": None, "empty": None})
    lower = Point(None, {"y": np.array(-1.0), "none": None, "empty": None})
    found = optim.minimize(rosenbrock, START, method=method, args=(1.0,), bounds=(lower, upper), steps=3000)
    assert found.tree.x[0, 0] <= 0.5 + 1e-9
    np.testing.assert_allclose(found.tree.rest["y"], 1.5, atol=1e-2)
    np.testing.assert_allclose(found.tree.x[0, 0], 0.5, atol=1e-2)


def test_one_number_bounds_all_and_the_start_is_moved_inside():
    found = optim.minimize(lambda p: np.sum((p["a"] - 5.0) ** 2), {"a": np.full(3, -9.0)}, bounds=(0.0, 2.0))
    np.testing.assert_allclose(found.tree["a"], 2.0)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYLA", "COBYQA"])
def test_constraints_on_trees(method):
    constraints = [
        {"type": "ineq", "fun": lambda p: 1.0 - p["a"] ** 2 - p["b"] ** 2},
        {"type": "ineq", "fun": lambda p: np.stack([p["a"], p["b"]])},
    ]
    found = optim.minimize(
        lambda p: -p["a"] - 2.0 * p["b"], {"a": 0.1, "b": 0.1}, method=method, constraints=constraints
    )
    np.testing.assert_allclose([found.tree["a"], found.tree["b"]], np.array([1.0, 2.0]) / np.sqrt(5.0), atol=1e-3)


def test_equalities():
    same = {"type": "eq", "fun": lambda p: p["a"] - p["b"]}
    found = optim.minimize(
        lambda p: (p["a"] - 1.0) ** 2 + (p["b"] - 3.0) ** 2, {"a": 0.0, "b": 0.0}, method="SLSQP", constraints=[same]
    )
    np.testing.assert_allclose([found.tree["a"], found.tree["b"]], 2.0, atol=1e-6)


def test_a_function_that_does_not_compile_runs_as_it_is():
    def hinge(p):
        if p["a"] > 3.0:
            return (p["a"] - 3.0) ** 2 + 1.0
        return 1.0 + 0.5 * (p["a"] - 3.0) ** 2

    for method in ["L-BFGS-B", "trust-ncg", "Nelder-Mead"]:
        found = optim.minimize(hinge, {"a": 9.0}, method=method)
        assert not found.compiled
        np.testing.assert_allclose(found.tree["a"], 3.0, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_callback_sees_trees_and_stops(method):
    seen = []

    def callback(tree, value):
        seen.append((tree, value))
        return len(seen) == 3

    found = optim.minimize(rosenbrock, START, method=method, callback=callback)
    assert len(seen) == found.steps == 3
    assert not found.converged
    assert found.message == "the callback stopped it"
    np.testing.assert_array_equal(found.tree.x, seen[-1][0].x)
    assert seen[-1][1] == pytest.approx(rosenbrock(seen[-1][0]), rel=1e-12)


def test_float32_stays():
    data = np.linspace(0.0, 1.0, 20, dtype=np.float32)
    kinds = []

    def loss(p):
        kinds.append(p["w"].dtype)
        return np.mean((np.tanh(p["w"] * data + p["b"]) - np.float32(0.5) * data) ** 2)

    found = optim.minimize(loss, {"w": np.float32(3.0), "b": np.zeros((), np.float32)})
    assert found.converged
    assert {found.tree["w"].dtype, *kinds} == {np.dtype(np.float32)}
    assert found.value < 1e-3


def test_nothing_to_do():
    found = optim.minimize(lambda p: np.array(3.0), {})
    assert found.converged
    assert found.value == 3.0
    assert found.tree == {}


def test_the_start_is_not_written_into():
    start = {"a": np.ones(3)}
    optim.minimize(lambda p: np.sum(p["a"] ** 2), start)
    np.testing.assert_array_equal(start["a"], 1.0)


def square(p):
    return np.sum(p["a"] ** 2)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda a: optim.minimize(square, a, method="LBFGS"), TypeError, "no method 'LBFGS'(.|\n)*L-BFGS-B"),
        (lambda a: optim.minimize(square, a, method=None), TypeError, "no method None"),
        (lambda a: optim.minimize(square, {"a": np.arange(3)}), TypeError, "'a' holds int64"),
        (lambda a: optim.minimize(lambda p: p["a"], a), ValueError, "one number, found shape"),
        (lambda a: optim.minimize(lambda p: p["a"], a, method="Powell"), TypeError, "one number, found shape"),
        (lambda a: optim.minimize(lambda p: np.sum(np.log(p["a"] - 1.0)), a), ValueError, "-inf at the start"),
        (lambda a: optim.minimize(square, a, method="BFGS", bounds=(0.0, 1.0)), TypeError, "takes no bounds"),
        (lambda a: optim.minimize(square, a, bounds=3.0), TypeError, r"a pair \(lower, upper\)"),
        (
            lambda a: optim.minimize(square, a, bounds=({"b": 0.0}, None)),
            TypeError,
            "lower bounds do not have .*'a' missing",
        ),
        (
            lambda a: optim.minimize(square, a, bounds=(None, {"a": np.ones(2)})),
            ValueError,
            r"of 'a' have shape \(2,\)",
        ),
        (lambda a: optim.minimize(square, a, bounds=(2.0, {"a": 1.0})), ValueError, "bound 2.0 of 'a' is not below"),
        (lambda a: optim.minimize(square, a, constraints=[{"type": "eq"}]), TypeError, "takes no constraints"),
        (
            lambda a: optim.minimize(square, a, method="SLSQP", constraints=[{"type": "eq"}]),
            TypeError,
            "a function `fun`",
        ),
    ],
)
def test_bad_input(call, kind, said):
    with np.errstate(all="ignore"), pytest.raises(kind, match=said):
        call({"a": np.ones(3)})


@pytest.mark.parametrize("method", ["L-BFGS-B", "BFGS", "Nelder-Mead"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_function_that_is_no_number_further_on_keeps_the_smallest_value(method):
    def falls(x):
        return np.where(x > -5.0, x, np.log(x))

    found = optim.minimize(falls, 1.0, method=method)
    if not found.converged:
        assert np.isfinite(found.value)
        assert found.value == falls(found.tree) < 1.0
    found = optim.minimize(lambda x: np.log(x), 1.0, method=method)  # falls without an end, until it is no number
    assert not found.converged
    assert np.isfinite(found.value)
    assert found.value == pytest.approx(np.log(found.tree))


def test_mistakes_at_the_start():
    with pytest.raises(UsageError, match="minimize takes a function and a start, found int"):
        optim.minimize(3, 1.0)
    with pytest.raises(DomainError, match="the limit of minimize is a number of steps from 1, found 0"):
        optim.minimize(lambda x: x**2, 1.0, steps=0)
    with pytest.raises(TypeError) as caught:
        optim.minimize(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0])
    assert "np.array(start) is one array" in caught.value.__notes__[-1]
