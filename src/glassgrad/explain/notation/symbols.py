"""How a name is displayed: the default look of an identifier, and derivative symbols such as ∂L/∂z1."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from glassgrad.explain.notation.escape import latex_word, xml


@dataclass(frozen=True, slots=True)
class Symbol:
    """What stands for a name: plain text, LaTeX, and one MathML element. `atomic` is False for a quotient."""

    text: str
    latex: str
    mathml: str
    atomic: bool = True


_GREEK_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ",
    "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ", "hbar": "ℏ",
    "nabla": "∇",
}  # fmt: skip
_GREEK_SPELLINGS = {"lamda": "lambda", "lambda_": "lambda"}
_GREEK_COMMANDS = {letter: "\\" + name for name, letter in _GREEK_LETTERS.items()}
_TEXT_GREEK = {"ϵ": "ε", "ϕ": "φ"}  # the variants that terminals draw best
# The combining sign over a letter: LaTeX command, MathML operator.
_ACCENTS = {
    "hat": (r"\hat", "^"),
    "bar": (r"\bar", "¯"),
    "tilde": (r"\tilde", "~"),
    "dot": (r"\dot", "˙"),
    "ddot": (r"\ddot", "¨"),
    "vec": (r"\vec", "→"),
}
_SUBSCRIPT_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LETTERS_AND_DIGITS = re.compile(r"([^\W\d_]+?)(\d*)")


@dataclass(frozen=True, slots=True)
class _Parts:
    """An identifier taken apart: `x1_hat_mean` is base x, accent hat, indices 1 and mean."""

    base: str
    accent: str | None
    primes: int
    indices: tuple[str, ...]


@lru_cache(maxsize=4096)
def symbol_of(identifier: str, *, subscripts: bool = False) -> Symbol:
    r"""The default display of an identifier; `subscripts` asks for z₁ instead of z1 in text.

    >>> symbol_of("z1").latex, symbol_of("x_mean").latex, symbol_of("theta").text
    ('z_{1}', 'x_{\\mathrm{mean}}', 'θ')
    """
    parts = _take_apart(identifier)
    if parts is None:
        return Symbol(identifier, latex_word(identifier), f"<mi>{xml(identifier)}</mi>")
    latex, mathml = _letter(parts.base)
    if parts.accent is not None:
        command, sign = _ACCENTS[parts.accent]
        latex = f"{command}{{{latex}}}"
        mathml = f'<mover accent="true">{mathml}<mo stretchy="false">{sign}</mo></mover>'
    if parts.primes:
        latex += "'" * parts.primes
        mathml = f"<msup>{mathml}<mo>{'′' * parts.primes}</mo></msup>"
    if parts.indices:
        latex = f"{latex}_{{{','.join(_index(index)[0] for index in parts.indices)}}}"
        mathml = f"<msub>{mathml}{_row([_index(index)[1] for index in parts.indices])}</msub>"
    return Symbol(_text(identifier, parts, subscripts=subscripts), latex, mathml)


def function_symbol(name: str) -> Symbol:
    """The display of a function's name: letters as for variables, longer words upright and whole."""
    parts = _take_apart(name)
    if parts is not None and (len(parts.base) == 1 or parts.base in _GREEK_LETTERS):
        return symbol_of(name)
    return Symbol(name, latex_word(name), f"<mi>{xml(name)}</mi>")


def partial(numerator: str | Symbol, denominator: str | Symbol, *, order: int = 1) -> Symbol:
    r"""The partial derivative ∂L/∂z1 as a symbol, for a name such as `dL_dz1`.

    >>> partial("L", "z1").text, partial("L", "z1").latex
    ('∂L/∂z1', '\\frac{\\partial L}{\\partial z_{1}}')
    """
    return _derivative("∂", r"\partial ", "<mi>∂</mi>", numerator, denominator, order)


def total(numerator: str | Symbol, denominator: str | Symbol, *, order: int = 1) -> Symbol:
    r"""The derivative dp/dt as a symbol, its d upright.

    >>> total("p", "t").text, total("p", "t", order=2).text
    ('dp/dt', 'd²p/dt²')
    """
    return _derivative("d", r"\mathrm{d} ", '<mi mathvariant="normal">d</mi>', numerator, denominator, order)


