"""What the text of a formula is read as: the canonical text, the variables, the notes, the places."""

import ast

import pytest

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula import FUNCTIONS, evaluate, read_formula
from glassgrad.frontends.formula.functions import CONSTANTS
from glassgrad.frontends.formula.nodes import dotted_name, in_order
from glassgrad.frontends.formula.vocabulary import CONSTANT_WORDS, WORDS


def canonical(text: str, *variables: str) -> str:
    return ast.unparse(read_formula(text, variables).tree)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("101325*exp(-0.0001*(4000-0.5*9.8*t^2))", "101325 * np.exp(-0.0001 * (4000 - 0.5 * 9.8 * t ** 2))"),
        ("1/3", "1 / 3"),
        ("2^3^4", "2 ** 3 ** 4"),
        ("-x^2", "-x ** 2"),
        ("a+b^c*d", "a + b ** c * d"),
        ("x^-2", "x ** (-2)"),
        ("x**-y**2", "x ** (-y ** 2)"),
        ("+x - -y", "x - -y"),
        ("2x", "2 * x"),
        ("2x^2", "2 * x ** 2"),
        ("2 sin(x) cos(x)", "2 * np.sin(x) * np.cos(x)"),
        ("3(x+1)(x-1)", "3 * (x + 1) * (x - 1)"),
        ("(x+1)x", "(x + 1) * x"),
        ("a b + c d", "a * b + c * d"),
        ("2 pi r", "2 * np.pi * r"),
        ("x_1 y_2", "x_1 * y_2"),
        ("-2x", "-2 * x"),
        ("2^(x)y", "2 ** x * y"),
        ("2e x", "2 * np.e * x"),
        ("2e3 + 2e", "2000.0 + 2 * np.e"),
        (".5x + 5.x", "0.5 * x + 5.0 * x"),
        ("1_000 + 007", "1000 + 7"),
        ("|x|", "np.abs(x)"),
        ("|x-1||x+1|", "np.abs(x - 1) * np.abs(x + 1)"),
        ("||x|-1|", "np.abs(np.abs(x) - 1)"),
        ("2|x| + 3|y|", "2 * np.abs(x) + 3 * np.abs(y)"),
        ("|x + |y||", "np.abs(x + np.abs(y))"),
        ("|x|^2", "np.abs(x) ** 2"),
        ("|-x|", "np.abs(-x)"),
        ("x²", "x ** 2"),
        ("x¹²", "x ** 12"),
        ("x⁻¹", "x ** (-1)"),
        ("x²y³", "x ** 2 * y ** 3"),
        ("sin²(x) + cos^2(x) + tan**2(x)", "np.sin(x) ** 2 + np.cos(x) ** 2 + np.tan(x) ** 2"),
        ("2sin²(x)cos(x)", "2 * np.sin(x) ** 2 * np.cos(x)"),
        (
            "√x + √(x+1) + √|x| + √2·x + √√x",
            "np.sqrt(x) + np.sqrt(x + 1) + np.sqrt(np.abs(x)) + np.sqrt(2) * x + np.sqrt(np.sqrt(x))",
        ),
        ("√sin(x) + ∛(x)²", "np.sqrt(np.sin(x)) + np.cbrt(x) ** 2"),
        (
            "3! + (n+1)! + 2^n!",
            "scipy.special.gamma(3 + 1) + scipy.special.gamma(n + 1 + 1) + 2 ** scipy.special.gamma(n + 1)",
        ),
        ("2·x × y − 3 ÷ z", "2 * x * y - 3 / z"),
        ("πr²", "np.pi * r ** 2"),
        ("2πr", "2 * np.pi * r"),
        ("α x₁ + β x₂", "α * x1 + β * x2"),
        ("½x + ¾", "1 / 2 * x + 3 / 4"),
        ("1/∞", "1 / np.inf"),
        ("𝑥 + （y）", "x + y"),
        ("x if x ≥ 0 else −x", "np.where(x >= 0, x, -x)"),
        ("where(x ≠ 1 ∧ ¬(x ≤ 0), 1, 2)", "np.where(np.logical_and(x != 1, np.logical_not(x <= 0)), 1, 2)"),
        ("where(x>0 && y>0, 1, 2)", "np.where(np.logical_and(x > 0, y > 0), 1, 2)"),
        ("where(x>0 || y>0, 1, 2)", "np.where(np.logical_or(x > 0, y > 0), 1, 2)"),
        ("where((x>0) | (y>0) & (z>0), 1, 2)", "np.where(np.logical_or(x > 0, np.logical_and(y > 0, z > 0)), 1, 2)"),
        ("where(not x > y, 1, 2)", "np.where(np.logical_not(x > y), 1, 2)"),
        ("where(x < y < z, 1, 2)", "np.where(np.logical_and(x < y, y < z), 1, 2)"),
        ("Piecewise((x, x > 0), (2, True))", "np.where(x > 0, x, 2)"),
        ("Piecewise((x, x > 0), (2, x < 0))", "np.where(x > 0, x, np.where(x < 0, 2, np.nan))"),
        ("x*(x > 0)", "x * np.where(x > 0, 1, 0)"),
        ("Max(a, b, c)", "np.maximum(np.maximum(a, b), c)"),
        ("log(x, b)", "np.log(x) / np.log(b)"),
        ("e^x + E**2", "np.exp(x) + np.exp(2)"),
        ("exp (x)", "np.exp(x)"),
        ("sec(x)*acoth(x)*sinc(x)", "special.sec(x) * special.acoth(x) * special.sinc(x)"),
        ("x \n + \t1", "x + 1"),
        ("k0 + k0(x) + Si", "k0 + scipy.special.k0(x) + Si"),
        ("x % y // 2", "x % y // 2"),
    ],
)
def test_text_is_read_as(written: str, read: str) -> None:
    assert canonical(written) == read


