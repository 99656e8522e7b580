"""How names are displayed."""

from xml.etree import ElementTree as ET

import pytest

from glassgrad.explain.notation import Symbol, function_symbol, partial, symbol_of, to_latex, to_mathml, to_text, total
from glassgrad.explain.notation.symbols import superscript
from tests.explain.notation_readers import tree


@pytest.mark.parametrize(
    ("identifier", "text", "latex"),
    [
        ("x", "x", "x"),
        ("z1", "z1", "z_{1}"),
        ("W12", "W12", "W_{12}"),
        ("x_mean", "x_mean", r"x_{\mathrm{mean}}"),
        ("x_i", "x_i", "x_{i}"),
        ("x_1_2", "x_1_2", "x_{1,2}"),
        ("w_xh", "w_xh", r"w_{\mathrm{xh}}"),
        ("loss", "loss", r"\mathrm{loss}"),
        ("loss_2", "loss_2", r"\mathrm{loss}_{2}"),
        ("dW1", "dW1", r"\mathrm{dW}_{1}"),
        ("theta", "θ", r"\theta"),
        ("theta_0", "θ_0", r"\theta_{0}"),
        ("sigma1", "σ1", r"\sigma_{1}"),
        ("Sigma", "Σ", r"\Sigma"),
        ("lambda_", "λ", r"\lambda"),
        ("lamda", "λ", r"\lambda"),
        ("epsilon", "ε", r"\epsilon"),
        ("x_alpha", "x_alpha", r"x_{\alpha}"),
        ("θ", "θ", r"\theta"),
        ("x_hat", "x_hat", r"\hat{x}"),
        ("x1_bar", "x1_bar", r"\bar{x}_{1}"),
        ("x_prime", "x_prime", "x'"),
        ("loss_hat", "loss_hat", r"\mathrm{loss}_{\mathrm{hat}}"),
        ("_hidden", "_hidden", r"\mathrm{\_hidden}"),
        ("_", "_", r"\mathrm{\_}"),
        ("x2y", "x2y", r"\mathrm{x2y}"),
        ("a&b", "a&b", r"\texttt{a\&b}"),
        ("50%{}", "50%{}", r"\texttt{50\%\{\}}"),
        ("a\\b^c~d", "a\\b^c~d", r"\texttt{a\textbackslash{}b\textasciicircum{}c\textasciitilde{}d}"),
    ],
)
def test_default_display(identifier: str, text: str, latex: str) -> None:
    symbol = symbol_of(identifier)
    assert (symbol.text, symbol.latex) == (text, latex)
    ET.fromstring(symbol.mathml)


@pytest.mark.parametrize(
    ("identifier", "text"), [("z1", "z₁"), ("W12", "W₁₂"), ("x_10", "x₁₀"), ("theta_0", "θ₀"), ("x_mean", "x_mean")]
)
def test_subscript_characters_when_asked(identifier: str, text: str) -> None:
    assert symbol_of(identifier, subscripts=True).text == text
    assert to_text(tree(f"{identifier} + 1"), subscripts=True) == f"{text} + 1"


def test_functions_keep_their_names_whole() -> None:
    assert function_symbol("log_prob").latex == r"\mathrm{log\_prob}"
    assert function_symbol("f_1").latex == "f_{1}"
    assert function_symbol("phi").text == "φ"


def test_partial_and_total() -> None:
    assert partial("L", "z1") == Symbol(
        "∂L/∂z1",
        r"\frac{\partial L}{\partial z_{1}}",
        "<mfrac><mrow><mi>∂</mi><mi>L</mi></mrow><mrow><mi>∂</mi><msub><mi>z</mi><mn>1</mn></msub></mrow></mfrac>",
        atomic=False,
    )
    assert total("p", "t").latex == r"\frac{\mathrm{d} p}{\mathrm{d} t}"
    assert partial("L", "x", order=2).text == "∂²L/∂x²"
    assert total("p", "t", order=3).latex == r"\frac{\mathrm{d}^{3} p}{\mathrm{d} {t}^{3}}"
    assert partial(partial("L", "x"), "y").text == "∂(∂L/∂x)/∂y"
    assert superscript(-120) == "⁻¹²⁰"


def test_a_symbol_told_wins_over_the_table_and_the_constants() -> None:
    told = {"pi": symbol_of("p"), "sigmoid": symbol_of("s"), "self.w": symbol_of("omega"), "np.e": symbol_of("q")}
    assert to_text(tree("pi * sigmoid(self.w)"), told) == "p · s(ω)"
    assert to_latex(tree("self.w**2"), told) == r"\omega^{2}"
    assert to_text(tree("self.sigmoid(x)")) == "sigmoid(x)"


def test_a_marked_symbol_is_bracketed_before_another_mark() -> None:
    told = {"W": Symbol("W", "W^{(1)}", "<msup><mi>W</mi><mn>1</mn></msup>")}
    assert to_latex(tree("W**2 + W[0]"), told) == r"\left(W^{(1)}\right)^{2} + W^{(1)}_{0}"
    assert to_latex(tree("x_prime**2")) == r"\left(x'\right)^{2}"


def test_shapes_decide_the_elementwise_product() -> None:
    shapes = {"A": (3, 2), "b": (2,), "c": ()}
    expected = {
        "A * b": "A ⊙ b",
        "A * c": "A · c",
        "c * A * b": "c · A ⊙ b",
        "A * (1 - b)": "A ⊙ (1 - b)",
        "A * np.sum(b)": "A · sum(b)",
        "A * np.sum(A, axis=1)": "A ⊙ sum(A, axis=1)",
        "A * np.sum(b, axis=0, keepdims=True)": "A ⊙ sum(b, axis=0, keepdims=True)",
        "b * np.tanh(b)": "b ⊙ tanh(b)",
        "(A @ b) * b": "(A @ b) ⊙ b",
        "A.T * A[0]": "Aᵀ ⊙ A[0]",
        "b[0] * b": "b[0] · b",
        "b * f(b)": "b · f(b)",
        "(b > 0) * b": "[b > 0] ⊙ b",
        "b * np.where(b > 0, b, c)": "b ⊙ {b if b > 0; c otherwise}",
        "A**2 * A": "A² ⊙ A",
        "A * np.linalg.det(A)": "A · det(A)",
    }
    assert {source: to_text(tree(source), shapes=shapes) for source in expected} == expected
    assert to_latex(tree("A * b"), shapes=shapes) == r"A \odot b"
    assert "⊙" in to_mathml(tree("A * b"), shapes=shapes)
