"""Derivatives of formulas: their expressions, values and steps; every function of the language by its own rule."""

import ast
import math
from collections.abc import Mapping

import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st
from sympy.parsing.sympy_parser import parse_expr

import glassgrad as gg
from glassgrad.base.errors import FormulaError, UsageError
from glassgrad.explain.deriving.derive import worked_problem
from glassgrad.frontends.formula import FUNCTIONS, evaluate_parts, read_formula


def by_sympy(text: str, values: Mapping[str, float]) -> float:
    """The number of an expression as SymPy reads it."""
    names = {name: sympy.Symbol(name, real=True) for name in values}
    expression = parse_expr(text, local_dict=dict(names))
    return float(expression.evalf(20, subs={names[name]: value for name, value in values.items()}))


# ---------------------------------------------------------------------- expressions as a person writes them
@pytest.mark.parametrize(
    ("formula", "expression"),
    [
        ("x**2", "2*x"),
        ("3*x**4 - 5*x + 1", "12*x**3 - 5"),
        ("-0.0001*x", "-0.0001"),
        ("0.5*9.8*x**2", "9.8*x"),
        ("1/x", "-1/x**2"),
        ("sqrt(x)", "1/(2*sqrt(x))"),
        ("x**(1/3)", "1/(3*x**(2/3))"),
        ("x**1.5", "1.5*sqrt(x)"),
        ("x*sin(x)", "sin(x) + x*cos(x)"),
        ("sin(x)/x", "cos(x)/x - sin(x)/x**2"),
        ("exp(-x**2/2)", "-x*exp(-x**2/2)"),
        ("ln(3*x)", "1/x"),
        ("x**x", "x**x + x**x*log(x)"),
        ("2**x", "2**x*log(2)"),
        ("erf(x)", "2*exp(-x**2)/sqrt(pi)"),
        ("sigmoid(x)", "(1 - 1/(1 + exp(-x)))*(1/(1 + exp(-x)))"),
        ("abs(x)", "sign(x)"),
        ("Max(x, 0)", "Piecewise((1, x > 0), (0, True))"),
        ("x - x", "0"),
        ("x/x", "0"),
        ("x + x + x", "3"),
        ("sin(pi*x)", "pi*cos(pi*x)"),
        ("(3*x + 2)**5", "15*(3*x + 2)**4"),
        ("beta*x", "Symbol('beta')"),
    ],
)
def test_expressions_are_tidy(formula: str, expression: str) -> None:
    assert gg.derive(formula, wrt="x").expression == expression


def test_constants_are_kept_apart() -> None:
    found = gg.derive("6.674e-11*5.972e24*m/r**2", wrt="r").expression
    assert found == "-2*6.674e-11*5.972e24*m/r**3"


@pytest.mark.parametrize(
    ("formula", "order", "expression"),
    [
        ("x**5", 5, "120"),
        ("sin(x)", 4, "sin(x)"),
        ("x*exp(x)", 3, "3*exp(x) + x*exp(x)"),
        ("1/x", 4, "24/x**5"),
        ("ln(x)", 3, "2/x**3"),
        ("exp(x**2)", 2, "2*exp(x**2) + 4*x**2*exp(x**2)"),
    ],
)
def test_higher_orders(formula: str, order: int, expression: str) -> None:
    found = gg.derive(formula, order=order, at="x=1.5")
    assert found.expression == expression
    assert found.check.agrees is True


def test_a_long_chain_of_higher_orders_stays_short() -> None:
    assert len(gg.derive("tan(x)**3/(1 + x)", order=5).expression) < 2000


# ---------------------------------------------------------------------- every function of the language
_ARGUMENTS = {"np.arctan2": "x, 0.7", "np.heaviside": "x, 0.5", "special.lambertw": "x, 0", "np.where": ""}
_SPECIAL_POINTS = {"np.arccosh": 1.4, "special.asec": 1.4, "special.acsc": 1.4, "special.acoth": 1.4}


def _formula_of(function: str) -> str | None:
    """The function applied to x, its orders and second arguments being numbers."""
    row = FUNCTIONS[function]
    if function in _ARGUMENTS:
        return f"{function}({_ARGUMENTS[function]})" if _ARGUMENTS[function] else None
    names = row.parameters.split(", ")
    if function.startswith("np.logical"):
        return None
    given = ["2" if name in ("n", "a") else "x" if name == names[-1] else "1.3" for name in names]
    return f"{function}({', '.join(given)})"


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if _formula_of(name)])
@pytest.mark.parametrize("order", [1, 2])
def test_each_function_by_its_row(function: str, order: int) -> None:
    """The expression has the value of the graph's derivative, in our own reading and in SymPy's."""
    formula = _formula_of(function)
    assert formula is not None
    at = {"x": _SPECIAL_POINTS.get(function, 0.37)}
    found = gg.derive(formula, at=at, order=order)
    assert found.check.agrees is True, found.check.text
    assert found.derivative is not None
    assert found.steps
    worked, _ = worked_problem(formula, at=at, order=order)
    assert worked.number_of(worked.result.derivative) == pytest.approx(found.derivative, rel=1e-9, abs=1e-12)
    assert by_sympy(found.expression, at) == pytest.approx(found.derivative, rel=1e-8, abs=1e-11)


