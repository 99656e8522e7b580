"""What the printers promise beyond single formulas: depth, options, odd trees, names that SymPy owns."""

import ast
from collections.abc import Callable
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import scipy.special
import sympy

from glassgrad.explain.notation import math_element, to_latex, to_mathml, to_sympy, to_text, wrap_math
from glassgrad.explain.notation.forms import Rewrite
from glassgrad.explain.notation.table import CONSTANTS, METHODS, NOTATIONS
from tests.explain.notation_readers import tree

_DEPTH = 10_000
_PRINTERS: dict[str, Callable[[ast.expr], str]] = {
    "text": to_text,
    "ascii": lambda expression: to_text(expression, unicode=False),
    "latex": to_latex,
    "mathml": to_mathml,
    "sympy": to_sympy,
}


_X, _Y = ast.Name("x"), ast.Name("y")
_STEPS: dict[str, Callable[[ast.expr], ast.expr]] = {
    "left sum": lambda inner: ast.BinOp(inner, ast.Add(), _Y),
    "right difference": lambda inner: ast.BinOp(_Y, ast.Sub(), inner),
    "left product": lambda inner: ast.BinOp(inner, ast.Mult(), _Y),
    "right quotient": lambda inner: ast.BinOp(_Y, ast.Div(), inner),
    "tower": lambda inner: ast.BinOp(_Y, ast.Pow(), inner),
    "matrix product": lambda inner: ast.BinOp(_Y, ast.MatMult(), inner),
    "minus": lambda inner: ast.UnaryOp(ast.USub(), inner),
    "calls": lambda inner: ast.Call(ast.Name("sin"), [inner], []),
    "bars": lambda inner: ast.Call(ast.Name("abs"), [inner], []),
    "exponentials": lambda inner: ast.Call(ast.Name("exp"), [inner], []),
    "squares": lambda inner: ast.Call(ast.Attribute(ast.Name("np"), "square"), [inner], []),
    "transposes": lambda inner: ast.Attribute(inner, "T"),
    "parts": lambda inner: ast.Attribute(inner, "part"),
    "elements": lambda inner: ast.Subscript(inner, _Y),
    "choices": lambda inner: ast.IfExp(ast.Compare(_X, [ast.Gt()], [_Y]), _X, inner),
}


def _deep(step: Callable[[ast.expr], ast.expr]) -> ast.expr:
    expression: ast.expr = _X
    for _ in range(_DEPTH):
        expression = step(expression)
    return expression


@pytest.mark.parametrize("name", _STEPS)
def test_depth_is_no_limit(name: str) -> None:
    expression = _deep(_STEPS[name])
    for print_it in _PRINTERS.values():
        assert print_it(expression)


def test_a_long_sum_prints_whole() -> None:
    assert to_text(_deep(_STEPS["left sum"])) == "x" + " + y" * _DEPTH


@pytest.mark.parametrize(
    ("value", "text", "latex", "spelled"),
    [
        (np.float64(0.5), "0.5", "0.5", "0.5"),
        (np.float32(0.1), "0.1", "0.1", "0.1"),
        (np.int64(3), "3", "3", "3"),
        (-2, "-2", "-2", "-2"),
        (-0.0, "-0.0", "-0.0", "-0.0"),
        (1e-4, "0.0001", "0.0001", "0.0001"),
        (1e22, "1e22", "10^{22}", "1e22"),
        (-1.5e-7, "-1.5e-7", r"-1.5 \cdot 10^{-7}", "-1.5e-7"),
        (float("inf"), "∞", r"\infty", "oo"),
        (float("-inf"), "-∞", r"-\infty", "-oo"),
        (float("nan"), "NaN", r"\mathrm{NaN}", "nan"),
        (2j, "2 i", r"2 \, \mathrm{i}", "2*I"),
        (-1 + 0.5j, "-1 + 0.5 i", r"-1 + 0.5 \, \mathrm{i}", "-1 + 0.5*I"),
        (10**30, str(10**30), str(10**30), str(10**30)),
        (True, "True", r"\mathrm{True}", "True"),
        (None, "None", r"\mathrm{None}", "None"),
    ],
)
def test_numbers(value: object, text: str, latex: str, spelled: str) -> None:
    constant = ast.Constant(value)  # type: ignore[arg-type]
    assert (to_text(constant), to_latex(constant), to_sympy(constant)) == (text, latex, spelled)