@pytest.mark.parametrize(
    ("written", "note"),
    [
        ("x^2", "read `^` as `**`, a power"),
        ("2x", "read `2x` as `2*x`"),
        ("2 sin(x)", "read `2 sin` as `2*sin`"),
        ("|x-1|", "read `|x-1|` as `abs(x-1)`"),
        ("x²", "read `²` as `**2`"),
        ("√x", "read `√` as `sqrt`"),
        ("2−x", "read `−` as `-`"),
        ("x·y", "read `·` as `*`"),
        ("x₁", "read `x₁` as `x1`"),
        ("π", "read `π` as `pi`"),
        ("∞", "read `∞` as `inf`"),
        ("n!", "read `!` as `factorial`"),
        ("sin²(x)", "read `sin²(…)` as `sin(…)**2`"),
        ("Sin(x)", "read `Sin` as `sin`"),
        ("x if x ≤ 1 else 1", "read `≤` as `<=`"),
        ("x*(x>0)", "read the condition `x>0` as 1 where it holds and 0 elsewhere"),
        ("E*x", "read `E` as Euler's number 2.71828…; it is a variable where it gets a value"),
        ("gamma*x", "read `gamma` as a variable; the function is `gamma(…)`"),
        ("y := x", "read `:=` as `=`"),
    ],
)
def test_a_reading_is_noted(written: str, note: str) -> None:
    assert note in read_formula(written).notes


@pytest.mark.parametrize(
    "text", ["x**2 + 1/3", "np.sin(x)*t", "Piecewise((x, x > 0), (-x, True))", "asin(x) + LambertW(x, -1)"]
)
def test_plain_text_needs_no_note(text: str) -> None:
    assert read_formula(text).notes == ()


def test_the_left_side_names_the_formula() -> None:
    assert read_formula("y = x^2").name == "y"
    assert read_formula("x^2").name is None
    named = read_formula("f(x, t) = a*t*x")
    assert (named.name, named.parameters, named.free) == ("f", ("x", "t"), ("a", "t", "x"))


def test_variables_come_in_order_of_appearance() -> None:
    assert read_formula("c*x + a if b > 0 else d*x").free == ("c", "x", "a", "b", "d")


def test_a_variable_goes_before_a_constant_and_a_function_of_its_name() -> None:
    assert canonical("E*x + beta", "E", "beta") == "E * x + beta"
    assert canonical("pi*x", "pi") == "pi * x"
    assert canonical("f(e) = e*x") == "e * x"


def test_another_formula_can_be_written_with_its_parameters() -> None:
    formula = read_formula("exp(h(t)) + g(a)", functions={"h": ("t",), "g": ()})
    assert ast.unparse(formula.tree) == "np.exp(h) + g"
    assert formula.free == ("h", "g")
    assert [(name, arguments) for name, arguments, _ in formula.applied] == [("h", ("t",)), ("g", ("a",))]