# ---------------------------------------------------------------------- any formula at all
_LEAVES = st.sampled_from(["x", "x", "y", "2", "3", "0.5", "1.7", "pi"])
_UNARY = st.sampled_from(
    ["sin", "cos", "exp", "ln", "sqrt", "abs", "tanh", "atan", "erf", "sign", "floor", "cbrt", "sec"]
)
_BINARY = st.sampled_from(
    ["({} + {})", "({} - {})", "({}*{})", "({}/{})", "Max({}, {})", "hypot({}, {})", "({})**({})"]
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}({})".format, _UNARY, inner),
        st.builds(lambda form, a, b: form.format(a, b), _BINARY, inner, inner),
        st.builds("Piecewise(({}, {} < 1), ({}, True))".format, inner, inner, inner),
    )


FORMULAS = st.recursive(_LEAVES, _larger, max_leaves=6)


@given(FORMULAS, st.floats(0.2, 2.0), st.integers(1, 2))
def test_expression_and_graph_agree_for_any_formula(formula: str, x: float, order: int) -> None:
    at = {"x": round(x, 3), "y": 1.25}
    used = {name: at[name] for name in read_formula(formula).free}
    worked, _ = worked_problem(formula, wrt="x", at=used | {"x": at["x"]}, order=order)
    exact = worked.result.value
    assume(exact is not None and abs(exact) < 1e8 and abs(worked.values[worked.problem.name]) < 1e8)
    expression = evaluate_parts([worked.result.derivative], worked.values)[worked.result.derivative]
    assert expression == pytest.approx(exact, rel=1e-6, abs=1e-6)
    assert worked.check.agrees is not False
    assert worked.result.steps
    ast.parse(ast.unparse(worked.result.derivative), mode="eval")


@given(FORMULAS)
def test_any_formula_prints_within_80_columns(formula: str) -> None:
    text = gg.derive(formula, wrt="x").text()
    assert max(len(line) for line in text.splitlines()) <= 80


# ---------------------------------------------------------------------- steps
@pytest.mark.parametrize(
    ("formula", "rules"),
    [
        ("x", ["identity rule"]),
        ("7", ["constant rule"]),
        ("x**3", ["power rule"]),
        ("5*x", ["constant factor rule"]),
        ("x*sin(x)", ["derivative of sine", "product rule"]),
        ("sin(x)/x", ["derivative of sine", "quotient rule"]),
        ("1/x", ["reciprocal rule"]),
        ("sin(x**2)", ["power rule", "derivative of sine, chain rule"]),
        ("x**x", ["general power rule"]),
        ("2**x", ["exponential rule"]),
        ("floor(x)", ["flat between its steps"]),
        ("Max(x, 1)", ["derivative of the larger"]),
        ("Piecewise((x, x < 1), (2, True))", ["piecewise rule"]),
        ("x**2 - x", ["power rule", "difference rule"]),
    ],
)
def test_steps_are_named(formula: str, rules: list[str]) -> None:
    assert [step.rule for step in gg.derive(formula, wrt="x").steps] == rules


def test_the_inner_function_has_a_name_that_is_free() -> None:
    (_, step) = gg.derive("sin(u*x)", wrt="x").steps
    assert step.text == "the derivative of sin(v) is cos(v) · v′, with v = u · x"


def test_steps_carry_values() -> None:
    steps = gg.derive("sin(x**2)", at="x=2").steps
    assert [step.value for step in steps] == pytest.approx([4.0, 4 * math.cos(4)])


def test_paths_are_added() -> None:
    found = gg.derive("u*v", let=["u = x**2", "v = sin(x)"], at="x=2")
    assert "each path" in found.steps[-1].text
    assert found.derivative == pytest.approx(4 * math.sin(2) + 4 * math.cos(2))


@pytest.mark.parametrize(
    ("value", "derivative"),
    [
        ("1/(1 + exp(-z))", "a*(1 - a)"),
        ("sigmoid(z)", "a*(1 - a)"),
        ("tanh(z)", "1 - a**2"),
        ("exp(z)", "a"),
        ("5*exp(-z/2)", "-a/2"),
        ("1/(2 + exp(z))", "-a*(1 - 2*a)"),
        ("gamma(z)", "a*digamma(z)"),
        ("z*exp(z)", "exp(z) + a"),
        ("sin(z)", "cos(z)"),
        ("z**2", "2*z"),
    ],
)
def test_a_link_uses_the_name_of_its_own_value(value: str, derivative: str) -> None:
    found = gg.derive("a**2", let=[f"a = {value}", "z = w*x"], wrt="w", at="w=0.5, x=0.7")
    (link,) = [link for link in found.links if link.name == "a"]
    assert link.local_derivative == derivative
    at = {"a": link.value, "z": 0.35}
    assert by_sympy(derivative, at) == pytest.approx(link.local_value)