def test_a_number_too_long_for_python_still_prints() -> None:
    assert to_text(ast.Constant(10**5000)).startswith("0x")


def test_odd_trees_print() -> None:
    odd = [
        ast.Lambda(ast.arguments([], [ast.arg("u")], None, [], [], None, []), ast.Name("u")),
        ast.Dict([ast.Constant("<a>")], [ast.Constant(1)]),
        ast.Call(ast.Call(ast.Name("grad"), [ast.Name("f")], []), [ast.Name("x")], []),
        ast.Starred(ast.Name("x")),
        ast.Name("<script>&{}\\"),
        ast.Name("\x00\ud800"),
        ast.Constant(b"\x00<&"),
        ast.expr(),
    ]
    for expression in odd:
        for print_it in _PRINTERS.values():
            assert print_it(expression)
        ET.fromstring(math_element(expression))


def test_deep_code_without_a_form_says_what_it_is() -> None:
    deep = ast.Set([_deep(_STEPS["left sum"])])
    assert to_text(deep) == "<Set>"
    assert to_mathml(deep) == '<mtext style="font-family: monospace">&lt;Set&gt;</mtext>'


def test_inline_writes_quotients_with_a_slash() -> None:
    assert to_latex(tree("a/(b*c) + d"), inline=True) == "a / \\left(b c\\right) + d"
    assert to_mathml(tree("a/b"), inline=True) == '<mrow><mi>a</mi><mo lspace="0" rspace="0">/</mo><mi>b</mi></mrow>'


def test_math_element_carries_its_latex() -> None:
    element = ET.fromstring(math_element(tree("a < b & c")))
    assert element.get("display") == "block"
    assert element.find("semantics/annotation").text == to_latex(tree("a < b & c"))  # type: ignore[union-attr]
    bare = math_element(tree("x"), latex=False, display=False)
    assert bare == "<math><mi>x</mi></math>"
    assert wrap_math("<mi>x</mi>") == '<math display="block"><mi>x</mi></math>'


_OWNED = ["beta", "S", "E", "I", "N", "lambda", "sum", "max", "zeta", "Symbol", "x1", "theta", "Q", "test", "hash"]


@pytest.mark.parametrize("name", _OWNED)
def test_names_that_sympy_owns_stay_symbols(name: str) -> None:
    assert sympy.parse_expr(to_sympy(ast.Name(name), variables=[name])) == sympy.Symbol(name)


def test_constants_of_formulas_stay_constants() -> None:
    assert sympy.parse_expr(to_sympy(tree("pi * E + np.e"))) == sympy.pi * sympy.E + sympy.E


def test_functions_that_sympy_owns_stay_functions() -> None:
    x = sympy.Symbol("x")
    assert sympy.parse_expr(to_sympy(tree("factor(x) + f(x)"))) == sympy.Function("factor")(x) + sympy.Function("f")(x)


def test_a_persons_own_function_behind_a_numpy_name_is_kept() -> None:
    assert to_text(tree("add(a, b) + np.add(a, b)")) == "add(a, b) + a + b"
    assert to_sympy(tree("relu(x)")) == "relu(x)"
    assert to_text(tree("np.random.gamma(2.0)")) == "random.gamma(2.0)"


def test_every_notation_prints_everywhere() -> None:
    """Each row with one to three arguments: whatever it cannot draw becomes a call by name, never a bare sign."""
    for name in NOTATIONS:
        function = f"np.{name.removeprefix('np.')}"
        for count in (1, 2, 3):
            call = tree(f"{function}({', '.join('xyz'[:count])})")
            ET.fromstring(math_element(call))
            compile(to_text(call, unicode=False), "<ascii>", "eval")
            compile(to_sympy(call), "<sympy>", "eval")
            assert to_text(call)[0] not in "ᵀ⁻⁺!", name
            assert to_latex(call)[0] not in "^!", name


def test_methods_that_the_table_knows_print_like_functions() -> None:
    for name in METHODS & set(NOTATIONS):
        arguments = "y" if name == "dot" else ""
        function = f"np.{name}(x{', y' if arguments else ''})"
        assert to_latex(tree(f"x.{name}({arguments})")) == to_latex(tree(function)), name


