"""Readers of what the printers print, for tests: Unicode text, LaTeX and MathML of arithmetic back to Python."""

import ast
import re
from xml.etree import ElementTree as ET

_SUPERSCRIPTS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
_RAISED = re.compile(f"[{_SUPERSCRIPTS}]+")


def python_of_text(text: str) -> str:
    """Unicode text of + - · / ^ and superscripts as Python."""
    plain = _RAISED.sub(lambda found: f"**({_lowered(found[0])})", text)
    plain = re.sub(r"⌊(.*?)⌋", r"floor(\1)", plain)
    plain = plain.replace("·", "*").replace("^", "**")
    return re.sub(r"(?<=[\d.]) (?=[A-Za-z(])", "*", plain)  # 9.8 t: juxtaposition is a product


def _lowered(superscripts: str) -> str:
    return "".join("-0123456789"[_SUPERSCRIPTS.index(character)] for character in superscripts)


def python_of_latex(latex: str) -> str:
    r"""LaTeX of + - \cdot juxtaposition \frac and powers as Python; one-letter names only."""
    return _read_latex(latex.replace(r"\left", "").replace(r"\right", "").replace(r"\,", " "))


def _read_latex(latex: str) -> str:
    parts: list[str] = []
    place = 0
    while place < len(latex):
        if latex.startswith(r"\frac", place):
            above, place = _braces(latex, place + len(r"\frac"))
            below, place = _braces(latex, place)
            parts.append(f"(({_read_latex(above)})/({_read_latex(below)}))")
        elif latex[place] == "^":
            exponent, place = _braces(latex, place + 1)
            parts.append(f"**({_read_latex(exponent)})")
        elif latex.startswith(r"\cdot", place):
            parts.append("*")
            place += len(r"\cdot")
        else:
            parts.append(latex[place])
            place += 1
    return re.sub(r"(?<=[\w.)]) +(?=[\w(])", "*", "".join(parts))


def _braces(latex: str, start: int) -> tuple[str, int]:
    """The inside of the braces that open at `start`, and the place behind them."""
    assert latex[start] == "{"
    depth = 0
    for place in range(start, len(latex)):
        depth += (latex[place] == "{") - (latex[place] == "}")
        if depth == 0:
            return latex[start + 1 : place], place + 1
    raise AssertionError(latex)


def python_of_mathml(mathml: str) -> str:
    """MathML of rows, fractions and powers as Python."""
    return _read_element(ET.fromstring(mathml))


def _read_element(element: ET.Element) -> str:
    inside = [_read_element(child) for child in element]
    match element.tag:
        case "mfrac":
            return f"(({inside[0]})/({inside[1]}))"
        case "msup":
            return f"{inside[0]}**({inside[1]})"
        case "mo":
            return {"−": "-", "⋅": "*", "\u2062": "*"}.get(element.text or "", element.text or "")
        case "mrow":
            return "".join(inside)
        case _:
            return element.text or ""


def tree(source: str) -> ast.expr:
    """One Python expression as its tree."""
    return ast.parse(source, mode="eval").body
