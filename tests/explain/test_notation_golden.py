"""Every printer over a page of formulas, against notation.txt, which was read by eye line by line.

After a wanted change: `python -m tests.explain.test_notation_golden` prints the page anew.
"""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from glassgrad.explain.notation import (
    Symbol,
    partial,
    symbol_of,
    to_latex,
    to_mathml,
    to_sympy,
    to_text,
    total,
)

_PAGE = Path(__file__).with_name("notation.txt")
_SYMBOLS = {
    "dL_dz1": partial("L", "z1"),
    "dp_dt": total("p", "t"),
    "d2L_dx2": partial("L", "x", order=2),
    "act": symbol_of("varphi"),
    "model.W": Symbol("W", "W^{(1)}", "<msup><mi>W</mi><mn>(1)</mn></msup>"),
}
_SHAPES = {"A1": (5, 3), "A2": (5, 2), "dZ2": (5, 2), "W2": (3, 2), "z": (4,), "lr": ()}

PRINTERS: dict[str, Callable[[ast.expr], str]] = {
    "text": lambda tree: to_text(tree, _SYMBOLS, shapes=_SHAPES),
    "ascii": lambda tree: to_text(tree, _SYMBOLS, shapes=_SHAPES, unicode=False),
    "latex": lambda tree: to_latex(tree, _SYMBOLS, shapes=_SHAPES),
    "mathml": lambda tree: to_mathml(tree, _SYMBOLS, shapes=_SHAPES),
    "sympy": to_sympy,
}


def _read_page() -> dict[str, dict[str, str]]:
    """Source -> printer -> what it prints."""
    page: dict[str, dict[str, str]] = {}
    for block in _PAGE.read_text(encoding="utf-8").strip().split("\n\n"):
        source, *lines = block.split("\n")
        page[source.removeprefix(">>> ")] = {name: text for name, _, text in (line.partition(" ") for line in lines)}
    return page


def _print(source: str, printer: str) -> str:
    return PRINTERS[printer](ast.parse(source, mode="eval").body)


@pytest.mark.parametrize(("source", "printed"), _read_page().items(), ids=list(_read_page()))
def test_prints_as_on_the_page(source: str, printed: dict[str, str]) -> None:
    assert {name: _print(source, name) for name in PRINTERS} == printed


def test_the_page_is_long() -> None:
    assert len(_read_page()) >= 150


if __name__ == "__main__":
    blocks = [
        "\n".join([f">>> {source}", *(f"{name} {_print(source, name)}" for name in PRINTERS)])
        for source in _read_page()
    ]
    _PAGE.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
