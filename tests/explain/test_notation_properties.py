"""Laws of the printers, over random expressions: what is printed reads back to the same value, and is well formed."""

import ast
import math
import re
from copy import deepcopy
from fractions import Fraction
from types import CodeType
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import scipy.special
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glassgrad.explain.notation import math_element, to_latex, to_mathml, to_sympy, to_text, wrap
from tests.explain.notation_readers import python_of_latex, python_of_mathml, python_of_text

_NAMES = {"a": Fraction(3, 2), "b": Fraction(-2, 3), "t": Fraction(5), "x": Fraction(-7, 4)}
_FLOATS = {name: float(value) for name, value in _NAMES.items()}

_leaves = st.one_of(
    st.sampled_from(sorted(_NAMES)).map(ast.Name),
    st.integers(0, 12).map(ast.Constant),
    st.integers(-3, -1).map(ast.Constant),
)
_decimals = st.sampled_from([0.5, 9.8, 1e-05, 6.02e23, -0.025, 0.1]).map(ast.Constant)


def _grown(operators: list[type[ast.operator]], inner: st.SearchStrategy[ast.expr]) -> st.SearchStrategy[ast.expr]:
    binary = st.builds(
        lambda left, operator, right: ast.BinOp(left, operator(), right),
        inner,
        st.sampled_from(operators),
        inner,
    )
    power = st.builds(
        lambda base, exponent: ast.BinOp(base, ast.Pow(), ast.Constant(exponent)), inner, st.integers(-2, 3)
    )
    unary = st.builds(lambda sign, operand: ast.UnaryOp(sign(), operand), st.sampled_from([ast.USub, ast.UAdd]), inner)
    return st.one_of(binary, binary, power, unary)


_RATIONAL: list[type[ast.operator]] = [ast.Add, ast.Sub, ast.Mult, ast.Div]
rational = st.recursive(_leaves, lambda inner: _grown(_RATIONAL, inner), max_leaves=12)
arithmetic = st.recursive(
    st.one_of(_leaves, _decimals),
    lambda inner: st.one_of(
        _grown([*_RATIONAL, ast.FloorDiv, ast.Mod], inner),
        st.builds(lambda base, exponent: ast.BinOp(base, ast.Pow(), exponent), inner, inner),
    ),
    max_leaves=12,
)


def _call(function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.parse(function, mode="eval").body, list(arguments), [])


_FUNCTIONS = ["np.sin", "np.exp", "np.tanh", "np.abs", "np.arctan", "np.cbrt", "np.expm1", "scipy.special.erf",
              "np.floor", "np.sign", "np.square", "scipy.special.expit"]  # fmt: skip


def _conditions(inner: st.SearchStrategy[ast.expr]) -> st.SearchStrategy[ast.expr]:
    signs = st.sampled_from([ast.Lt, ast.LtE, ast.Gt, ast.GtE])
    return st.builds(lambda left, sign, right: ast.Compare(left, [sign()], [right]), inner, signs, inner)


def _formulas(inner: st.SearchStrategy[ast.expr]) -> st.SearchStrategy[ast.expr]:
    conditions = _conditions(inner)
    return st.one_of(
        _grown(_RATIONAL, inner),
        st.builds(_call, st.sampled_from(_FUNCTIONS), inner),
        st.builds(_call, st.sampled_from(["np.maximum", "np.minimum", "np.hypot"]), inner, inner),
        st.builds(lambda condition, yes, no: _call("np.where", condition, yes, no), conditions, inner, inner),
        st.builds(lambda condition, value: ast.BinOp(condition, ast.Mult(), value), conditions, inner),
        st.builds(
            lambda one, two, yes, no: ast.IfExp(ast.BoolOp(ast.And(), [one, two]), yes, no),
            conditions,
            conditions,
            inner,
            inner,
        ),
    )


formulas = st.recursive(_leaves, _formulas, max_leaves=8)