def test_rewritten_functions_mean_the_same() -> None:
    """The template of every rewritten NumPy function gives NumPy's own value."""
    a, b = np.array([0.5, 1.25, 3.0]), np.array([2.0, 0.75, 1.5])
    checked = 0
    for name, notation in NOTATIONS.items():
        function = getattr(np, name, None)
        if not isinstance(notation.shape, Rewrite) or not isinstance(function, np.ufunc) or "shift" in name:
            continue
        if "bitwise" in name or name in {"invert", "logical_and", "logical_or", "logical_xor", "logical_not"}:
            continue
        expected = function(*(a, b)[: function.nin])
        found = eval(notation.shape.template, {"np": np, "a": a, "b": b})
        np.testing.assert_allclose(found, expected, rtol=1e-14)
        checked += 1
    assert checked > 20


_SPELLED = """
np.exp(0.7) np.log(0.7) np.log2(0.7) np.log10(0.7) np.log1p(0.7) np.expm1(0.7) np.exp2(0.7) np.logaddexp(0.7,1.5)
np.sin(0.7) np.cos(0.7) np.tan(0.7) np.sinh(0.7) np.cosh(0.7) np.tanh(0.7) np.arcsin(0.7) np.arccos(0.7) np.arctan(0.7)
np.arcsinh(0.7)
np.arccosh(1.7) np.arctanh(0.7) np.arctan2(0.7,-1.5) np.sinc(0.7) np.sqrt(0.7) np.cbrt(-0.7) np.cbrt(0.7)
np.abs(-0.7) np.fabs(-0.7) np.floor(-0.7) np.ceil(-0.7) np.trunc(-0.7) np.sign(-0.7) np.heaviside(0.0,0.25)
np.maximum(0.7,1.5) np.minimum(0.7,1.5) np.fmax(0.7,1.5) np.clip(0.7,-1.0,0.5) np.hypot(0.7,1.5) np.deg2rad(0.7)
np.rad2deg(0.7) np.conj(1+2j) np.real(1+2j) np.imag(1+2j) np.angle(1+2j) np.square(0.7) np.reciprocal(0.7)
np.power(0.7,1.5) np.mod(-0.7,0.4) np.floor_divide(-0.7,0.4) np.where(0.7>0,2.0,3.0)
np.select([0.7<0,0.7>0],[1.0,2.0],3.0)
scipy.special.gamma(0.7) scipy.special.gammaln(0.7) scipy.special.digamma(0.7) scipy.special.polygamma(2,1.5)
scipy.special.beta(0.7,1.5) scipy.special.betaln(0.7,1.5) scipy.special.factorial(5) scipy.special.binom(5,2)
scipy.special.zeta(2.5) scipy.special.erf(0.7) scipy.special.erfc(0.7) scipy.special.erfi(0.7) scipy.special.erfcx(0.7)
scipy.special.erfinv(0.7) scipy.special.erfcinv(0.7) scipy.special.ndtr(0.7) scipy.special.log_ndtr(0.7)
scipy.special.lambertw(0.7) scipy.special.expi(0.7) scipy.special.exp1(0.7) scipy.special.expn(2,0.7)
scipy.special.iv(2,0.7) scipy.special.jv(2,0.7) scipy.special.yv(2,0.7) scipy.special.kv(2,0.7)
scipy.special.i0(0.7) scipy.special.i1(0.7) scipy.special.j0(0.7) scipy.special.j1(0.7) scipy.special.y0(0.7)
scipy.special.y1(0.7) scipy.special.k0(0.7) scipy.special.k1(0.7) scipy.special.expit(0.7) scipy.special.log_expit(0.7)
scipy.special.logit(0.7) scipy.special.xlogy(0.7,1.5) scipy.special.xlog1py(0.7,1.5) scipy.special.entr(0.7)
scipy.special.rel_entr(0.7,1.5) scipy.special.kl_div(0.7,1.5)
"""


@pytest.mark.parametrize("source", _SPELLED.split())
def test_sympy_spellings_give_the_same_value(source: str) -> None:
    expected = complex(eval(source, {"np": np, "scipy": scipy}))
    found = complex(sympy.parse_expr(to_sympy(tree(source))).evalf())
    assert abs(found - expected) < 1e-9 * max(1.0, abs(expected)), to_sympy(tree(source))


def test_constants_have_their_values() -> None:
    for name in ("pi", "e", "euler_gamma"):
        assert float(sympy.parse_expr(CONSTANTS[name].sympy)) == pytest.approx(getattr(np, name))