# ---------------------------------------------------------------------- kinks and domains
def test_a_kink_is_said_with_the_value_chosen() -> None:
    (kink,) = gg.derive("abs(x - 1)", at="x=1").kinks
    assert (kink.condition, kink.chosen, kink.hit) == ("x - 1 = 0", "0", True)
    (kink,) = gg.derive("abs(x - 1)", at="x=2").kinks
    assert kink.hit is False


def test_a_tie_takes_half_of_each() -> None:
    found = gg.derive("Max(x, x**2)", at="x=1")
    assert found.derivative == 1.5
    assert by_sympy(found.expression, {"x": 1.0}) == 1.5
    assert found.check.agrees is True  # beside the kink


@pytest.mark.parametrize("formula", ["1/(1 + x**2)", "sqrt(x**2 + 1)", "ln(1 + exp(x))", "x**3", "abs(exp(x))", "2**x"])
def test_what_always_holds_is_not_said(formula: str) -> None:
    found = gg.derive(formula)
    assert not found.domain
    assert not found.kinks


@pytest.mark.parametrize(
    ("formula", "condition"),
    [
        ("ln(x)", "x > 0"),
        ("sqrt(x)", "x ≥ 0"),
        ("1/x", "x ≠ 0"),
        ("x**(-2)", "x ≠ 0"),
        ("x**0.5", "x ≥ 0"),
        ("x**x", "x > 0"),
    ],
)
def test_domains(formula: str, condition: str) -> None:
    assert gg.derive(formula).domain[0].condition == condition


@pytest.mark.parametrize("formula", ["floor(x)", "x % 1", "sign(x)", "Heaviside(x)", "ceil(x)"])
def test_jumps_are_kinks(formula: str) -> None:
    assert [kink.hit for kink in gg.derive(formula, at="x=0").kinks] == [True]


def test_overflow_is_told() -> None:
    assert "too large for a computer's numbers" in str(gg.derive("1/(1 + exp(-x))", at="x=-800"))


# ---------------------------------------------------------------------- what is asked for
def test_a_formula_that_is_endless_with_its_lets_put_in_is_given_over_their_names() -> None:
    lets = ["u0 = x", *[f"u{i + 1} = sin(u{i})*u{i}" for i in range(40)]]
    found = gg.derive("u40", let=lets, at="x=1")
    assert "u39" in found.expression
    assert found.check.agrees is True


def test_two_thousand_terms() -> None:
    found = gg.derive("+".join(f"x/{i + 1}" for i in range(2000)), at="x=0.5")
    assert found.derivative == pytest.approx(sum(1 / (i + 1) for i in range(2000)))


def test_with_respect_to_a_let() -> None:
    found = gg.derive("area*2", let="area = r**2", wrt="area", at="r=3")
    assert (found.expression, found.derivative, found.value) == ("2", 2.0, 18.0)


@pytest.mark.parametrize("order", [0, -1, 13])
def test_orders_that_cannot_be(order: int) -> None:
    with pytest.raises(UsageError, match="orders go from 1 to 12"):
        gg.derive("x**2", order=order)


def test_bad_input_has_a_caret() -> None:
    with pytest.raises(FormulaError, match=r"sine\(x\)\n    \^\^\^\^"):
        gg.derive("sine(x)")


@pytest.mark.parametrize(
    ("formula", "at", "expression"),
    [
        ("x**x", "x=0", "x**x + x**x*log(x)"),
        ("x**x*abs(x)", "x=0", "(x**x + x**x*log(x))*Abs(x) + x**x*sign(x)"),
        ("arctan(1/x)", "x=0", "-1/(x**2*(1 + 1/x**2))"),
        ("exp(-1/x**2)", "x=0", "2*exp(-1/x**2)/x**3"),
        ("log(x)", "x=-1", "1/x"),
    ],
)
def test_outside_of_the_domain_the_derivative_is_as_a_person_writes_it(formula: str, at: str, expression: str) -> None:
    found = gg.derive(formula, at=at)
    assert found.expression == expression
    assert (found.value, found.derivative, found.check.agrees) == (None, None, None)
    text = " ".join(found.text().split())
    assert f"no value at {at.replace('=', ' = ')}" in text
    assert "Beside it:" in text or "Elsewhere:" in text


def test_a_let_outside_of_its_domain_takes_the_formula_with_it() -> None:
    found = gg.derive("u + x", let="u = x**x", at="x=0")
    assert (found.value, found.derivative, [link.value for link in found.links]) == (None, None, [None] * 3)


def test_a_case_that_is_not_taken_may_be_outside_of_its_domain() -> None:
    found = gg.derive("Piecewise((log(x), x > 0), (3*x, True))", at="x=-1")
    assert (found.value, found.derivative, found.check.agrees) == (-3.0, 3.0, True)
    assert "no value" not in found.text()


def test_a_power_that_is_held_needs_what_its_number_needs() -> None:
    whole, half = (gg.derive("x**n", wrt="x", at={"x": -2, "n": n}) for n in (3, 0.5))
    assert (whole.value, whole.derivative, whole.check.agrees) == (-8.0, 12.0, True)
    assert half.derivative is None
    assert half.domain[0].condition == "x ≥ 0"