_SNIPPETS = """
x[1:, ..., None] | A @ B.T | (A * B) @ x | np.sum(x * y, axis=(0, 1), keepdims=True) | x.mean(axis=-1) | loss | z1_hat
np.linalg.norm(x, ord=2, axis=1) | np.einsum('ij,jk->ik', A, B) | np.einsum('...i', A) | f(x, *y, k=1, **z) | (a, b)
np.array([[1, 2], [3, x]]) | lambda u: u | [u for u in x] | {1: 2} | 'a<b&c' | b'x' | f'{x}' | x if y else z | not x
x is None | x in y | a < b <= t != x | a & b | a | b | ~x | a << 2 | 2j | 1 + 2j | np.inf | -1e300 | True | ... | x.y.z
np.random.normal(0, 1) | np.conj(z) | jv(n, x) | log(x, 2) | kron(A, B) | np.inner(a, b) | x.shape[0] | p['W_1'] | θ
np.select([x > 0, x < 0], [x, -x], 0) | np.piecewise(x, [x < 0], [-x, x]) | Piecewise((x, x > 0), (0, True)) | λ1
np.cross(a, b) | np.linalg.inv(A) | np.linalg.solve(A, b) | np.sqrt(x) | np.abs(x) | np.concatenate((a, b)) | (a,)
(yield x) | (u := x) | {*a} | () | [] | f() | np.sum() | np.array() | np.where(x) | np.linalg.norm() | x[()] | a[b:c:t]
"""
snippets = st.sampled_from([piece.strip() for piece in re.split(r" \| |\n", _SNIPPETS) if piece.strip()])


def _any_grown(inner: st.SearchStrategy[ast.expr]) -> st.SearchStrategy[ast.expr]:
    operators: list[type[ast.operator]] = [
        *_RATIONAL, ast.MatMult, ast.Pow, ast.Mod, ast.FloorDiv, ast.BitAnd, ast.BitXor, ast.LShift,
    ]  # fmt: skip
    return st.one_of(
        _formulas(inner),
        _grown(operators, inner),
        st.builds(ast.Subscript, inner, inner),
        st.builds(lambda base: ast.Attribute(base, "T"), inner),
        st.builds(lambda base, exponent: ast.BinOp(base, ast.Pow(), exponent), inner, inner),
        st.builds(lambda values: ast.BoolOp(ast.Or(), values), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda operand: ast.UnaryOp(ast.Not(), operand), inner),
        st.builds(lambda function, argument: ast.Call(function, [argument], []), inner, inner),
    )


anything = st.recursive(snippets.map(lambda text: ast.parse(text, mode="eval").body), _any_grown, max_leaves=6)


def _compiled(expression: ast.expr) -> CodeType:
    """Our own random expression as code; what a parser would have filled in is filled in."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Tuple | ast.List):
            node.ctx = ast.Load()
    return compile(ast.fix_missing_locations(ast.Expression(expression)), "<random>", "eval")


class _Floating(ast.NodeTransformer):
    """Every number as a float, so that towers of powers overflow instead of filling the memory."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Constant(float(node.value))


def _float_value(code: ast.expr | str) -> object:
    """The value of random arithmetic in floating point; None where it has none."""
    expression = ast.parse(code, mode="eval").body if isinstance(code, str) else deepcopy(code)
    try:
        return eval(_compiled(_Floating().visit(expression)), dict(_FLOATS))
    except (ArithmeticError, TypeError):
        return None