def test_nodes_know_their_place_in_the_source() -> None:
    source = "α·2x + sin²(x₁)"
    tree = read_formula(source).tree
    places = {ast.unparse(node): source[node.col_offset : node.end_col_offset] for node in in_order(tree)}
    assert places["α * 2 * x"] == "α·2x"
    assert places["np.sin(x1)"] == "sin²(x₁)"[:8]
    assert places["x1"] == "x₁"
    assert places["α * 2 * x + np.sin(x1) ** 2"] == source


# ---------------------------------------------------------------------- the closed list
ALLOWED = (ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Attribute)


def example_of(spelling: str) -> str:
    word = WORDS[spelling]
    names, _ = word.forms[-1]
    arguments = (
        "x > 1" if name.startswith("condition") else "2" if name in word.whole else f"x{name}" for name in names
    )
    return f"{spelling}({', '.join(arguments)}) * 1"


@pytest.mark.parametrize("spelling", sorted(WORDS))
def test_a_canonical_tree_has_only_the_closed_list(spelling: str) -> None:
    tree = read_formula(example_of(spelling)).tree
    for node in in_order(tree):
        assert isinstance(node, ALLOWED)
        match node:
            case ast.Call(func=function):
                assert dotted_name(function) in FUNCTIONS
            case ast.Attribute():
                assert dotted_name(node) in CONSTANTS
            case ast.Compare(ops=operators):
                assert len(operators) == 1


@pytest.mark.parametrize("spelling", sorted(WORDS))
def test_canonical_text_is_a_formula_too_and_means_the_same(spelling: str) -> None:
    formula = read_formula(example_of(spelling))
    text = ast.unparse(formula.tree)
    assert ast.unparse(read_formula(text).tree) == text
    values = dict.fromkeys(formula.free, 0.5)
    assert evaluate(read_formula(text).tree, values) == pytest.approx(evaluate(formula.tree, values), nan_ok=True)


def test_every_function_of_the_closed_list_is_reached_by_a_word() -> None:
    reached = {
        dotted_name(node.func)
        for spelling in WORDS
        for node in in_order(read_formula(example_of(spelling)).tree)
        if isinstance(node, ast.Call)
    }
    by_form = {"scipy.special.digamma", "np.cbrt", "np.log"}  # of a form that the examples do not use
    assert set(FUNCTIONS) - reached - by_form == set()


def test_every_constant_has_a_number() -> None:
    for word in CONSTANT_WORDS:
        assert isinstance(evaluate(read_formula(f"{word} * 1").tree, {}), float)


# ---------------------------------------------------------------------- long and deep
def test_a_long_sum_is_read() -> None:
    formula = read_formula(" + ".join(f"a{i}*x^{i}" for i in range(2000)))
    assert len(formula.free) == 2001
    assert evaluate(formula.tree, dict.fromkeys(formula.free, 1.0)) == 2000


def test_a_long_argument_list_is_read() -> None:
    formula = read_formula(f"Max({', '.join(f'x{i}' for i in range(5000))})")
    assert evaluate(formula.tree, {name: float(name[1:]) for name in formula.free}) == 4999


def test_ninety_brackets_are_read() -> None:
    assert canonical("(" * 90 + "x" + ")" * 90) == "x"
    assert evaluate(read_formula("sin(" * 90 + "x" + ")" * 90).tree, {"x": 0.0}) == 0


def test_a_node_used_twice_is_computed_once() -> None:
    deep = "x"
    for _ in range(60):
        deep = f"silu({deep})"  # 2**60 nodes, were it a tree
    assert 0 < evaluate(read_formula(deep).tree, {"x": 1.0}) < 1


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "x" + ")" * 10_000,
        "(" * 10_000,
        "sin(" * 10_000 + "x" + ")" * 10_000,
        "|" * 10_000 + "x" + "|" * 10_000,
        "√" * 10_000 + "x",
        "-" * 100_000 + "x",
        "not " * 25_000 + "x",
        "x" + "**x" * 33_000,
        "x" + "^x" * 33_000,
        "x" + "+x" * 50_000,
        "x if x > 0 else " * 6_000 + "x",
        "x + " * 25_000,
        ")" * 100_000,
        "1" * 100_000,
        "x" * 300_000,
        "x!" * 50_000,
        "," * 100_000,
    ],
    ids=lambda text: f"{text[:6]}…{len(text)}",
)
def test_too_long_or_too_deep_is_an_error_of_the_formula(text: str) -> None:
    with pytest.raises(FormulaError) as caught:
        read_formula(text)
    assert len(str(caught.value)) < 1000
