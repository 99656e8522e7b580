"""The checks themselves: a wrong rule, a wrong value, a wrong kink must be found."""

from collections.abc import Iterator

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import DisagreementError, NotLinearError, UsageError
from glassgrad.base.settings import settings
from glassgrad.engines.differences import complex_step, richardson
from glassgrad.graph.op import OPS, Op, Partial, Pullback, Tangent
from glassgrad.ops.trigonometric import cos, sin
from glassgrad.ops.ufuncs import own_row
from glassgrad.testing.check import check_gradients
from glassgrad.testing.numeric import distance
from tests.table import test_rows
from tests.table.case import Case


@pytest.fixture
def row() -> Iterator[Op]:
    yield own_row("wrong", "np.sin(x)", rule="made up", x=Partial(lambda x: cos(x)))
    del OPS["wrong"]


def replaced(row: Op, form: object) -> Case:
    row.derivative["x"] = form  # type: ignore[index]
    row.wants["x"] = tuple(form.expression.__code__.co_varnames)  # type: ignore[attr-defined]
    return Case("wrong", ((2, 3),))


def test_a_right_rule_passes(row: Op) -> None:
    test_rows.test_derivative(Case("wrong", ((2, 3),)), "float64")
    test_rows.test_derivative_of_the_derivative(Case("wrong", ((2, 3),)), "float64", "reverse")


@pytest.mark.parametrize(
    "form",
    [
        Partial(lambda x: sin(x)),
        Partial(lambda x: cos(x) * 1.00001),
        Tangent(lambda dx, x: cos(x) * dx + 1e-4 * dx),
        Pullback(lambda ct, x: cos(x) * ct + 1e-4 * ct),
    ],
)
def test_a_wrong_rule_fails(row: Op, form: object) -> None:
    with pytest.raises(AssertionError):
        test_rows.test_derivative(replaced(row, form), "float64")


def test_a_rule_that_loses_the_dtype_fails(row: Op) -> None:
    with pytest.raises(AssertionError):
        test_rows.test_derivative_keeps_the_dtype(replaced(row, Partial(lambda x: cos(x) * np.float64(1.0))), "float32")


def test_a_tangent_that_is_not_linear_fails(row: Op) -> None:
    case = replaced(row, Tangent(lambda dx, x: cos(x) * dx + 1e-3 * dx * dx))
    with settings(verify=True), pytest.raises(NotLinearError):
        test_rows.test_derivative(case, "float64")


# ------------------------------------------------------------------ numbers
def test_richardson_is_accurate_and_knows_its_error() -> None:
    estimate = richardson(lambda point: [np.exp(np.sin(3 * point[0]))], [np.array([0.3, 1.1])], [np.array([1.0, -0.5])])
    exact = 3 * np.cos([0.9, 3.3]) * np.exp(np.sin([0.9, 3.3])) * [1.0, -0.5]
    assert np.all(np.abs(estimate.values[0] - exact) < 1e-10)
    assert np.all(np.abs(estimate.values[0] - exact) <= 100 * estimate.errors[0] + 1e-13)


def test_complex_step_is_exact_to_rounding() -> None:
    estimate = complex_step(lambda point: [np.exp(point[0]) / point[0]], [np.array(1.7)], [np.array(1.0)])
    assert estimate.values[0] == pytest.approx(np.exp(1.7) * (1 / 1.7 - 1 / 1.7**2), rel=1e-15)


def test_distance_tells_nan_from_numbers() -> None:
    assert distance([np.array([1.0, np.nan])], [np.array([1.0, np.nan])]) == 0
    assert distance([np.array([np.inf])], [np.array([1.0])]) == np.inf
    assert distance([np.array([1.0])], [np.array([np.nan])]) == np.inf
    assert distance([np.zeros(2)], [np.zeros(3)]) == np.inf


# ------------------------------------------------------------------ the public check
def test_check_gradients_takes_trees_and_complex_numbers() -> None:
    check_gradients(lambda p, n: {"a": np.sin(p["x"]) ** n * p["z"]}, {"x": np.array([0.2, 1.4]), "z": 1.5 + 0.3j}, 3)


@pytest.mark.parametrize("modes", [("forward",), ("reverse",), ("forward", "reverse")])
def test_check_gradients_finds_a_wrong_custom_rule(modes: tuple[str, ...]) -> None:
    @gg.custom_derivative
    def cube(x: float) -> float:
        return x * x * x

    @cube.pullback
    def _(ct: float, result: float, x: float) -> float:
        return 2.9 * x * x * ct

    with pytest.raises(DisagreementError, match="disagree"):
        check_gradients(cube, 1.3, modes=modes)


def test_check_gradients_says_what_it_cannot_check() -> None:
    with pytest.raises(UsageError, match="no argument"):
        check_gradients(lambda n: n, 3)
    with pytest.raises(UsageError, match="modes"):
        check_gradients(np.sin, 3.0, modes=("sideways",))