class _Exact(ast.NodeTransformer):
    """Every number but the exponents as a fraction, so that every value is exact."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        right = node.right if isinstance(node.op, ast.Pow) else self.visit(node.right)
        return ast.BinOp(self.visit(node.left), node.op, right)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Call(ast.Name("Fraction"), [node], [])


def _exact_value(code: ast.expr | str) -> object:
    expression = ast.parse(code, mode="eval").body if isinstance(code, str) else deepcopy(code)
    assume(_powers(expression) <= 4)  # towers of literal powers grow out of memory
    try:
        return eval(_compiled(_Exact().visit(expression)), {**_NAMES, "Fraction": Fraction})
    except ZeroDivisionError:
        return None


def _powers(expression: ast.expr) -> int:
    return sum(isinstance(node, ast.Pow) for node in ast.walk(expression))


@given(arithmetic)
def test_ascii_reads_back_as_python_with_the_same_value(expression: ast.expr) -> None:
    again = to_text(expression, unicode=False)
    assert again.isascii()
    expected, found = _float_value(expression), _float_value(again)
    assert found == expected or repr(found) == repr(expected), again  # to the last bit; nan included


@given(rational)
def test_unicode_text_means_the_same(expression: ast.expr) -> None:
    text = to_text(expression)
    assert _exact_value(python_of_text(text)) == _exact_value(expression), text


@given(rational, st.booleans())
def test_latex_means_the_same(expression: ast.expr, inline: bool) -> None:
    latex = to_latex(expression, inline=inline)
    assert _exact_value(python_of_latex(latex)) == _exact_value(expression), latex


@given(rational, st.booleans())
def test_mathml_means_the_same(expression: ast.expr, inline: bool) -> None:
    mathml = to_mathml(expression, inline=inline)
    assert _exact_value(python_of_mathml(mathml)) == _exact_value(expression), mathml


@given(rational)
def test_no_sign_follows_a_sign(expression: ast.expr) -> None:
    for printed in (to_text(expression), to_text(expression, unicode=False), to_latex(expression)):
        assert not re.search(r"[-+*/·^]\s*[-+]", printed), printed


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@given(formulas)
@settings(max_examples=60)
def test_sympy_reads_the_same_value(expression: ast.expr) -> None:
    sympy = pytest.importorskip("sympy")
    assume(_powers(expression) <= 2)
    expected = _numpy_value(expression)
    assume(expected is not None and math.isfinite(expected) and 1e-9 < abs(expected) < 1e9)
    parsed = sympy.parse_expr(to_sympy(expression))
    found = sympy.sympify(parsed).subs({sympy.Symbol(name): value for name, value in _FLOATS.items()}).evalf()
    assume(found.is_real and math.isfinite(found))  # SymPy may meet a pole where floating point does not
    assert math.isclose(float(found), expected, rel_tol=1e-6), to_sympy(expression)


def _numpy_value(expression: ast.expr) -> float | None:
    try:
        with np.errstate(all="ignore"):
            return float(eval(_compiled(deepcopy(expression)), {"np": np, "scipy": scipy, **_FLOATS}))
    except (ArithmeticError, ValueError, TypeError):
        return None


@given(anything, st.booleans())
def test_latex_is_balanced(expression: ast.expr, inline: bool) -> None:
    latex = to_latex(expression, inline=inline)
    bare = latex.replace(r"\\", " ").replace(r"\{", " ").replace(r"\}", " ")
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        assert depth >= 0, latex
    assert depth == 0, latex
    assert len(re.findall(r"\\left(?![a-z])", latex)) == len(re.findall(r"\\right(?![a-z])", latex)), latex
    assert latex.count(r"\begin{") == latex.count(r"\end{"), latex
    assert not re.search(r"\}_\{[^{}]*\}_\{|\}\^\{[^{}]*\}\^\{", latex), latex  # double marks do not compile


_CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "mroot": 2, "munder": 2, "mover": 2, "msubsup": 3}


@given(anything)
def test_mathml_is_well_formed(expression: ast.expr) -> None:
    root = ET.fromstring(math_element(expression))
    assert root.tag == "math"
    assert len(root[0]) == 2  # one element and its annotation
    for element in root.iter():
        assert len(element) == _CHILDREN.get(element.tag, len(element)), element.tag
        if element.tag in {"mi", "mn", "mo", "mtext"}:
            assert len(element) == 0


@given(anything)
def test_everything_prints_as_text_and_for_sympy(expression: ast.expr) -> None:
    sympy = pytest.importorskip("sympy")
    assert to_text(expression)
    assert to_text(expression, unicode=False)
    compile(to_sympy(expression), "<sympy>", "eval")
    del sympy


@given(anything, st.integers(20, 90))
def test_wrapping_changes_only_white_space(expression: ast.expr, width: int) -> None:
    text = to_text(expression)
    wrapped = wrap(text, width)
    assert " ".join(line.strip() for line in wrapped.split("\n")) == text
    for line in wrapped.split("\n"):
        assert len(line) <= width or " " not in line.strip()[: width // 3].strip() or _is_stiff(line, width)


def _is_stiff(line: str, width: int) -> bool:
    """Whether a line that is too long has no sign to break at within the width."""
    return not re.search(r" (?:[-+·=/*]|if|∧|∨|@) ", line.strip()[:width])