def _derivative(
    text: str, latex: str, mathml: str, numerator: str | Symbol, denominator: str | Symbol, order: int
) -> Symbol:
    above = numerator if isinstance(numerator, Symbol) else symbol_of(numerator)
    below = denominator if isinstance(denominator, Symbol) else symbol_of(denominator)
    if order == 1:
        return Symbol(
            f"{text}{_closed(above)}/{text}{_closed(below)}",
            rf"\frac{{{latex}{above.latex}}}{{{latex}{below.latex}}}",
            f"<mfrac>{_row([mathml, above.mathml])}{_row([mathml, below.mathml])}</mfrac>",
            atomic=False,
        )
    power = f"<mn>{order}</mn>"
    return Symbol(
        f"{text}{superscript(order)}{_closed(above)}/{text}{_closed(below)}{superscript(order)}",
        rf"\frac{{{latex.rstrip()}^{{{order}}} {above.latex}}}{{{latex}{{{below.latex}}}^{{{order}}}}}",
        f"<mfrac>{_row([f'<msup>{mathml}{power}</msup>', above.mathml])}"
        f"{_row([mathml, f'<msup>{below.mathml}{power}</msup>'])}</mfrac>",
        atomic=False,
    )


def superscript(number: int) -> str:
    """An integer in superscript characters: ⁻¹²."""
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _closed(symbol: Symbol) -> str:
    """The symbol's text, in brackets if a slash inside it could be misread."""
    return symbol.text if symbol.atomic else f"({symbol.text})"


def _take_apart(identifier: str) -> _Parts | None:
    """The parts of an identifier; None if it is not letters, digits and underscores in the usual order."""
    spelled = _GREEK_SPELLINGS.get(identifier, identifier)
    first, *rest = spelled.strip("_").split("_")
    found = _LETTERS_AND_DIGITS.fullmatch(first)
    if found is None or spelled.startswith("_") or not spelled.replace("_", "").isalnum():
        return None
    base = _GREEK_SPELLINGS.get(found[1], found[1])
    is_letter = len(base) == 1 or base in _GREEK_LETTERS
    accent: str | None = None
    primes = 0
    indices = [found[2]] if found[2] else []
    for chunk in filter(None, rest):
        if is_letter and chunk == "prime":
            primes += 1
        elif is_letter and accent is None and chunk in _ACCENTS:
            accent = chunk
        else:
            indices.append(chunk)
    return _Parts(base, accent, primes, tuple(indices))


def _letter(base: str) -> tuple[str, str]:
    """The LaTeX and MathML of a base: a Greek letter, an italic letter, or an upright word."""
    if base in _GREEK_LETTERS:
        return "\\" + base, f"<mi>{_GREEK_LETTERS[base]}</mi>"
    if base in _GREEK_COMMANDS:
        return _GREEK_COMMANDS[base], f"<mi>{base}</mi>"
    return (base if len(base) == 1 else latex_word(base)), f"<mi>{xml(base)}</mi>"


def _index(index: str) -> tuple[str, str]:
    """The LaTeX and MathML of a subscript: a number, a letter, or an upright word."""
    if index.isdecimal():
        return index, f"<mn>{index}</mn>"
    return _letter(_GREEK_SPELLINGS.get(index, index))


def _row(elements: Sequence[str]) -> str:
    return elements[0] if len(elements) == 1 else f"<mrow>{''.join(elements)}</mrow>"


def _text(identifier: str, parts: _Parts, *, subscripts: bool) -> str:
    """The identifier as text: a Greek base as its letter, the rest as the person wrote it."""
    if parts.base in _GREEK_LETTERS:
        letter = _GREEK_LETTERS[parts.base]
        spelled = identifier.removesuffix("_") if identifier == "lambda_" else identifier
        start = len(_LETTERS_AND_DIGITS.fullmatch(spelled.split("_")[0])[1])  # type: ignore[index]  # matched before
        identifier = _TEXT_GREEK.get(letter, letter) + spelled[start:]
    if not subscripts:
        return identifier
    return re.sub(r"_?(\d+)$", lambda found: found[1].translate(_SUBSCRIPT_DIGITS), identifier)
