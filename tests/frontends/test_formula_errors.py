"""Error messages of the formula language, word for word: `golden/formula_errors.txt` has them, text by text.

A block of that file is `» text`, the message with its caret, and `hint: …`. After a change of the messages on
purpose, `python -m tests.frontends.test_formula_errors` writes the file anew; read the difference.
"""

import unicodedata
from pathlib import Path

import pytest

from glassgrad.base.errors import FormulaError
from glassgrad.frontends.formula import read_formula
from glassgrad.frontends.formula.complaints import caret_lines

GOLDEN = Path(__file__).parent / "golden" / "formula_errors.txt"


def render(text: str) -> str:
    try:
        formula = read_formula(text)
    except FormulaError as error:
        return f"» {text}\n{error.message}\n" + (f"hint: {error.hint}\n" if error.hint else "")
    raise AssertionError(f"{text!r} was read: {formula}")


def blocks() -> list[str]:
    return [f"» {block}" for block in GOLDEN.read_text(encoding="utf-8").split("» ")[1:]]


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block.splitlines()[0][2:])
def test_the_message_is(block: str) -> None:
    assert render(block.splitlines()[0][2:]).strip() == block.strip()


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ("α + sn(x)", "sn"),
        ("2·x₁² − sn(x)", "sn"),
        ("日本 + sn(x)", "sn"),
        ("é\u0301x + sn(x)", "sn"),
        ("½·√(π)|x| + sn(x)", "sn"),
        ("x^2^3 + 2x + sn(x)", "sn"),
        ("x +\t\n sn(x)", "sn"),
        ("1 + " * 400 + "sn(x)" + " + 1" * 400, "sn"),
        ("√(x) + sin²(x)·n!·sn(2x)", "sn"),
    ],
)
def test_the_caret_stands_below_the_place(source: str, marked: str) -> None:
    with pytest.raises(FormulaError) as caught:
        read_formula(source)
    _, line, carets = caught.value.message.splitlines()
    assert len(line) < 90
    assert below(line, carets) == marked


def below(line: str, carets: str) -> str:
    """The characters of the line whose columns have a caret, as a terminal sets them."""
    column, found = 0, ""
    for char in line:
        width = 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if "^" in carets[column : column + width]:
            found += char
        column += width
    return found


def test_the_caret_of_the_end_stands_behind_the_text() -> None:
    assert caret_lines("x + 1", (5, 5)) == ("x + 1", "     ^")


def test_an_error_is_the_projects_own_with_a_hint() -> None:
    with pytest.raises(FormulaError) as caught:
        read_formula("sn(x)")
    assert isinstance(caught.value, ValueError)
    assert caught.value.hint == "did you mean `sin`?"
    assert "hint: did you mean `sin`?" in str(caught.value)


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(render(block.splitlines()[0][2:]) for block in blocks()), encoding="utf-8")
