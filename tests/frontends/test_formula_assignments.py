"""Lets, values, units and the variable: how they are read, ordered, and checked against each other."""

import math

import pytest

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula import read_problem

FALL = "h = 4000 - 0.5*9.8*t**2"


def refusal(*args, **kwargs) -> FormulaError:
    with pytest.raises(FormulaError) as caught:
        read_problem(*args, **kwargs)
    return caught.value


# ---------------------------------------------------------------------- what is read
def test_the_skydiver() -> None:
    problem = read_problem("101325*exp(-0.0001*h)", [FALL], wrt="t", at=["t=10"], units="t=s, h=m, p=Pa")
    assert (problem.name, problem.wrt, problem.variables) == ("p", "t", ("t",))
    assert [let.name for let in problem.lets] == ["h"]
    assert dict(problem.at) == {"t": 10.0}
    assert dict(problem.units) == {"t": "s", "h": "m", "p": "Pa"}


@pytest.mark.parametrize(
    ("at", "values"),
    [
        ("t=10", {"t": 10.0}),
        ("t = 10, a=2", {"t": 10.0, "a": 2.0}),
        (["t=1e-3", "a=-2"], {"t": 1e-3, "a": -2.0}),
        ("t=pi/4", {"t": math.pi / 4}),
        ("t=sqrt(2), a=atan2(1, 2)", {"t": math.sqrt(2), "a": math.atan2(1, 2)}),
        ("t=2π, a=-oo", {"t": 2 * math.pi, "a": -math.inf}),
        ("t=e", {"t": math.e}),
        ({"t": 10, "a": "1/3"}, {"t": 10.0, "a": 1 / 3}),
        ((), {}),
    ],
)
def test_values(at, values) -> None:
    assert dict(read_problem("a*t", wrt="t", at=at).at) == pytest.approx(values)


def test_lets_are_sorted_by_dependence() -> None:
    lets = ["z = a2*w3", "a2 = tanh(z2)", "z2 = a1*w2", "a1 = tanh(z1)", "z1 = x*w1"]
    problem = read_problem("(y - z)^2", lets, wrt="w1")
    assert [let.name for let in problem.lets] == ["z1", "a1", "z2", "a2", "z"]
    assert set(problem.variables) == {"y", "x", "w1", "w2", "w3"}


def test_a_thousand_lets_are_sorted() -> None:
    lets = [f"a{i} = sin(a{i + 1})" for i in reversed(range(1000))]
    problem = read_problem("a0", lets)
    assert problem.wrt == "a1000"
    assert [let.name for let in problem.lets] == [f"a{i}" for i in reversed(range(1000))]


def test_the_variable_is_found() -> None:
    assert read_problem("x**2").wrt == "x"
    assert read_problem("f(x) = a*x").wrt == "x"
    assert read_problem("exp(h)", [FALL]).wrt == "t"
    assert read_problem("exp(h)", [FALL], wrt="h").wrt == "h"
    assert read_problem("2*pi").wrt == "x"
    assert read_problem("x₁²", wrt="x₁").wrt == "x1"


def test_a_name_that_gets_a_value_is_a_variable() -> None:
    assert read_problem("E*x", wrt="x", at="E=200").variables == ("E", "x")
    assert read_problem("E*x", wrt="x").variables == ("x",)
    assert read_problem("E*beta", ["beta = 2*x"], wrt="E").variables == ("E", "x")


def test_a_let_can_be_written_with_its_parameters() -> None:
    for let in ("h(t) = t**2", "h = t**2"):
        assert [each.name for each in read_problem("exp(h(t))", [let]).lets] == ["h"]
    assert read_problem("exp(g(t))", ["g = 2*h(t)", "h = t**2"]).wrt == "t"


def test_a_variable_that_does_not_occur_gives_zero_and_says_so() -> None:
    problem = read_problem("a**2", wrt="x", at="x=1")
    assert problem.variables == ("a", "x")
    assert problem.notes == ("`x` does not occur in the formula, so the derivative is 0",)


def test_notes_of_all_formulas_come_together() -> None:
    assert read_problem("2h", ["h = x^2"]).notes == ("read `^` as `**`, a power", "read `2h` as `2*h`")


@pytest.mark.parametrize("unit", ["m/s**2", "kg·m²/s²", "1/s", "µm", "degC", "m^3", "%", "J/(kg*K)", "s⁻¹"])
def test_units_are_kept_as_written(unit: str) -> None:
    assert read_problem("x**2", units=f"x = {unit}").units["x"] == unit


# ---------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"let": ["h = g", "g = h"]}, "these formulas are defined in a circle: h → g → h"),
        ({"let": ["h = h + 1"]}, "`h` is defined by itself"),
        ({"let": ["h = f*2"]}, "these formulas are defined in a circle: f → h → f"),
        ({"let": ["h = 1", "h = 2"]}, "`h` is defined twice"),
        ({"let": ["h = t", "g = t"]}, "`g` is defined and not used"),
        ({"let": ["4000 - t"]}, "a let needs a name"),
        ({"let": ["sin = t"]}, "`sin` cannot be the name of a variable"),
        ({"let": ["h = sn(t)"]}, "`sn` is not a known function"),
        ({"let": ["f = 3", "h = t"]}, "`f` is the formula and a let as well"),
        ({"let": ["h = t"], "at": "h=3"}, "`h` has a value, and a let that computes it"),
        ({"at": "f=3"}, "`f` is what the formula computes; it takes no value"),
        ({"at": "k=3"}, "`k` has a value and does not occur in the formula"),
        ({"at": "h"}, "`h` gives no name its value"),
        ({"at": "h="}, "`h=` gives no name its value"),
        ({"at": "h=1,5"}, "`5` gives no name its value"),
        ({"at": ["h=1", "h=2"]}, "`h` is given twice"),
        ({"at": "h=10 m"}, "the value of `h` must be a number, and `m` has none"),
        ({"at": "h=2*k"}, "the value of `h` must be a number, and `k` has none"),
        ({"at": "2h=3"}, "the name of a variable is needed"),
        ({"wrt": "H"}, "`H` does not occur in the formula"),
        ({"wrt": "2*h"}, "the name of a variable is needed"),
        ({"units": "h=m, k=s"}, "`k` has a unit and does not occur in the formula"),
        ({"units": "h"}, "`h` gives no name its unit"),
        ({"units": "h=$"}, "the unit of `h` cannot be read"),
    ],
)
def test_what_does_not_fit_is_an_error(arguments, message: str) -> None:
    assert refusal("f = exp(h)", **arguments).message.splitlines()[0] == message


@pytest.mark.parametrize(
    ("expression", "arguments", "hint"),
    [
        ("a*x + b", {}, 'choose one: wrt="a"'),
        ("speed*t", {"wrt": "sped"}, "did you mean `speed`?"),
        ("speed*t", {"wrt": "t", "at": "sped=3"}, "did you mean `speed`?"),
        ("speed*t", {"wrt": "t", "let": ["sped = 3"]}, "did you mean `speed`?"),
        ("exp(h(x))", {"let": ["h = t**2"]}, "write `h`; other arguments cannot be put in"),
        ("exp(h(2*t))", {"let": ["h(t) = t**2"]}, "write `h(t)`"),
        ("exp(h)", {"let": ["h = t"], "at": "t=10 s"}, "units go into `units`"),
        ("exp(t)", {"at": "t=1,5"}, 'write at "t=10"; a decimal point is `.`'),
    ],
)
def test_the_hint_says_what_was_meant(expression: str, arguments, hint: str) -> None:
    assert refusal(expression, **arguments).hint == hint
