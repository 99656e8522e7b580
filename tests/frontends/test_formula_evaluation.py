"""The number of a canonical tree, on the real axis and off it; SymPy's derivative checks the complex step."""

import numpy as np
import pytest
import sympy

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula import FUNCTIONS, evaluate, evaluate_complex, read_formula
from glassgrad.frontends.formula.functions import complex_function, real_function

STEP = 1e-30


@pytest.mark.parametrize(
    ("text", "derivative", "points"),
    [
        ("x**3", "3*x**2", (-2.0, 0.5)),
        ("x**-2", "-2*x**-3", (-2.0, 0.5)),
        ("x**x", "x**x*(log(x) + 1)", (0.5, 2.0)),
        ("Abs(x)", "sign(x)", (-2.0, 0.5)),
        ("Max(x, 1) + Min(x, 1)*x", "Piecewise((1 + 1, x > 1), (2*x, True))", (0.5, 3.0)),
        ("atan2(x, 2)", "2/(x**2 + 4)", (-2.0, 0.5)),
        ("atan2(x, -2)", "-2/(x**2 + 4)", (-2.0, 0.5)),
        ("atan2(2, x)", "-2/(x**2 + 4)", (-2.0, 0.5)),
        ("hypot(x, 2)", "x/sqrt(x**2 + 4)", (-2.0, 0.5)),
        ("cbrt(x)", "1/(3*real_root(x, 3)**2)", (-2.0, 0.5)),
        ("sign(x) + floor(x) + ceil(x) + trunc(x) + round(x) + Heaviside(x)", "0*x", (-2.3, 0.7)),
        ("x % 2 + x // 2", "1 + 0*x", (-2.3, 0.7)),
        ("Mod(7, x)", "-floor(7/x)", (2.3, 0.7)),
        ("x if x > 1 else x**2", "Piecewise((1, x > 1), (2*x, True))", (0.5, 2.0)),
        ("logaddexp(x, 1)", "exp(x)/(exp(x) + exp(1))", (-2.0, 0.5)),
        ("sigmoid(x) + softplus(x)", "exp(-x)/(1 + exp(-x))**2 + 1/(1 + exp(-x))", (-2.0, 0.5)),
        ("logit(x)", "1/(x*(1 - x))", (0.2, 0.7)),
        ("erf(x)*erfi(x)", "diff(erf(x)*erfi(x), x)", (-2.0, 0.5)),
        ("gamma(x) + loggamma(x) + digamma(x)", "diff(gamma(x) + loggamma(x) + digamma(x), x)", (0.5, 2.0)),
        ("beta(x, 2) + betaln(x, 2)", "diff(1/(x*(x + 1)), x) - 1/x - 1/(x + 1)", (0.5, 2.0)),
        ("LambertW(x)", "diff(LambertW(x), x)", (-0.2, 0.5, 2.0)),
        ("LambertW(x, -1)", "diff(LambertW(x, -1), x)", (-0.2,)),
        ("fresnels(x) + fresnelc(x)", "sin(pi*x**2/2) + cos(pi*x**2/2)", (-2.0, 0.5)),
        ("besseli(2, x) + i0(x) + k1(x)", "diff(besseli(2, x) + besseli(0, x) + besselk(1, x), x)", (0.5, 2.0)),
        ("gamma(x) + 1/rgamma(x) + beta(x, 2)", "diff(2*gamma(x) + 1/(x*(x + 1)), x)", (-2.3, -1.3, -0.2)),
        ("asec(x) + acsc(x) + acoth(x)", "1/(1 - x**2)", (-2.0, 1.5)),
        ("sinc(x) + np.sinc(x)", "diff(sin(x)/x + sin(pi*x)/(pi*x), x)", (-2.1, 0.5)),
        ("xlogy(x, x) + entr(x)", "0*x", (0.5, 2.0)),
        ("gelu(x)", "(1 + erf(x/sqrt(2)))/2 + x*exp(-x**2/2)/sqrt(2*pi)", (-2.0, 0.5)),
    ],
)
def test_a_complex_step_gives_the_derivative(text: str, derivative: str, points: tuple[float, ...]) -> None:
    tree = read_formula(text).tree
    for point in points:
        expected = float(sympy.re(sympy.N(sympy.sympify(derivative).subs("x", point))))
        value = evaluate_complex(tree, {"x": complex(point, STEP)})
        assert value is not None
        assert value.imag / STEP == pytest.approx(expected, rel=1e-8, abs=1e-8)
        assert value.real == pytest.approx(evaluate(tree, {"x": point}), rel=1e-9)


@pytest.mark.parametrize("text", ["erfinv(x)", "polygamma(1, x)", "ellipk(x)", "besselj(1, x)", "Si(x)", "airyai(x)"])
def test_where_no_continuation_is_known_the_answer_is_none(text: str) -> None:
    assert evaluate_complex(read_formula(text).tree, {"x": 0.5 + 1e-30j}) is None


LOGICAL = {"np.where", "np.logical_and", "np.logical_or", "np.logical_not"}
STEPPED = sorted(name for name, row in FUNCTIONS.items() if row.continued is not None and name not in LOGICAL)


@pytest.mark.parametrize("name", STEPPED)
@pytest.mark.parametrize("point", [-2.3, -0.7, -0.2, 0.3, 0.6, 1.7, 4.2, 15.3])
def test_a_continuation_agrees_with_central_differences(name: str, point: float) -> None:
    parameters = FUNCTIONS[name].parameters.split(", ")
    held = {"n": 1.0, "k": 0.0}  # orders and branches are whole, and are not stepped
    values = [held.get(parameter, 0.8) for parameter in parameters]
    real, continued = real_function(name), complex_function(name)
    assert continued is not None
    with np.errstate(all="ignore"):
        for slot, parameter in enumerate(parameters):
            if parameter in held:
                continue

            def at(x: float, slot: int = slot) -> float:
                return float(real(*(np.float64(x if place == slot else v) for place, v in enumerate(values))))

            h = 1e-5 * max(1, abs(point))
            slope = (8 * (at(point + h) - at(point - h)) - at(point + 2 * h) + at(point - 2 * h)) / (12 * h)
            stepped = [np.complex128(v) for v in values]
            stepped[slot] = np.complex128(complex(point, STEP))
            value = complex(continued(*stepped))
            if np.isfinite(slope):
                assert value.imag / STEP == pytest.approx(slope, rel=1e-6, abs=1e-8)
                assert value.real == pytest.approx(at(point), rel=1e-9)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9**9**9", float("inf")),
        ("10**400", float("inf")),
        ("1/0", float("inf")),
        ("-1/0", float("-inf")),
        ("2**-2", 0.25),
    ],
)
def test_huge_numbers_end_at_infinity_at_once(text: str, value: float) -> None:
    assert evaluate(read_formula(text).tree, {}) == value


def test_a_variable_without_a_value_is_named() -> None:
    with pytest.raises(FormulaError, match="`y` has no value"):
        evaluate(read_formula("x + y").tree, {"x": 1})
