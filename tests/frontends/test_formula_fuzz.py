"""Any text at all: a formula or a FormulaError, nothing else, and soon."""

import ast
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula import Formula, evaluate, evaluate_complex, read_formula, read_problem
from glassgrad.frontends.formula.vocabulary import BARE_NAMES, CONSTANT_WORDS

PAIRS = ("**", "//", "==", "!=", "<=", ">=", "&&", "||", "⁻¹", ":=")
SIGNS = (*"+-*/^%(),|=<>&~!.²³√∛π½·×−÷≤∞:;[]{}'\"\\@#$?_", *PAIRS)
KEYWORDS = ("if", "else", "and", "or", "not", "True", "False", "lambda", "in", "is", "None")
WORDS = (*BARE_NAMES, *CONSTANT_WORDS, *KEYWORDS, "x", "y", "t", "x1", "α", "x₁", "np.", "math.", "x.y", "__import__")
FUNCTIONS = ("sin", "exp", "sqrt", "Abs", "np.tanh", "LambertW", "erf")
NUMBERS = ("0", "1", "2", "10", "0.5", ".5", "5.", "1e3", "1e-3", "007", "1_0", "2j", "0x1", "1e999")
FRAGMENTS = st.lists(st.sampled_from((*SIGNS, *SIGNS, *WORDS, *NUMBERS, *NUMBERS, " ")), max_size=30).map("".join)
SPACED = st.lists(st.sampled_from((*SIGNS, *WORDS, *NUMBERS)), max_size=30).map(" ".join)
VALUES = dict.fromkeys(("x", "y", "t", "x1", "α"), 0.7)


def outcome(text: str) -> Formula | FormulaError:
    """The formula, or why it is none; within a second."""
    began = time.process_time()
    try:
        return read_formula(text)
    except FormulaError as error:
        return error
    finally:
        assert time.process_time() - began < 1


def read(text: str) -> None:
    """Read it, and check what came out."""
    formula = outcome(text)
    if isinstance(formula, FormulaError):
        assert len(str(formula)) < 2000
        return
    number = evaluate(formula.tree, dict.fromkeys(formula.free, 0.7))
    continued = evaluate_complex(formula.tree, dict.fromkeys(formula.free, 0.7))
    if continued is not None and math.isfinite(number) and math.isfinite(continued.real) and abs(number) < 1e6:
        assert continued.real == pytest.approx(number, rel=1e-6, abs=1e-6)
    text_again = ast.unparse(formula.tree)
    assert ast.unparse(read_formula(text_again, formula.free).tree) == text_again


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    read(text)


@given(FRAGMENTS)
def test_any_row_of_fragments(text: str) -> None:
    read(text)


@given(SPACED)
def test_any_row_of_tokens(text: str) -> None:
    read(text)


@st.composite
def formulas(draw: st.DrawFn) -> str:
    """Text that is a formula: what the reader must read, not refuse."""
    leaf = st.sampled_from(("x", "y", "t", "2", "0.5", "pi", "α", "1e-3", "3"))

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pair = st.tuples(inner, inner)
        return st.one_of(
            st.tuples(inner, st.sampled_from((" + ", " - ", "*", "/", "^", "**", "·")), inner).map("".join),
            st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda p: f"{p[0]}({p[1]})"),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"-({text})"),
            inner.map(lambda text: f"|({text})|"),
            inner.map(lambda text: f"(2({text})²)"),
            pair.map(lambda p: f"Max({p[0]}, {p[1]})"),
            pair.map(lambda p: f"({p[0]} if {p[1]} > 0 else y)"),
            pair.map(lambda p: f"Piecewise(({p[0]}, x > {p[1]}), (1, True))"),
        )  # fmt: skip

    return draw(st.recursive(leaf, larger, max_leaves=12))


@given(formulas())
def test_a_formula_is_read_and_its_text_is_stable(text: str) -> None:
    formula = read_formula(text)
    read(text)
    for node in ast.walk(formula.tree):
        if isinstance(node, ast.expr):
            assert 0 <= node.col_offset < (node.end_col_offset or 0) <= len(text)


@given(FRAGMENTS, st.lists(FRAGMENTS, max_size=3), FRAGMENTS, FRAGMENTS)
def test_any_problem(text: str, lets: list[str], at: str, units: str) -> None:
    try:
        read_problem(text, lets, at=at, units=units)
    except FormulaError:
        return


@pytest.mark.parametrize(
    "seed",
    [
        "sin(",
        "|x",
        "x if ",
        "2^",
        "x²",
        "√",
        "f(",
        "-",
        "x!",
        "(x)(",
        "α",
        "\u0301x",
        "|x|y",
        "sin²(",
        "e^",
        "1/2",
        "x,",
        "x=",
        "np.",
        "not ",
        "x<",
    ],
)
@pytest.mark.parametrize("times", [2, 30, 3000])
def test_any_text_over_and_over(seed: str, times: int) -> None:
    found = outcome(seed * times)
    assert isinstance(found, Formula) or len(str(found)) < 2000
